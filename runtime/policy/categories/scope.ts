// The `scope` category: how much a run, or its whole spawn tree, may change in the world.

import { z } from 'zod';
import type { ActionEvent } from '../../../protocol/action.ts';
import { formatUsd, microUsd } from '../../../protocol/money.ts';
import { defineCategory, type Checks, type Violation } from '../category.ts';
import { isWrite, reachOf } from '../detect/data-call.ts';
import { hostMatcher, isHostPattern, normalHost } from '../detect/hosts.ts';
import { canonicalArgs } from '../detect/loops.ts';
import { pathMatcher } from '../detect/places.ts';
import { plainSql } from '../detect/sql-text.ts';
import { NO_EFFECTS, freshRun, type Effects, type Facts } from '../facts.ts';
import { sha256 } from '../sha256.ts';

const count = (text: string, example: number) => z.int().min(0).optional().describe(text).meta({ unit: 'count', examples: [example] });

const rules = z.strictObject({
  per: z.enum(['run', 'tree']).default('run').describe('Whose changes the limits count: those of one run, or of the whole spawn tree that it belongs to.').meta({ examples: ['tree'] }),
  max_records_modified: count('Records that may be inserted or changed. How many a statement changes is known only when it is over: beforehand it counts as one, and one without a WHERE, or that cannot be read, is refused. What it really changed then counts for the next.', 100),
  max_records_deleted: count('Records that may be deleted, counted the same way. 0 refuses every deletion. DROP and TRUNCATE delete an unknown number.', 0),
  max_files_changed: count('Files that may be created, written or deleted. Once as many have been, no file is changed any more, those included.', 10),
  max_transaction_amount: z.number().min(0).max(1e9).optional().describe('Money that messages may move or promise, all together.').meta({ unit: 'USD', examples: [1000] }),
  max_api_writes: count('Requests with POST, PUT, PATCH or DELETE. Calls of models are not meant.', 50),
  max_messages: count('Messages that may be sent, whatever the number of their recipients.', 20),
  allowed_paths: z.array(z.string().min(1)).min(1).optional().describe('Where files may be changed: directories, with all below them, or globs. Reading is not bounded by it.').meta({ examples: [['/work/site', '/tmp/*']] }),
  allowed_hosts: z.array(z.string().refine(isHostPattern, { error: 'is no host: write a name such as api.example.com, *.example.com for every name below it, an address, or *' })).min(1).optional().describe('Hosts that may be changed something at by POST, PUT, PATCH or DELETE: names, `*.` for every name below one, addresses. Reading is not bounded by it.').meta({ examples: [['api.example.com']] }),
  require_rollback_capability: z.boolean().default(false).describe('Change data and files only when it can be taken back: the launch names a snapshot or a branch under `rollback` in its context, or the statement opens a transaction and leaves the COMMIT to a second step.').meta({ examples: [true] }),
  dry_run_first: z.boolean().default(false).describe('A tool that offers a dry run (an argument such as `dry_run`, in its schema or in the call) is called that way first, with otherwise the same arguments, not more than 64 calls ago. Tools that only read are not meant.').meta({ examples: [true] }),
});
type Rules = z.output<typeof rules>;
type Effect = keyof Effects;
type Judge<E extends ActionEvent> = (event: E, facts: Facts) => Violation | undefined;

