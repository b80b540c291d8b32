// Calls of functions and methods: the overload is chosen when the types are known, or for each call when they are not.

import { RE2JS } from 're2js';
import { as, boxed, folded, unboxValue, type Code, type Run } from './code.ts';
import { EvaluationError } from './expression.ts';
import type { Overload } from './functions.ts';
import { plainPattern } from './plain-patterns.ts';
import { BOOL, DYN, type Static } from './types.ts';
import { kindOf, spend, type Frame } from './values.ts';

/** `counted` charges for long texts, inside macros. Undefined when no overload takes these types. */
export function call(name: string, overloads: readonly Overload[], args: readonly Code[], type: Static, counted: boolean): Code | undefined {
  const possible = overloads.filter(({ takes }) => takes.every((kind, index) => kind === 'any' || args[index]!.type.kind === 'dyn' || args[index]!.type.kind === kind));
  if (possible.length === 0) return undefined;
  const known = possible.length === 1 ? possible[0]! : undefined;
  const given = counted ? [charged(args[0]!), ...args.slice(1)] : args;
  return folded(known ? direct(name, known, given, type) : dispatched(name, possible, given, type), ...args);
}

function direct(name: string, { takes, gives, call: method }: Overload, args: readonly Code[], type: Static): Code {
  const runs = takes.map((kind, index) => (kind === 'any' ? boxed(args[index]!) : as(args[index]!, kind, `what ${name}() takes`)));
  const apply = method as (...values: unknown[]) => unknown;
  const [a, b, c] = runs as [Run, Run, Run];
  const run: Run = runs.length === 1 ? (frame) => apply(a(frame)) : runs.length === 2 ? (frame) => apply(a(frame), b(frame)) : (frame) => apply(a(frame), b(frame), c(frame));
  return { type: gives === 'any' ? DYN : gives === 'list' || gives === 'map' ? type : { kind: gives }, run };
}

/** All overloads of one name and number of arguments that are left give the same kind. */
function dispatched(name: string, overloads: readonly Overload[], args: readonly Code[], type: Static): Code {
  const runs = args.map(boxed);
  const { gives } = overloads[0]!;
  const run: Run = (frame) => {
    const values = runs.map((each) => each(frame));
    const kinds = values.map(kindOf);
    const found = overloads.find(({ takes }) => takes.every((kind, index) => kind === 'any' || kind === kinds[index]));
    if (!found) throw new EvaluationError('type', `${name}() does not take ${kinds.join(', ')}`);
    return (found.call as (...unboxed: unknown[]) => unknown)(...values.map((value, index) => unboxValue(kinds[index]!, value)));
  };
  return { type: gives === 'any' ? DYN : gives === 'list' || gives === 'map' ? type : { kind: gives }, run };
}

/** Texts of some length take time; many of them are stopped by the budget. */
function charged(text: Code): Code {
  const { run, type } = text;
  if (type.kind !== 'string' && type.kind !== 'dyn') return text;
  return {
    ...text,
    run(frame: Frame) {
      const value = run(frame);
      if (typeof value === 'string') spend(frame, value.length >> 6);
      return value;
    },
  };
}

/** `text.matches("pattern")`, in time linear in the text. Throws when RE2 does not take the pattern. */
export function matches(text: Code, pattern: string, counted: boolean): Code {
  const expression = RE2JS.compile(pattern);
  const test = plainPattern(pattern) ?? ((value: string) => expression.test(value));
  const run = as(counted ? charged(text) : text, 'string', 'what matches() looks at');
  return folded({ type: BOOL, run: (frame) => test(run(frame) as string) }, text);
}
