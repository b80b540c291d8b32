// The facts of a decision in the short form in which they are recorded, and back.

import type { PackedFacts, PackedSpend, PackedWindow, RecordedIdentity } from '../../protocol/recorded-call.ts';
import { freshHost, NO_EFFECTS, type BreakerState, type CallMark, type Effects, type Facts, type Spend, type WindowSpend } from './facts.ts';

/** `isSecret` says of a key of the context that its value must not be stored. History, host and whose call it is are recorded elsewhere. */
export function packFacts(facts: Facts, isSecret: (key: string, value: string) => boolean): PackedFacts {
  const { run, spend } = facts;
  const keys = Object.keys(facts.context);
  const withheld = keys.filter((key) => isSecret(key, facts.context[key]!));
  const effects = packEffects(run.effects);
  const treeEffects = packEffects(run.treeEffects);
  return {
    now: facts.now,
    ...(facts.plane !== undefined && { plane: facts.plane }),
    run: [run.steps, run.toolCalls, run.llmCalls, run.tokens, run.cost, run.treeCost, run.retries, run.children.live, run.children.total],
    ...(effects && { effects }), ...(treeEffects && { treeEffects }),
    ...(run.taint.length > 0 && { taint: run.taint }), ...(run.ancestors.length > 0 && { ancestors: run.ancestors }),
    spend: { run: packSpend(spend.run), tree: packSpend(spend.tree), day: packWindow(spend.day), month: packWindow(spend.month), ...modelsOf(spend.models) },
    ...(facts.history.length > 0 && { history: facts.history.length }),
    ...(Object.keys(facts.breakers).length > 0 && { breakers: facts.breakers }),
    ...(facts.killed && { killed: facts.killed }),
    ...(keys.length > withheld.length && { context: Object.fromEntries(Object.entries(facts.context).filter(([key]) => !withheld.includes(key))) }),
    ...(withheld.length > 0 && { contextWithheld: withheld }),
    ...(facts.granted.size > 0 && { granted: [...facts.granted] }),
  };
}

/** Facts as they were, with a host that knows nothing. */
export function unpackFacts(run: string, identity: RecordedIdentity, packed: PackedFacts, history: readonly CallMark[]): Facts {
  const [steps = 0, toolCalls = 0, llmCalls = 0, tokens = 0, cost = 0, treeCost = 0, retries = 0, live = 0, total = 0] = packed.run;
  const { spend } = packed;
  return {
    now: packed.now, agent: identity.agent, user: identity.user,
    ...(identity.fleet !== undefined && { fleet: identity.fleet }), ...(identity.workflow !== undefined && { workflow: identity.workflow }), ...(packed.plane !== undefined && { plane: packed.plane }),
    run: {
      id: run, root: identity.root, depth: identity.depth, startedAt: identity.startedAt, steps, toolCalls, llmCalls, tokens, cost, treeCost, retries,
      taint: packed.taint ?? [], ancestors: packed.ancestors ?? [], children: { live, total }, effects: unpackEffects(packed.effects), treeEffects: unpackEffects(packed.treeEffects),
    },
    spend: {
      run: unpackSpend(spend?.run), tree: unpackSpend(spend?.tree), day: unpackWindow(spend?.day), month: unpackWindow(spend?.month),
      models: Object.fromEntries(Object.entries(spend?.models ?? {}).map(([model, each]) => [model, unpackSpend(each)])),
    },
    history, breakers: (packed.breakers ?? {}) as Readonly<Record<string, BreakerState>>, context: packed.context ?? {}, host: freshHost(), granted: new Set(packed.granted),
    ...(packed.killed && { killed: packed.killed }),
  };
}

const EFFECTS = Object.keys(NO_EFFECTS) as readonly (keyof Effects)[];

function packEffects(effects: Effects): readonly number[] | undefined {
  const numbers = EFFECTS.map((name) => effects[name]);
  return numbers.some((each) => each !== 0) ? numbers : undefined;
}

function unpackEffects(numbers: readonly number[] | undefined): Effects {
  return numbers ? Object.fromEntries(EFFECTS.map((name, at) => [name, numbers[at] ?? 0])) as unknown as Effects : NO_EFFECTS;
}

const packSpend = ({ cost, tokens }: Spend): PackedSpend => [cost.spent, cost.reserved, tokens.spent, tokens.reserved];
const packWindow = ({ agent, fleet, user, all }: WindowSpend): PackedWindow => [packSpend(agent), fleet ? packSpend(fleet) : null, packSpend(user), packSpend(all)];

function modelsOf(models: Facts['spend']['models']): { readonly models?: Readonly<Record<string, PackedSpend>> } {
  const entries = Object.entries(models);
  return entries.length === 0 ? {} : { models: Object.fromEntries(entries.map(([model, spend]) => [model, packSpend(spend)])) };
}

function unpackSpend([costSpent, costReserved, tokensSpent, tokensReserved]: PackedSpend = [0, 0, 0, 0]): Spend {
  return { cost: { spent: costSpent, reserved: costReserved }, tokens: { spent: tokensSpent, reserved: tokensReserved } };
}

function unpackWindow(window: PackedWindow | undefined): WindowSpend {
  const [agent, fleet, user, all] = window ?? [undefined, null, undefined, undefined];
  return { agent: unpackSpend(agent), ...(fleet && { fleet: unpackSpend(fleet) }), user: unpackSpend(user), all: unpackSpend(all) };
}
