// Regions of the categories about boundaries and runs are what the engine does, for random events of every kind; and a random difference of two sets is in a region, or said to be undecided.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ActionEvent } from '../../../protocol/action.ts';
import { recipientsOf } from '../categories/communication-recipients.ts';
import { isInternalName, isLoopback, isPrivate, normalHost } from '../detect/hosts.ts';
import { countIn } from '../detect/windows.ts';
import { freshFacts, freshHost, freshRun, NO_EFFECTS, type CountedBy, type Counted, type Facts } from '../facts.ts';
import { analysedSet } from './policy-set.ts';
import { coverageOf } from './category-regions.ts';
import { within, type Box, type Extent } from './regions.ts';
import { semanticDiff } from './semantic-diff.ts';

type Value = string | number | boolean | undefined;

/** What an action is on a dimension. */
function valueOf(dimension: string, event: ActionEvent, facts: Facts): Value {
  const { run, host } = facts;
  const subject = (per: string): CountedBy => (per === 'fleet' && facts.fleet === undefined ? 'agent' : per as CountedBy);
  if (dimension.startsWith('going on: ')) {
    const [per, of] = dimension.slice('going on: '.length).split(' ');
    return host.running(subject(per!), of as Counted);
  }
  if (dimension.startsWith('began: ')) {
    const [per, of, windowMs, tools] = JSON.parse(dimension.slice('began: '.length)) as [string, Counted, number, string[] | null];
    return countIn(host.starts(subject(per), of, tools ?? undefined), facts.now, windowMs);
  }
  if (dimension.startsWith('open breaker of ')) return facts.breakers[dimension.slice('open breaker of '.length)]?.state === 'open';
  const effects = dimension.startsWith('tree ') ? run.treeEffects : run.effects;
  switch (dimension.replace(/^(?:run|tree) /, '')) {
    case 'messages': return effects.messages;
    case 'files changed': return effects.filesChanged;
    case 'api writes': return effects.apiWrites;
    case 'amount with this message': return event.event === 'message.before' && event.amount ? effects.amount + Math.abs(event.amount) : undefined;
  }
  switch (dimension) {
    case 'agent': return facts.agent;
    case 'fleet': return facts.fleet;
    case 'user': return facts.user;
    case 'seconds since the start': return Math.max(0, (facts.now - run.startedAt) / 1_000);
    case 'failures in a row': return run.retries;
    case 'delegates running': return run.children.live;
    case 'delegates in all': return run.children.total;
    case 'remembered items': return Object.values(host.remembered()).reduce((sum, each) => sum + each, 0);
  }
  return ofEvent(dimension, event, facts);
}

function ofEvent(dimension: string, event: ActionEvent, facts: Facts): Value {
  const values = ((): Record<string, Value> => {
    switch (event.event) {
      case 'http.before': {
        const [host, addresses] = [normalHost(event.host), event.addresses ?? []];
        return {
          host, protocol: event.protocol, port: String(event.port), method: event.method.toUpperCase(), loopback: isLoopback(host) && addresses.every(isLoopback),
          inside: addresses.length > 0 ? addresses.every(isPrivate) : isPrivate(host) || isInternalName(host), 'private address': isPrivate(host) ? host : addresses.find(isPrivate),
        };
      }
      case 'spawn.before': return { delegate: event.agent, 'depth of the delegate': Math.max(event.depth, facts.run.depth + 1), 'share of the budget': event.budgetShare ?? 1, 'in a circle': [facts.agent, ...facts.run.ancestors].includes(event.agent) };
      case 'message.before': return { channel: event.channel.toLowerCase(), recipients: recipientsOf(event.to).length };
      case 'memory.before': return { 'memory operation': event.operation, 'kind of item': event.kind?.toLowerCase(), 'of another session': event.session !== undefined && event.session !== (facts.context['session'] ?? facts.run.root) };
      case 'file.before': return { 'file operation': event.operation, path: event.path, 'path in lower case': event.path.toLowerCase() };
      case 'data.before': return { 'data operation': event.operation, statement: event.statement !== undefined };
      case 'tool.before': return { tool: event.name };
      default: return {};
    }
  })();
  assert.ok(dimension in values, `the test does not know ${dimension} of ${event.event}`);
  return values[dimension];
}

