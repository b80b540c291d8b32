// A concrete action inside a box: what an example is made of, so that an engine can be asked whether the box is right.

import { DATA_OPERATIONS, type ActionEvent, type EventName, type Risk } from '../../../protocol/action.ts';
import { isInternalName, isLoopback, isPrivate, normalHost } from '../detect/hosts.ts';
import { freshFacts, freshRun, NO_EFFECTS, type Effects, type Facts, type Spend } from '../facts.ts';
import { hostIn } from './witness-host.ts';
import { namesWithin, numberWithin, within, type Box, type NameExtent, type RangeExtent } from './regions.ts';

export interface Witness {
  readonly event: ActionEvent;
  readonly facts: Facts;
}

/** Undefined when none was found in the box: that does not mean that there is none. Atoms, such as conditions, are left to whoever asks the engine. */
export function witnessIn(event: EventName, box: Box): Witness | undefined {
  try {
    const pick = new Pick(box);
    return { event: eventIn(event, pick), facts: factsIn(event, pick) };
  } catch (error) {
    if (error instanceof NothingFound) return undefined;
    throw error;
  }
}

class NothingFound extends Error {}

class Pick {
  readonly #box: Box;

  constructor(box: Box) {
    this.#box = box;
  }

  /** A name of the dimension; the first of `usual` when it may be. */
  name(dimension: string, ...usual: readonly string[]): string {
    const found = this.names(dimension, ...usual)[0];
    if (found === undefined) throw new NothingFound(dimension);
    return found;
  }

  names(dimension: string, ...usual: readonly string[]): readonly string[] {
    return namesWithin(this.extent(dimension), [...usual, 'something', 'x1']);
  }

  /** Undefined where no name is a choice. */
  optionalName(dimension: string): string | undefined {
    return this.extent(dimension).need.length === 0 ? undefined : this.name(dimension);
  }

