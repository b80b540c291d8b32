// What one run has on record that later checks ask for: objections of policies, what it did to the world, what it read, what it decided.

import type { RunEvent } from '../protocol/run-graph.ts';
import { EffectTotals } from './effects.ts';
import type { DecisionMark, Incident, RetrievedMark } from './policy/facts.ts';
import { RETRIEVED_TEXT } from './policy/facts.ts';

/** Documents of one run that are kept for checks of what it says. */
const MOST_DOCUMENTS = 500;
const MOST_DECISIONS = 500;
const MOST_TOLD = 200;
const MOST_TAINTS = 100;
const NONE: readonly never[] = Object.freeze([]);

/** Made from the events of the journal alone, so that it is the same before and after a crash. */
export class RunPast {
  readonly effects = new EffectTotals();
  readonly incidents: Incident[] = [];
  readonly documents: RetrievedMark[] = [];
  readonly decisions: DecisionMark[] = [];
  readonly told: string[] = [];
  readonly taint = new Set<string>();
  spawned = 0;
  readonly #violations = new Map<string, number[]>();
  /** What was counted already: a call that waits for a person is judged more than once. */
  readonly #counted = new Set<string>();

  apply(event: RunEvent): void {
    if (event.type === 'action.judged') this.#judged(event);
    if (event.type !== 'action.ended') return;
    if (event.effects) this.effects.add(event.effects);
    const { documents = NONE, decision, taint } = event.learned ?? {};
    for (const document of documents) keep(this.documents, { ...document, text: document.text.slice(0, RETRIEVED_TEXT), at: event.at }, MOST_DOCUMENTS);
    if (decision) keep(this.decisions, { ...decision, at: event.at }, MOST_DECISIONS);
    if (taint !== undefined && this.taint.size < MOST_TAINTS) this.taint.add(taint);
  }

  violations(policy: string): readonly number[] {
    return this.#violations.get(policy) ?? NONE;
  }

  /** Those in shadow mode count as violations, so that their escalation is seen, and not as incidents. */
  #judged({ node, event, at, verdict, effects, told = NONE }: RunEvent & { type: 'action.judged' }): void {
    if (effects) this.effects.add(effects);
    for (const text of told) keep(this.told, text, MOST_TOLD);
    if (event === 'spawn.before' && effects === undefined && verdict.disposition !== 'block' && verdict.disposition !== 'gate') this.spawned++;
    for (const { policy, disposition, shadow } of verdict.reasons) {
      const key = `${node}\n${event}\n${policy}`;
      if (this.#counted.has(key)) continue;
      this.#counted.add(key);
      const times = this.#violations.get(policy);
      if (times) times.push(at);
      else this.#violations.set(policy, [at]);
      if (!shadow) this.incidents.push({ at, policy, disposition });
    }
  }
}

function keep<T>(list: T[], item: T, most: number): void {
  list.push(item);
  if (list.length > most) list.shift();
}