function contains(box: Box, event: ActionEvent, facts: Facts): boolean {
  return Object.entries(box).every(([dimension, extent]: [string, Extent]) => {
    const value = valueOf(dimension, event, facts);
    if ('need' in extent) return within(extent, value as string | undefined);
    if ('holds' in extent) return value === extent.holds;
    if (value === undefined) return extent.none === true;
    return typeof value === 'number' && (extent.lowOpen ? value > extent.low : value >= extent.low) && (extent.highOpen ? value < extent.high : value <= extent.high);
  });
}

const amount = fc.integer({ min: 0, max: 4 });
const small = fc.integer({ min: 1, max: 3 });
const some = (...names: readonly string[]) => fc.subarray([...names], { minLength: 1 });
const per = fc.constantFrom('run', 'tree');
const record = (fields: Record<string, fc.Arbitrary<unknown>>, ...required: string[]): fc.Arbitrary<Record<string, unknown>> => fc.record(fields, { requiredKeys: required });
const hosts = some('api.example.com', '*.example.com', '10.0.0.7', 'localhost', '*');
const RULES: Readonly<Record<string, fc.Arbitrary<Record<string, unknown>>>> = {
  network: record({ allowed_domains: hosts, blocked_domains: hosts, allowed_protocols: some('https', 'http'), allowed_ports: fc.constantFrom([443], [80, 443]), allow_loopback: fc.boolean(), block_external: fc.boolean(), block_private: fc.boolean() }),
  communication: record({ allowed_channels: some('Email', 'slack*'), blocked_channels: some('sms', 's?s', 'email'), max_recipients: small, max_messages_per_execution: small, per }),
  scope: record({ per, max_files_changed: amount, max_transaction_amount: fc.constantFrom(0, 0.000002), max_api_writes: amount, max_messages: amount, allowed_paths: some('/', '/work/a/', '/work/*.md'), allowed_hosts: hosts }),
  'data-access': record({ allowed_data_sources: some('/work/a', '/work/*.md'), blocked_data_sources: some('/WORK/a', '*/.env'), read_only_sources: some('/work', '/tmp/*'), allowed_operations: some('read', 'insert', 'define') }),
  operations: record({ timeout_seconds: small, warn_at_percent: fc.constantFrom(50, 80, 100), max_retries: amount, max_concurrent_runs: small, max_concurrent_actions: small }),
  'rate-limit': record({ max_per_minute: small, max_per_hour: small, max_per_day: small, burst_limit: small, max_concurrent: small, of: fc.constantFrom('actions', 'tool_calls', 'spawns', 'runs'), per: fc.constantFrom('agent', 'fleet', 'tree') }),
  delegation: record({ max_delegation_depth: amount, allowed_delegates: some('writer', 'w*'), blocked_delegates: some('admin', 'wr?ter'), require_approval: fc.boolean(), max_concurrent_delegates: amount, max_delegates: amount, forbid_cycles: fc.boolean(), max_budget_share: fc.constantFrom(0, 0.5, 1) }),
  memory: record({ session_isolation: fc.boolean(), cross_session_memory: fc.boolean(), max_memory_items: amount, forbidden_memory_types: some('Note', 'n*', 'plan'), read_only: fc.boolean() }),
  'kill-switch': record({ enabled: fc.boolean(), min_samples: small }),
  audit: record({ log_inputs: fc.boolean() }),
};
const http = fc.record({ method: fc.constantFrom('GET', 'post', 'DELETE'), protocol: fc.constantFrom('https', 'http', 'ftp'), host: fc.constantFrom('api.example.com', 'API.example.com.', '.example.com', 'example.com', '10.0.0.7', '0x7f.1', 'localhost', 'box', 'rival.net'), port: fc.constantFrom(80, 443, 8080), addresses: fc.constantFrom(undefined, ['10.0.0.7'], ['127.0.0.1'], ['93.184.216.34'], ['93.184.216.34', '10.0.0.9']) });
const EVENTS: fc.Arbitrary<ActionEvent> = fc.oneof(
  http.map(({ addresses, ...call }): ActionEvent => ({ event: 'http.before', url: 'https://x/', ...call, ...(addresses && { addresses }) })),
  fc.record({ channel: fc.constantFrom('email', 'SMS', 'slack-a', ''), to: fc.subarray(['a@x.org', 'A <a@x.org>', 'b@x.org, c@x.org', '#d']), amount: fc.constantFrom(undefined, 0, 1, 2) }).map(({ amount: money, ...rest }): ActionEvent => ({ event: 'message.before', texts: [], ...rest, ...(money !== undefined && { amount: money }) })),
  fc.record({ agent: fc.constantFrom('writer', 'admin', 'walker', 'planner'), depth: small, share: fc.constantFrom(undefined, 0, 0.5, 0.7) }).map(({ share, ...rest }): ActionEvent => ({ event: 'spawn.before', command: ['x'], ...rest, ...(share !== undefined && { budgetShare: share }) })),
  fc.record({ operation: fc.constantFrom('read', 'write', 'delete', 'list'), kind: fc.constantFrom(undefined, 'note', 'NOTE', 'plan', 'x'), session: fc.constantFrom(undefined, 'run', 'other') }).map(({ operation, kind, session }): ActionEvent => ({ event: 'memory.before', operation, texts: [], ...(kind && { kind }), ...(session && { session }) })),
  fc.record({ operation: fc.constantFrom('read', 'create', 'write', 'delete', 'list'), path: fc.constantFrom('/work/a', '/work/A/b', '/work/ab', '/work/x.md', '/tmp/.env', '/') }).map((rest): ActionEvent => ({ event: 'file.before', ...rest })),
  fc.constantFrom('read', 'insert', 'update', 'define').map((operation): ActionEvent => ({ event: 'data.before', source: 'crm', operation })),
  fc.constantFrom('search', 'send').map((name): ActionEvent => ({ event: 'tool.before', name, args: {} })),
  fc.constant<ActionEvent>({ event: 'run.before', command: ['x'] }), fc.constant<ActionEvent>({ event: 'run.after', outcome: 'completed' }),
  fc.constant<ActionEvent>({ event: 'exec.before', command: 'ls', argv: ['ls'], shell: false, cwd: '/' }),
);
const FACTS: fc.Arbitrary<Facts> = fc.record({ a: amount, b: amount, c: amount, depth: amount, ms: fc.constantFrom(0, 800, 1_000, 1_600, 2_001, 3_000), open: fc.constantFrom('open', 'closed', 'half-open'), fleet: fc.constantFrom(undefined, 'f'), agent: fc.constantFrom('planner', 'writer'), ages: fc.array(fc.constantFrom(0, 9_999, 10_000, 60_000, 59_999, 3_599_999, 3_600_000, 86_399_999), { maxLength: 4 }) })
  .map(({ a, b, c, depth, ms, open, fleet, agent, ages }) => {
    const run = freshRun({ depth, retries: a, ancestors: depth > 0 ? ['walker'] : [], children: { live: b, total: c }, effects: { ...NO_EFFECTS, messages: a, filesChanged: b, apiWrites: c, amount: a }, treeEffects: { ...NO_EFFECTS, messages: b, filesChanged: c, apiWrites: a, amount: b } });
    const now = run.startedAt + ms;
    const times = ages.map((age) => now - age).sort((x, y) => x - y);
    const host = freshHost({ running: (by) => (by === 'agent' ? a : b), starts: (by) => (by === 'agent' ? times : times.slice(1)), remembered: () => ({ note: a, plan: b }) });
    return freshFacts({ now, run, host, agent, ...(fleet && { fleet }), breakers: { p: { state: open as 'open', errors: 0, samples: 0 } } });
  });

