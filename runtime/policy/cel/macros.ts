// The macros over lists and maps: each iteration costs a step, and what fails inside `all` and `exists` may still be outvoted.

import { as, boxed, receive, type Code, type Run } from './code.ts';
import { isAbsorbed } from './operators.ts';
import { BOOL, type Static } from './types.ts';
import { kindOf, spend, type Frame } from './values.ts';
import { EvaluationError } from './expression.ts';

/** Macros with a receiver, and how many arguments each may have. */
export const MACROS: Readonly<Record<string, readonly number[]>> = { all: [2], exists: [2], exists_one: [2], filter: [2], map: [2, 3] };

export interface Loop {
  readonly name: string;
  readonly range: Code;
  /** What the variable is on each turn, and where it is kept. */
  readonly item: Static;
  readonly slot: number;
  readonly label: string;
  readonly predicate?: Code;
  readonly transform?: Code;
  readonly type: Static;
}

export function loop(parts: Loop): Code {
  const items = itemsOf(parts);
  const test = parts.predicate && as(parts.predicate, 'bool', `what ${parts.name}() tests`);
  switch (parts.name) {
    case 'all': return { type: BOOL, run: quantifier(items, test!, parts.slot, false) };
    case 'exists': return { type: BOOL, run: quantifier(items, test!, parts.slot, true) };
    case 'exists_one': return { type: BOOL, run: exactlyOne(items, test!, parts.slot) };
    default: return { type: parts.type, run: collect(items, test, parts) };
  }
}

interface Items {
  readonly of: (frame: Frame) => readonly unknown[];
  readonly receive: (value: unknown) => unknown;
}

/** Ints in lists are boxed already; declared items are checked as they come. */
function itemsOf({ range, item, label }: Loop): Items {
  const run = boxed(range);
  return {
    of(frame) {
      const value = run(frame);
      if (Array.isArray(value)) return value;
      if (kindOf(value) !== 'map') throw new EvaluationError('type', `only lists and maps have items, but this is ${kindOf(value)}`);
      return Object.keys(value as object);
    },
    receive: item.kind === 'dyn' ? (value) => value : (value) => receive(item, value, label),
  };
}

/** With `decisive` true: does some item pass? With false: does every item? An error counts only when no item decides. */
function quantifier(items: Items, test: Run, slot: number, decisive: boolean): Run {
  return (frame) => {
    const values = items.of(frame);
    let failure: unknown;
    let failed = false;
    for (let index = 0; index < values.length; index++) {
      spend(frame, 1);
      frame.slots[slot] = items.receive(values[index]);
      try {
        if (test(frame) === decisive) return decisive;
      } catch (error) {
        if (!isAbsorbed(error)) throw error;
        if (!failed) [failed, failure] = [true, error];
      }
    }
    if (failed) throw failure;
    return !decisive;
  };
}

function exactlyOne(items: Items, test: Run, slot: number): Run {
  return (frame) => {
    const values = items.of(frame);
    let count = 0;
    for (let index = 0; index < values.length; index++) {
      spend(frame, 1);
      frame.slots[slot] = items.receive(values[index]);
      if (test(frame) === true) count++;
    }
    return count === 1;
  };
}

function collect(items: Items, test: Run | undefined, { slot, transform }: Loop): Run {
  const give = transform && boxed(transform);
  return (frame) => {
    const values = items.of(frame);
    const out: unknown[] = [];
    for (let index = 0; index < values.length; index++) {
      spend(frame, 1);
      frame.slots[slot] = items.receive(values[index]);
      if (!test || test(frame) === true) out.push(give ? give(frame) : values[index]);
    }
    return out;
  };
}