export const scope = defineCategory({
  id: 'scope',
  title: 'Scope',
  group: 'Data and security boundaries',
  why: 'A mistake is as bad as what it can reach. These rules bound the blast radius of a task: how many records, files, requests, messages and dollars one run may change, or a whole tree of runs together, and where. They count what crossed the boundary, not what the agent reports, and stop the change that would go over.',
  rules,
  dispositions: ['warn', 'gate', 'block'],
  onViolation: 'block',
  checks(rules): Checks {
    const { max_records_modified: modified, max_records_deleted: deleted, max_files_changed: files, max_api_writes: writes, max_messages: messages, max_transaction_amount: amount } = rules;
    const records = modified !== undefined || deleted !== undefined;
    return {
      ...((records || rules.require_rollback_capability) && { 'data.before': dataCheck(rules) }),
      ...(records && { 'data.after': countCheck(rules) }),
      ...((files !== undefined || rules.allowed_paths || rules.require_rollback_capability) && { 'file.before': fileCheck(rules) }),
      ...((writes !== undefined || rules.allowed_hosts) && { 'http.before': requestCheck(rules) }),
      ...((messages !== undefined || amount !== undefined) && { 'message.before': messageCheck(rules) }),
      ...(rules.dry_run_first && { 'tool.before': rehearsed }),
    };
  },
  examples: [
    { title: 'The record after the last one', rules: 'max_records_modified: 100', event: sql('update leads set a = 1 where id = 7'), facts: run({ recordsModified: 100 }), expect: 'block', field: 'max_records_modified' },
    { title: 'A change that fits', rules: 'max_records_modified: 100', event: sql('update leads set a = 1 where id = 7'), facts: run({ recordsModified: 99 }), expect: 'allow' },
    { title: 'A change of every record', rules: 'max_records_modified: 100', event: sql('update leads set a = 1'), expect: 'block', field: 'max_records_modified' },
    { title: 'It turns out to have changed too many', rules: 'max_records_modified: 100', event: { ...sql('update leads set a = 1 where id > 7'), event: 'data.after', count: 500 }, expect: 'block', field: 'max_records_modified' },
    { title: 'Any deletion', rules: 'max_records_deleted: 0', event: sql('delete from leads where id = 7'), expect: 'block', field: 'max_records_deleted' },
    { title: 'An insert is none', rules: 'max_records_deleted: 0', event: sql('insert into leads (id) values (7)'), expect: 'allow' },
    { title: 'The eleventh file', rules: 'max_files_changed: 10', event: file('write', '/work/a'), facts: run({ filesChanged: 10 }), expect: 'block', field: 'max_files_changed' },
    { title: 'Reading changes nothing', rules: 'max_files_changed: 10', event: file('read', '/work/a'), facts: run({ filesChanged: 10 }), expect: 'allow' },
    { title: 'A refund that goes over', rules: 'max_transaction_amount: 1000', event: message(300), facts: run({ amount: 800_000_000 }), expect: 'block', field: 'max_transaction_amount' },
    { title: 'A refund that does not', rules: 'max_transaction_amount: 1000', event: message(200), facts: run({ amount: 800_000_000 }), expect: 'allow' },
    { title: 'One request too many', rules: 'max_api_writes: 50', event: request('POST'), facts: run({ apiWrites: 50 }), expect: 'block', field: 'max_api_writes' },
    { title: 'A request that only reads', rules: 'max_api_writes: 50', event: request('GET'), facts: run({ apiWrites: 50 }), expect: 'allow' },
    { title: 'One message too many', rules: 'max_messages: 20', event: message(), facts: run({ messages: 20 }), expect: 'block', field: 'max_messages' },
    { title: 'The last message', rules: 'max_messages: 20', event: message(), facts: run({ messages: 19 }), expect: 'allow' },
    { title: 'All runs of the tree together', rules: '{ per: tree, max_messages: 20 }', event: message(), facts: { run: freshRun({ treeEffects: { ...NO_EFFECTS, messages: 20 } }) }, expect: 'block', field: 'max_messages' },
    { title: 'What the rest of the tree did does not count for a run', rules: '{ per: run, max_messages: 20 }', event: message(), facts: { run: freshRun({ treeEffects: { ...NO_EFFECTS, messages: 20 } }) }, expect: 'allow' },
    { title: 'A change outside the task', rules: 'allowed_paths: [/work/site]', event: file('delete', '/work/infra/main.tf'), expect: 'block', field: 'allowed_paths' },
    { title: 'A change within it', rules: 'allowed_paths: [/work/site]', event: file('write', '/work/site/index.html'), expect: 'allow' },
    { title: 'A change at another host', rules: 'allowed_hosts: [api.example.com]', event: request('DELETE', 'prod.example.com'), expect: 'block', field: 'allowed_hosts' },
    { title: 'A read from it', rules: 'allowed_hosts: [api.example.com]', event: request('GET', 'prod.example.com'), expect: 'allow' },
    { title: 'A change that commits itself', rules: 'require_rollback_capability: true', event: sql('update leads set a = 1 where id = 7'), expect: 'block', field: 'require_rollback_capability' },
    { title: 'A change in a transaction that is still open', rules: 'require_rollback_capability: true', event: sql('begin; update leads set a = 1 where id = 7'), expect: 'allow' },
    { title: 'A deployment that was never rehearsed', rules: 'dry_run_first: true', event: deploy({ target: 'eu' }), expect: 'block', field: 'dry_run_first' },
    { title: 'Its rehearsal', rules: 'dry_run_first: true', event: deploy({ target: 'eu', dry_run: true }), expect: 'allow' },
    { title: 'A deployment that was rehearsed', rules: 'dry_run_first: true', event: deploy({ target: 'eu' }), facts: { history: [{ kind: 'tool', name: 'deploy', hash: sha256(canonicalArgs({ target: 'eu', dry_run: true })), at: 0 }] }, expect: 'allow' },
  ],
});