const setOf = (...policies: readonly object[]) => analysedSet([{ path: 'p.yaml', text: JSON.stringify(policies.length > 0 ? { policies } : { agents: {} }) }]);

describe('a region', () => {
  for (const [category, rules] of Object.entries(RULES)) {
    it(`of ${category} holds exactly what the engine objects to`, () => {
      let objected = 0;
      fc.assert(fc.property(rules, EVENTS, FACTS, fc.constantFrom('block', 'warn', undefined), (given, event, facts, disposition) => {
        const set = setOf({ name: 'p', category, rules: given, ...(disposition && { on_violation: disposition }) });
        const policy = set.policies.get('p');
        if (!policy || (category === 'network' && event.event === 'exec.before')) return;
        const found = coverageOf(category, policy.rules, policy)!.regions.filter((each) => each.event === event.event && contains(each.box, event, facts)).map((each) => each.disposition ?? policy.onViolation);
        const verdict = set.engine.decide(event, facts).disposition;
        const expected = (['block', 'gate', 'throttle', 'warn'] as const).find((each) => found.includes(each)) ?? 'allow';
        if (verdict !== 'allow') objected += 1;
        assert.equal(expected, verdict, JSON.stringify([given, disposition]));
      }), { numRuns: 600 });
      assert.equal(objected > 0, category !== 'audit', 'the events reach the rules');
    });
  }
});

