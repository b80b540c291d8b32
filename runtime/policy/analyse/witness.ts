// A concrete action inside a box: what an example is made of, so that an engine can be asked whether the box is right.

import type { ActionEvent, EventName, Risk } from '../../../protocol/action.ts';
import { freshFacts, freshRun, type Facts, type Spend } from '../facts.ts';
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

  number(dimension: string, usual: number): number {
    const range = this.#box[dimension] as RangeExtent | undefined;
    const found = range ? numberWithin(range, usual) : usual;
    if (found === undefined) throw new NothingFound(dimension);
    return found;
  }

  bounded(dimension: string): boolean {
    return this.#box[dimension] !== undefined;
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
    case 'http.before': return { event, method: 'GET', url: 'https://api.example.com/', protocol: 'https', host: 'api.example.com', port: 443 };
    case 'spawn.before': return { event, agent: 'child', command: ['child'], depth: 1 };
    case 'run.before': return { event, command: ['agent'] };
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

function llmIn(pick: Pick): ActionEvent<'llm.before'> {
  return {
    event: 'llm.before', wire: 'openai-chat', stream: false, tools: [], texts: [], maxOutputTokens: 0, estimatedCost: 0,
    provider: pick.name('provider', 'api.openai.com'), model: pick.name('model', 'gpt-4o'), hasSystemPrompt: pick.holds('system prompt', true),
    inputTokens: whole(pick.number('tokens', 0)), ...(pick.bounded('temperature') && { temperature: pick.number('temperature', 0.5) }),
  };
}

const whole = (amount: number): number => {
  if (!Number.isInteger(amount)) throw new NothingFound('a whole number');
  return amount;
};

function factsIn(event: EventName, pick: Pick): Facts {
  const called = event === 'llm.before' ? whole(pick.number('tokens', 0)) : 0;
  const spend = (whose: 'run' | 'tree'): Spend => ({ cost: tally(pick, `${whose} cost`, 0), tokens: tally(pick, `${whose} tokens`, called) });
  const base = freshFacts();
  return freshFacts({
    agent: pick.name('agent', 'agent'), user: pick.name('user', 'user'),
    ...optional('fleet', pick.optionalName('fleet')), ...optional('workflow', pick.optionalName('workflow')), ...optional('plane', pick.optionalName('plane')),
    run: freshRun({
      steps: whole(pick.number('steps', 0)), toolCalls: whole(pick.number('tool calls', 0)), retries: whole(pick.number('failures in a row', 0)),
      tokens: atLeastNothing(whole(pick.number('run tokens', called)) - called),
    }),
    spend: { ...base.spend, run: spend('run'), tree: spend('tree') },
  });
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