function dataCheck(rules: Rules): Judge<ActionEvent<'data.before'>> {
  return (event, facts) => {
    const reach = reachOf(event);
    if (!isWrite(reach)) return undefined;
    const { operations, unfiltered, unread } = reach;
    const unknown = unread !== undefined ? `nobody can tell how many, because ${unread}` : unfiltered ? 'it has no WHERE, and would reach every one' : undefined;
    const drops = operations.includes('define') && (event.statement === undefined || /\b(?:drop|truncate)\b/i.test(event.statement)) ? 'it empties or drops a table' : undefined;
    const modifies = operations.some((each) => each === 'insert' || each === 'update' || each === 'call');
    const deletes = drops !== undefined || operations.some((each) => each === 'delete' || each === 'call');
    return (modifies ? over(rules, facts, 'max_records_modified', 1, unknown) : undefined)
      ?? (deletes ? over(rules, facts, 'max_records_deleted', 1, drops ?? unknown) : undefined)
      ?? (rules.require_rollback_capability && !recoverable(facts) && !leavesOpen(event.statement) ? final('The statement') : undefined);
  };
}

/** The total may hold this statement's records already or not yet; they count once. */
function countCheck(rules: Rules): Judge<ActionEvent<'data.after'>> {
  return (event, facts) => {
    const { count } = event;
    if (count === undefined) return undefined;
    const { operations } = reachOf(event);
    const totals = totalsOf(rules, facts);
    const deleted = operations.includes('delete') && !operations.includes('update');
    const field = deleted ? 'max_records_deleted' : 'max_records_modified';
    const limit = rules[field];
    const value = Math.max(count, deleted ? totals.recordsDeleted : totals.recordsModified);
    if (limit === undefined || value <= limit || !operations.some((each) => each !== 'read' && each !== 'define')) return undefined;
    const done = deleted ? 'deleted' : 'changed';
    return { field, limit, fact: `records ${done}`, value, message: `This statement ${done} ${count} records, ${value} in all; ${limit} were allowed. It has happened: change nothing more, and tell a person what was ${done}.`, remedy: 'Say in the WHERE which few records are meant.' };
  };
}

function fileCheck(rules: Rules): Judge<ActionEvent<'file.before'>> {
  const { allowed_paths: allowed } = rules;
  const inside = allowed && pathMatcher(allowed);
  return ({ operation, path }, facts) => {
    if (operation === 'read' || operation === 'list') return undefined;
    if (inside && inside(path) === undefined) return { field: 'allowed_paths', limit: allowed, fact: 'path', value: path, message: `The file ${path} is outside what this task may change: ${allowed.join(', ')}. Work there, or say what else would have to change.`, remedy: `Change files under ${allowed.join(', ')}.` };
    return over(rules, facts, 'max_files_changed', 1) ?? (rules.require_rollback_capability && !recoverable(facts) ? final(`The change of ${path}`) : undefined);
  };
}

const CHANGING = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

function requestCheck(rules: Rules): Judge<ActionEvent<'http.before'>> {
  const { allowed_hosts: allowed } = rules;
  const listed = allowed && hostMatcher(allowed);
  return ({ method, host }, facts) => {
    if (!CHANGING.has(method.toUpperCase())) return undefined;
    if (listed && listed(normalHost(host)) === undefined) return { field: 'allowed_hosts', limit: allowed, fact: 'host', value: host, message: `${method} at ${host} is outside what this task may change: ${allowed.join(', ')}. Read there at most, or say what would have to change.`, remedy: `Change things only at ${allowed.join(', ')}.` };
    return over(rules, facts, 'max_api_writes', 1);
  };
}

function messageCheck(rules: Rules): Judge<ActionEvent<'message.before'>> {
  return ({ amount }, facts) => over(rules, facts, 'max_messages', 1) ?? (amount === undefined || amount === 0 ? undefined : over(rules, facts, 'max_transaction_amount', Math.abs(amount)));
}

const LIMITS = {
  max_records_modified: { effect: 'recordsModified', what: 'records changed' },
  max_records_deleted: { effect: 'recordsDeleted', what: 'records deleted' },
  max_files_changed: { effect: 'filesChanged', what: 'files changed' },
  max_api_writes: { effect: 'apiWrites', what: 'changing requests sent' },
  max_messages: { effect: 'messages', what: 'messages sent' },
  max_transaction_amount: { effect: 'amount', what: 'moved' },
} as const satisfies Partial<Record<keyof Rules, { readonly effect: Effect; readonly what: string }>>;