const scopes = fc.constantFrom(undefined, { agents: ['w*'] }, { fleets: ['f'] }, { agents: ['*'], except: { agents: ['writer'] } });
const policies = fc.constantFrom(...Object.keys(RULES)).chain((category) => fc.record({ name: fc.constantFrom('p', 'q'), category: fc.constant(category), rules: RULES[category]!, scope: scopes, mode: fc.constantFrom('enforce', 'enforce', 'shadow', 'off') }));
const sets = fc.oneof(
  fc.uniqueArray(policies, { maxLength: 2, selector: ({ name }) => name }),
  fc.tuple(policies, policies).map(([wide, narrow]) => [{ ...wide, name: 'p', overridable: true }, { ...narrow, name: 'q', category: wide.category, rules: wide.category === narrow.category ? narrow.rules : {}, overrides: 'p', scope: narrow.scope ?? { agents: ['walker', 'pl*'] } }]),
).map((list) => setOf(...list.map(({ scope, ...rest }) => ({ ...rest, ...(scope && { scope }) }))));

describe('a semantic diff of random sets', () => {
  it('leaves no difference unsaid, and every example is one', () => {
    let [decided, differences] = [0, 0];
    fc.assert(fc.property(sets, sets, fc.array(fc.tuple(EVENTS, FACTS), { minLength: 5, maxLength: 15 }), (before, after, moments) => {
      const diff = semanticDiff(before, after);
      for (const { event, facts, before: was, after: is } of [...diff.newlyAllowed, ...diff.newlyRefused, ...diff.otherwise]) {
        assert.notEqual(was.disposition, is.disposition);
        assert.deepEqual([before, after].map((each) => each.engine.decide(event, facts).disposition), [was.disposition, is.disposition]);
      }
      if (diff.undecided.length > 0) return;
      decided += 1;
      for (const [event, facts] of moments) {
        const differs = before.engine.decide(event, facts).disposition !== after.engine.decide(event, facts).disposition;
        if (differs) differences += 1;
        assert.equal(diff.regions.some((each) => each.event === event.event && contains(each.box, event, facts)), differs, JSON.stringify(event));
      }
    }), { numRuns: 600 });
    assert.ok(decided > 0 && differences > 0, `${decided} pairs of sets were decided, with ${differences} differences`);
  });
});
