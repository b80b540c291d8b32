// Which conditions of the policies the tests saw both ways: where `when:` holds and where not, each rule deciding, each policy acting and letting pass.

import { EVENT_NAMES, type ActionEvent, type EventName } from '../../../protocol/action.ts';
import type { TextRange } from '../../../protocol/finding.ts';
import type { Engine } from '../api.ts';
import type { Category } from '../category.ts';
import { bindCondition, type Condition } from '../cel/environments.ts';
import type { Facts } from '../facts.ts';
import type { WrittenPolicy } from './policy-places.ts';
import { rangeOf } from './run.ts';

/** One thing that some test should show: the policy acts, it lets something in its scope pass, its `when:` holds or does not, one of its rules decides. */
export interface Covered {
  readonly policy: string;
  readonly what: 'acts' | 'lets pass' | 'when holds' | 'when does not hold' | 'rule decides';
  /** For a rule: the key under `rules:`. */
  readonly field?: string;
  readonly seen: boolean;
  readonly file: string;
  readonly place: TextRange;
}

export interface Coverage {
  readonly conditions: readonly Covered[];
  readonly seen: number;
  /** Share of the conditions that were seen, 0 to 100; 100 when there are none. */
  readonly percent: number;
}

interface Sight {
  readonly written: WrittenPolicy;
  readonly when: ReadonlyMap<EventName, Condition>;
  readonly fields: ReadonlySet<string>;
  acted: boolean;
  passed: boolean;
  held: boolean;
  failed: boolean;
  inScope: boolean;
  readonly decided: Set<string>;
}

/** Watches tests run; `watch` is given to them. */
export class CoverageWatch {
  readonly #engine: Engine;
  readonly #sights: ReadonlyMap<string, Sight>;

  constructor(engine: Engine, policies: readonly WrittenPolicy[]) {
    this.#engine = engine;
    this.#sights = new Map(policies.map((written) => [written.policy.name, { written, when: whenOf(written), fields: decidingFields(written), acted: false, passed: false, held: false, failed: false, inScope: false, decided: new Set<string>() }]));
  }

  readonly watch = (event: ActionEvent, facts: Facts): void => {
    const events = [event, ...this.#engine.seenAs(event)];
    for (const { policy, outcome, reasons } of this.#engine.explain(event, facts).considered) {
      const sight = this.#sights.get(policy.name);
      if (!sight || outcome === 'out-of-scope' || outcome === 'off') continue;
      sight.inScope = true;
      if (outcome === 'not-watching') continue;
      const held = lookAtWhen(sight, events, facts);
      if (outcome === 'acted') sight.acted = true;
      else if (held) sight.passed = true;
      for (const { field } of reasons) sight.decided.add(field.split('.')[0]!);
    }
  };

  /** Policies that some test reached in their scope. */
  get reached(): ReadonlySet<string> {
    return new Set([...this.#sights.values()].filter(({ inScope }) => inScope).map(({ written }) => written.policy.name));
  }

  /** Policies that acted in some test. */
  get acted(): ReadonlySet<string> {
    return new Set([...this.#sights.values()].filter(({ acted }) => acted).map(({ written }) => written.policy.name));
  }

  coverage(): Coverage {
    const conditions = [...this.#sights.values()].flatMap(conditionsOf);
    const seen = conditions.filter((each) => each.seen).length;
    return { conditions, seen, percent: conditions.length === 0 ? 100 : (seen / conditions.length) * 100 };
  }
}

function conditionsOf({ written, when, fields, acted, passed, held, failed, decided }: Sight): Covered[] {
  const { policy: { name }, file, path } = written;
  const at = (what: Covered['what'], seen: boolean, below: readonly string[], field?: string): Covered =>
    ({ policy: name, what, seen, file: file.path, place: rangeOf({ file }, [...path, ...below], path), ...(field !== undefined && { field }) });
  return [
    at('acts', acted, ['name']), at('lets pass', passed, ['name']),
    ...(when.size > 0 ? [at('when holds', held, ['when']), at('when does not hold', failed, ['when'])] : []),
    ...[...fields].map((field) => at('rule decides', decided.has(field), ['rules', field], field)),
  ];
}

/** Notes which way the condition went; true when it held, or there is none. */
function lookAtWhen(sight: Sight, events: readonly ActionEvent[], facts: Facts): boolean {
  if (sight.when.size === 0) return true;
  let any = false;
  for (const event of events) {
    const condition = sight.when.get(event.event);
    if (!condition) continue;
    const holds = holdsFor(condition, event, facts);
    if (holds === true) sight.held = any = true;
    if (holds === false) sight.failed = true;
  }
  return any;
}

/** Undefined where it has no value. */
function holdsFor(condition: Condition, event: ActionEvent, facts: Facts): boolean | undefined {
  try {
    return condition(event, facts);
  } catch {
    return undefined;
  }
}

function whenOf({ policy, value: { when } }: WrittenPolicy): ReadonlyMap<EventName, Condition> {
  if (typeof when !== 'string') return new Map();
  return new Map(EVENT_NAMES.filter((event) => policy.checks[event] !== undefined).map((event) => [event, bindCondition(when, event)]));
}

/** The keys that are written and that can decide: settings such as a time-out of the gate never do. What can is what the examples of the category show. */
function decidingFields({ policy, value: { rules } }: WrittenPolicy): ReadonlySet<string> {
  const deciding = decidingOf(policy.category);
  return new Set(Object.keys((rules ?? {}) as object).filter((field) => deciding.has(field)));
}

const decidingOf = ({ examples }: Category): ReadonlySet<string> => new Set(examples.flatMap(({ field }) => (field === undefined ? [] : [field.split('.')[0]!])));
