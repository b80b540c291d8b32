// The facts that a condition may name in each event, and conditions bound to one event.

import { EVENT_NAMES, kindOf, phaseOf, type ActionEvent, type EventName } from '../../../protocol/action.ts';
import { actionName } from '../action-name.ts';
import type { Facts } from '../facts.ts';
import { checkExpression } from './check.ts';
import { HERE, type CelEnvironment, type FactField, type FactFields, type FactType, type Program } from './expression.ts';
import { factsOfKind } from './kind-facts.ts';
import { fieldNamed } from './types.ts';

/** What conditions read from. */
interface Moment {
  event: ActionEvent;
  facts: Facts;
}

const fact = (type: FactType, description: string, read: (moment: Moment) => unknown, optional = false): FactField => ({ type, description, read, ...(optional && { optional }) });
const group = (description: string, fields: FactFields): FactField => ({ type: { fields }, description, read: HERE });

const EVERYWHERE: FactFields = {
  agent: fact('string', 'Agent that acts.', ({ facts }) => facts.agent),
  fleet: fact('string', 'Its fleet; empty when it has none.', ({ facts }) => facts.fleet ?? ''),
  user: fact('string', 'User the run acts for.', ({ facts }) => facts.user),
  workflow: fact('string', 'Its workflow; empty when it has none.', ({ facts }) => facts.workflow ?? ''),
  plane: fact('string', 'Where it was intercepted: `gateway`, `node` or `sdk`; empty when that is not known.', ({ facts }) => facts.plane ?? ''),
  context: fact({ map: 'string' }, 'What the launch says of the run, as in `context.purpose`.', ({ facts }) => facts.context),
  now: fact('timestamp', 'The moment of the decision.', ({ facts }) => facts.now),
  action: group('What is about to happen or has happened.', {
    kind: fact('string', 'Kind of action, as in `tool`.', ({ event }) => kindOf(event.event)),
    phase: fact('string', '`pre`, `mid` or `post`.', ({ event }) => phaseOf(event)),
    event: fact('string', 'Name of the event, as in `tool.before`.', ({ event }) => event.event),
    name: fact('string', 'Tool, model, host, program, agent, store, source, path or channel; empty when it has none.', ({ event }) => actionName(event)),
  }),
};

const RUN: FactFields = {
  id: fact('string', 'Id of the run.', ({ facts }) => facts.run.id),
  depth: fact('int', 'How many runs are above it: 0 for a root run.', ({ facts }) => facts.run.depth),
  steps: fact('int', 'Actions proposed so far.', ({ facts }) => facts.run.steps),
  tool_calls: fact('int', 'Tool calls so far.', ({ facts }) => facts.run.toolCalls),
  llm_calls: fact('int', 'LLM calls so far.', ({ facts }) => facts.run.llmCalls),
  tokens: fact('int', 'Tokens used by its own LLM calls.', ({ facts }) => facts.run.tokens),
  cost: fact('double', 'Spent by the run, in US dollars.', ({ facts }) => facts.run.cost / 1e6),
  tree_cost: fact('double', 'Spent by its whole tree, in US dollars.', ({ facts }) => facts.run.treeCost / 1e6),
  retries: fact('int', 'Failed tool and LLM calls in a row.', ({ facts }) => facts.run.retries),
  taint: fact({ list: 'string' }, 'Where text in its context came from that nobody vouches for.', ({ facts }) => facts.run.taint),
  children: fact('int', 'Runs that it spawned and that go on.', ({ facts }) => facts.run.children.live),
  messages: fact('int', 'Messages that it sent.', ({ facts }) => facts.run.effects.messages),
  files_changed: fact('int', 'Different files that it created, wrote or deleted.', ({ facts }) => facts.run.effects.filesChanged),
  api_writes: fact('int', 'Requests that it sent to change something.', ({ facts }) => facts.run.effects.apiWrites),
  age: fact('duration', 'Time since it started.', ({ facts }) => facts.now - facts.run.startedAt),
};

const ENDED: FactFields = {
  outcome: fact('string', '`completed`, `failed`, `blocked` or `killed`.', ({ event }) => (event.event === 'run.after' ? event.outcome : undefined)),
  exit_code: fact('int', 'Exit code of the process.', ({ event }) => (event.event === 'run.after' ? event.exitCode : undefined), true),
  error: fact('string', 'What went wrong.', ({ event }) => (event.event === 'run.after' ? event.error : undefined), true),
};

const ENVIRONMENTS = new Map(EVENT_NAMES.map((event) => [event, { variables: variablesOf(event), elsewhere }] as const));

/** Typed facts of one event. */
export function environmentOf(event: EventName): CelEnvironment {
  return ENVIRONMENTS.get(event)!;
}

function variablesOf(event: EventName): FactFields {
  const kind = kindOf(event);
  const run = group('The run that acts.', event === 'run.after' ? { ...RUN, ...ENDED } : RUN);
  if (kind === 'run') return { ...EVERYWHERE, run };
  const phase = event.endsWith('.before') ? 'before' : 'after';
  const fields = Object.entries(factsOfKind(kind)).filter(([, each]) => each.phase === undefined || each.phase === phase).map(([name, { field }]) => [name, field] as const);
  return { ...EVERYWHERE, run, [kind]: group(`The ${kind} action itself.`, Object.fromEntries(fields)) };
}

function elsewhere(path: string): string | undefined {
  const events = EVENT_NAMES.filter((event) => exists(path, ENVIRONMENTS.get(event)!.variables));
  return events.length === 0 ? undefined : `It exists in ${events.join(', ')}.`;
}

function exists(path: string, variables: FactFields): boolean {
  let fields: FactFields | undefined = variables;
  for (const name of path.split('.')) {
    const field: FactField | undefined = fields && fieldNamed(fields, name);
    if (!field) return false;
    fields = typeof field.type === 'object' && 'fields' in field.type ? field.type.fields : undefined;
  }
  return true;
}

/** A condition of one event. It throws an EvaluationError when it has no value for these facts, and reads no fact that it does not name. */
export type Condition = (event: ActionEvent, facts: Facts) => boolean;

/** Throws when the source is not a condition in that event: check it with `checkExpression` first. */
export function bindCondition(source: string, eventName: EventName): Condition {
  const { program, issues } = checkExpression(source, environmentOf(eventName), 'bool');
  if (!program) throw new Error(`\`${source}\` is not a condition in ${eventName}: ${issues[0]?.message ?? 'it cannot be compiled'}`);
  return conditionOf(program);
}

/** For a program that was checked as `bool` in the environment of the event. Nothing is allocated for a decision. */
export function conditionOf(program: Program): Condition {
  const moment: { -readonly [K in keyof Moment]: Moment[K] | undefined } = { event: undefined, facts: undefined };
  return (event, facts) => {
    moment.event = event;
    moment.facts = facts;
    try {
      return program.run(moment) as boolean;
    } finally {
      moment.event = moment.facts = undefined;
    }
  };
}

/** Events in which an expression can be checked at all: those of the kinds that it names. For a condition of a policy that watches several events. */
export function eventsKnowing(references: readonly string[]): readonly EventName[] {
  return EVENT_NAMES.filter((event) => references.every((path) => exists(path, ENVIRONMENTS.get(event)!.variables)));
}