  extent(dimension: string): NameExtent {
    return (this.#box[dimension] as NameExtent | undefined) ?? { need: [], avoid: [] };
  }

  /** Undefined where no number is within. */
  optionalNumber(dimension: string, usual: number): number | undefined {
    const range = this.#box[dimension] as RangeExtent | undefined;
    if (!range) return undefined;
    return range.none ? numberWithin(range, usual) : this.number(dimension, usual);
  }

  /** What is counted, by the beginning of its name: each range by what follows. */
  ranges(prefix: string): readonly (readonly [string, RangeExtent])[] {
    return Object.entries(this.#box).flatMap(([name, extent]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), extent as RangeExtent] as const] : []));
  }

  number(dimension: string, usual: number): number {
    const range = this.#box[dimension] as RangeExtent | undefined;
    const found = range ? numberWithin(range, usual) : usual;
    if (found === undefined) throw new NothingFound(dimension);
    return found;
  }

  bounded(dimension: string): boolean {
    return this.#box[dimension] !== undefined;
  }

  atoms(prefix: string): readonly (readonly [string, { readonly holds: boolean }])[] {
    return Object.entries(this.#box).flatMap(([name, extent]) => (name.startsWith(prefix) && 'holds' in extent ? [[name.slice(prefix.length), extent] as const] : []));
  }

  holds(dimension: string, usual: boolean): boolean {
    const atom = this.#box[dimension];
    return atom && 'holds' in atom ? atom.holds : usual;
  }
}

function eventIn(event: EventName, pick: Pick): ActionEvent {
  switch (event) {
    case 'tool.before': return { event, args: {}, ...toolIn(pick), ...riskIn(pick) };
    case 'llm.before': return llmIn(pick);
    case 'exec.before': return { event, command: 'program', argv: ['program'], shell: false, cwd: '/work' };
    case 'http.before': return httpIn(pick);
    case 'spawn.before': return spawnIn(pick);
    case 'run.before': return { event, command: ['agent'] };
    case 'run.after': return { event, outcome: 'completed' };
    case 'message.before': return messageIn(pick);
    case 'memory.before': return memoryIn(pick);
    case 'file.before': return { event, operation: pick.name('file operation', 'write') as 'write', path: pathIn(pick) };
    case 'data.before': return { event, source: 'source', operation: pick.name('data operation', ...DATA_OPERATIONS) as 'read' };
    case 'retrieval.before': return { event, store: 'store' };
    case 'signal.before': return { event, name: 'signal', source: 'manual', payload: {} };
    default: throw new NothingFound(event);
  }
}

/** A tool whose two names are both within. */
function toolIn(pick: Pick): { readonly name: string; readonly server?: string } {
  const qualified = pick.extent('server/tool');
  const name = pick.names('tool', 'search').find((each) => within(qualified, each));
  if (name !== undefined) return { name };
  for (const full of pick.names('server/tool')) {
    const at = full.indexOf('/');
    if (at > 0 && within(pick.extent('tool'), full.slice(at + 1))) return { server: full.slice(0, at), name: full.slice(at + 1) };
  }
  for (const each of pick.names('tool', 'search')) if (within(qualified, `server/${each}`)) return { server: 'server', name: each };
  throw new NothingFound('tool');
}

function riskIn(pick: Pick): { readonly risk?: Risk } {
  const risk = pick.optionalName('risk');
  return risk === undefined ? {} : { risk: risk as Risk };
}

/** A host that is where it should be: on this machine, inside, or out in the world. */
function httpIn(pick: Pick): ActionEvent<'http.before'> {
  const protocol = pick.name('protocol', 'https', 'http');
  const port = Number(pick.name('port', '443', '8443', '8080'));
  const hidden = pick.extent('private address');
  const host = pick.names('host', 'api.example.com', '10.1.2.3', 'localhost', '127.0.0.1', 'service.internal').find((each) => {
    const address = isPrivate(each) ? each : undefined;
    return each === normalHost(each) && within(hidden, address) && pick.holds('loopback', isLoopback(each)) === isLoopback(each) && pick.holds('inside', isPrivate(each) || isInternalName(each)) === (isPrivate(each) || isInternalName(each));
  });
  if (host === undefined || !Number.isInteger(port)) throw new NothingFound('host');
  return { event: 'http.before', method: pick.name('method', 'GET', 'POST'), url: `${protocol}://${host}:${port}/`, protocol, host, port };
}

function spawnIn(pick: Pick): ActionEvent<'spawn.before'> {
  const circle = pick.holds('in a circle', false);
  const own = pick.name('agent', 'agent');
  const agent = circle ? own : pick.names('delegate', 'child').find((each) => each !== own);
  if (agent === undefined || !within(pick.extent('delegate'), agent)) throw new NothingFound('delegate');
  const share = pick.bounded('share of the budget') ? pick.number('share of the budget', 1) : 1;
  return { event: 'spawn.before', agent, command: [agent], depth: whole(pick.number('depth of the delegate', 1)), ...(share !== 1 && { budgetShare: share }) };
}

function messageIn(pick: Pick): ActionEvent<'message.before'> {
  const to = Array.from({ length: whole(pick.number('recipients', 1)) }, (_, index) => `person-${index + 1}@example.com`);
  const amounts = (['run', 'tree'] as const).flatMap((per) => pick.optionalNumber(`${per} amount with this message`, 0) ?? []);
  const amount = Math.max(0, ...amounts.map(whole));
  return { event: 'message.before', channel: pick.name('channel', 'email'), to, texts: [], ...(amount > 0 && { amount }) };
}

function memoryIn(pick: Pick): ActionEvent<'memory.before'> {
  const kind = pick.optionalName('kind of item');
  return { event: 'memory.before', operation: pick.name('memory operation', 'write', 'read') as 'write', key: 'key', texts: [], ...(kind !== undefined && { kind }), ...(pick.holds('of another session', false) && { session: 'of another run' }) };
}

function pathIn(pick: Pick): string {
  const lower = pick.extent('path in lower case');
  const path = [...pick.names('path', '/work/file'), ...pick.names('path in lower case')].find((each) => within(pick.extent('path'), each) && within(lower, each.toLowerCase()));
  if (path === undefined) throw new NothingFound('path');
  return path;
}

function llmIn(pick: Pick): ActionEvent<'llm.before'> {
  return {
    event: 'llm.before', wire: 'openai-chat', stream: false, tools: [], texts: [], maxOutputTokens: 0, estimatedCost: 0,
    provider: pick.name('provider', 'api.openai.com'), model: pick.name('model', 'gpt-4o'), hasSystemPrompt: pick.holds('system prompt', true),
    inputTokens: whole(pick.number('tokens', 0)), ...temperatureIn(pick),
  };
}

function temperatureIn(pick: Pick): { readonly temperature?: number } {
  const temperature = pick.optionalNumber('temperature', 0.5);
  return temperature === undefined ? {} : { temperature };
}

const whole = (amount: number): number => {
  if (!Number.isInteger(amount)) throw new NothingFound('a whole number');
  return amount;
};

function factsIn(event: EventName, pick: Pick): Facts {
  const called = event === 'llm.before' ? whole(pick.number('tokens', 0)) : 0;
  const spend = (whose: 'run' | 'tree'): Spend => ({ cost: tally(pick, `${whose} cost`, 0), tokens: tally(pick, `${whose} tokens`, called) });
  const base = freshFacts();
  const open = pick.atoms('open breaker of ').map(([name, { holds: open }]) => [name, { state: open ? 'open' : 'closed', errors: 0, samples: 0 }] as const);
  return freshFacts({
    now: base.run.startedAt + Math.round(pick.number('seconds since the start', 0) * 1_000), breakers: Object.fromEntries(open),
    host: hostIn(base.run.startedAt + Math.round(pick.number('seconds since the start', 0) * 1_000), pick.ranges('going on: '), pick.ranges('began: '), whole(pick.number('remembered items', 0))),
    agent: pick.name('agent', 'agent'), user: pick.name('user', 'user'),
    ...optional('fleet', pick.optionalName('fleet')), ...optional('workflow', pick.optionalName('workflow')), ...optional('plane', pick.optionalName('plane')),
    run: freshRun({
      steps: whole(pick.number('steps', 0)), toolCalls: whole(pick.number('tool calls', 0)), retries: whole(pick.number('failures in a row', 0)),
      tokens: atLeastNothing(whole(pick.number('run tokens', called)) - called),
      children: { live: whole(pick.number('delegates running', 0)), total: whole(pick.number('delegates in all', 0)) },
      effects: effectsIn(pick, 'run'), treeEffects: effectsIn(pick, 'tree'),
    }),
    spend: { ...base.spend, run: spend('run'), tree: spend('tree') },
  });
}

function effectsIn(pick: Pick, per: 'run' | 'tree'): Effects {
  const count = (what: string): number => whole(pick.number(`${per} ${what}`, 0));
  return { ...NO_EFFECTS, filesChanged: count('files changed'), apiWrites: count('api writes'), messages: count('messages') };
}

/** What was spent so that both the sum before the call and the sum with it are as they should be. */
function tally(pick: Pick, what: string, called: number): { readonly spent: number; readonly reserved: number } {
  const total = pick.bounded(`${what} with this call`) ? whole(pick.number(`${what} with this call`, called)) - called : undefined;
  return { spent: atLeastNothing(total ?? whole(pick.number(`${what} so far`, 0))), reserved: 0 };
}

function atLeastNothing(amount: number): number {
  if (amount < 0) throw new NothingFound('an amount');
  return amount;
}

const optional = (key: string, value: string | undefined): Readonly<Record<string, string>> => (value === undefined ? {} : { [key]: value });