/** The violation when `size` more would go over the limit, or when nobody knows how much more it would be. */
function over(rules: Rules, facts: Facts, field: keyof typeof LIMITS, size: number, unknown?: string): Violation | undefined {
  const limit = rules[field];
  if (limit === undefined) return undefined;
  const { effect, what } = LIMITS[field];
  const money = effect === 'amount';
  const before = totalsOf(rules, facts)[effect];
  const value = before + size;
  if (unknown === undefined && value <= (money ? microUsd(limit) : limit)) return undefined;
  const shown = money ? formatUsd : String;
  const whose = rules.per === 'tree' ? 'this tree of runs' : 'this run';
  const fact = `${what} by ${whose}`;
  const most = money ? formatUsd(microUsd(limit)) : String(limit);
  if (unknown !== undefined) return { field, limit, fact, value: 'unknown', message: `At most ${limit} may be ${what} by ${whose}, and ${unknown}. Say in a WHERE which records are meant.`, remedy: 'Write a plain statement with a WHERE.' };
  return { field, limit, fact, value: money ? value / 1e6 : value, message: `With this, ${shown(value)} would be ${what} by ${whose}; ${most} may be. Stop here, and say what is left to do.`, remedy: 'Do the rest in a task of its own, or raise the limit.' };
}

function totalsOf(rules: Rules, facts: Facts): Effects {
  return rules.per === 'tree' ? facts.run.treeEffects : facts.run.effects;
}

/** The launch says so, and not the agent. */
function recoverable(facts: Facts): boolean {
  return !/^(?:|none|no|false|0)$/i.test(facts.context['rollback']?.trim() ?? '');
}

/** True when the text begins a transaction and does not end it. */
function leavesOpen(statement: string | undefined): boolean {
  const plain = statement === undefined ? undefined : plainSql(statement);
  return plain !== undefined && 'text' in plain && /^\s*(?:begin|start\s+transaction)\b/i.test(plain.text) && !/;\s*(?:commit|end|rollback|abort)\b/i.test(plain.text);
}

function final(what: string): Violation {
  return { field: 'require_rollback_capability', limit: true, fact: 'rollback', value: 'none', message: `${what} could not be taken back. Put a BEGIN in front and leave the COMMIT to a second step, or ask for a run that starts from a snapshot.`, remedy: 'Open a transaction, or name a snapshot under `rollback` in the context of the launch.' };
}

const DRY_RUN = /^(?:dry[_-]?run|simulate|preview[_-]?only|what[_-]?if)$/i;

/** A call whose rehearsal, the same but for that argument, is in the history of the run. */
function rehearsed(event: ActionEvent<'tool.before'>, facts: Facts): Violation | undefined {
  if (event.class === 'read') return undefined;
  const offered = [...Object.keys(event.args), ...Object.keys((event.schema?.['properties'] as object | undefined) ?? {})].filter((key) => DRY_RUN.test(key));
  const argument = offered[0];
  if (argument === undefined || offered.some((key) => event.args[key] === true)) return undefined;
  const hash = sha256(canonicalArgs({ ...event.args, [argument]: true }));
  if (facts.history.some((mark) => mark.kind === 'tool' && mark.name === event.name && mark.hash === hash)) return undefined;
  return { field: 'dry_run_first', limit: true, fact: 'rehearsals', value: 0, message: `${event.name} changes things and was not rehearsed with these arguments. Call it with \`${argument}: true\` first, and look at what it would do.`, remedy: `Call it with \`${argument}: true\` first.` };
}

function run(effects: Partial<Effects>): Partial<Facts> {
  return { run: freshRun({ effects: { ...NO_EFFECTS, ...effects } }) };
}

function sql(statement: string): ActionEvent<'data.before'> {
  return { event: 'data.before', source: 'crm', operation: 'read', statement };
}

function file(operation: 'read' | 'write' | 'delete', path: string): ActionEvent<'file.before'> {
  return { event: 'file.before', operation, path };
}

function request(method: string, host = 'api.example.com'): ActionEvent<'http.before'> {
  return { event: 'http.before', method, url: `https://${host}/v1`, protocol: 'https', host, port: 443 };
}

function message(dollars?: number): ActionEvent<'message.before'> {
  return { event: 'message.before', channel: 'email', to: ['ann@example.com'], texts: [], ...(dollars !== undefined && { amount: microUsd(dollars) }) };
}

function deploy(args: Readonly<Record<string, unknown>>): ActionEvent<'tool.before'> {
  return { event: 'tool.before', name: 'deploy', args, schema: { type: 'object', properties: { target: { type: 'string' }, dry_run: { type: 'boolean' } } } };
}
