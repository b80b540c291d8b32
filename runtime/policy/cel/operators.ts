// Operators, each specialised on the types that are known when the expression is compiled.

import type { Duration } from '@marcbachmann/cel-js/evaluator';
import { as, boxed, folded, unboxValue, type Code, type Run } from './code.ts';
import { EvaluationError } from './expression.ts';
import * as integers from './integers.ts';
import { earlier, later, spanOf } from './time.ts';
import { BOOL, type Static } from './types.ts';
import { assertOrdered, equal, includes, kindOf, mismatch, property, spend, type Frame, type Kind } from './values.ts';

export const RELATIONS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=']);

/** `type` is what the checker says the whole gives. */
export function binary(op: string, left: Code, right: Code, type: Static): Code {
  const run = op === '==' || op === '!=' ? equality(op, left, right) : op === 'in' ? membership(left, right) : RELATIONS.has(op) ? relation(op, left, right) : undefined;
  return folded(run ? { type: BOOL, run } : arithmetic(op, left, right, type), left, right);
}

function equality(op: string, left: Code, right: Code): Run {
  const same = equals(left, right);
  return op === '==' ? same : (frame) => !same(frame);
}

/** Kinds whose unboxed values are identical when they are equal. */
const IDENTICAL: ReadonlySet<string> = new Set(['bool', 'int', 'double', 'string', 'timestamp', 'null']);

function equals(left: Code, right: Code): (frame: Frame) => boolean {
  const [l, r] = [left.run, right.run];
  if (left.type.kind === right.type.kind && IDENTICAL.has(left.type.kind)) {
    if (!right.constant) return (frame) => l(frame) === r(frame);
    const { value } = right.constant;
    return (frame) => l(frame) === value;
  }
  if (left.constant && !right.constant) return equals(right, left);
  if (left.type.kind === 'dyn' && right.constant && (right.type.kind === 'string' || right.type.kind === 'bool')) {
    const { value } = right.constant;
    return (frame) => l(frame) === value;
  }
  const [a, b] = [boxed(left), boxed(right)];
  return (frame) => equal(a(frame), b(frame), frame);
}

function membership(left: Code, right: Code): Run {
  const known = right.constant && left.type.kind === 'string' ? new Set(right.type.kind === 'list' ? (right.constant.value as unknown[]) : []) : undefined;
  const l = left.run;
  if (known && right.type.kind === 'list') return (frame) => known.has(l(frame));
  const [a, b] = [boxed(left), boxed(right)];
  return (frame) => isIn(a(frame), b(frame), frame);
}

function isIn(value: unknown, container: unknown, frame: Frame): boolean {
  if (Array.isArray(container)) return includes(container, value, frame);
  const kind = kindOf(container);
  if (kind !== 'map') throw mismatch('in', kindOf(value), kind);
  return property(container as object, value) !== undefined;
}

function relation(op: string, left: Code, right: Code): Run {
  if (left.type.kind === 'duration' && right.type.kind === 'duration') return compare(op, milliseconds(left), milliseconds(right), undefined);
  if (left.type.kind !== 'dyn' && right.type.kind !== 'dyn') return compare(op, left.run, right.run, right.constant);
  const [a, b] = [boxed(left), boxed(right)];
  const value = right.constant?.value;
  if (left.type.kind === 'dyn' && typeof value === 'number' && right.type.kind !== 'timestamp') {
    return (frame) => {
      const actual = a(frame);
      return typeof actual === 'number' ? holds(op, actual, value) : ordered(op, actual, b(frame));
    };
  }
  return (frame) => ordered(op, a(frame), b(frame));
}

const milliseconds = ({ run, millis }: Code): Run => millis ?? ((frame) => (run(frame) as Duration).valueOf());

function ordered(op: string, a: unknown, b: unknown): boolean {
  assertOrdered(a, b, op);
  return holds(op, a as number, b as number);
}

function holds(op: string, a: number, b: number): boolean {
  switch (op) {
    case '<': return a < b;
    case '<=': return a <= b;
    case '>': return a > b;
    default: return a >= b;
  }
}

/** JavaScript's own order is CEL's for texts, booleans and for numbers and bigints, also between them. */
function compare(op: string, left: Run, right: Run, constant: Code['constant']): Run {
  const l = left as (frame: Frame) => number;
  const r = right as (frame: Frame) => number;
  const value = constant?.value as number;
  switch (op) {
    case '<': return constant ? (frame) => l(frame) < value : (frame) => l(frame) < r(frame);
    case '<=': return constant ? (frame) => l(frame) <= value : (frame) => l(frame) <= r(frame);
    case '>': return constant ? (frame) => l(frame) > value : (frame) => l(frame) > r(frame);
    default: return constant ? (frame) => l(frame) >= value : (frame) => l(frame) >= r(frame);
  }
}

interface Arithmetic {
  readonly gives: Kind;
  readonly of: (a: never, b: never, frame: Frame) => unknown;
}

const both = <A, B>(gives: Kind, of: (a: A, b: B, frame: Frame) => unknown): Arithmetic => ({ gives, of: of as Arithmetic['of'] });

/** By operator and kinds, over unboxed values. */
const ARITHMETIC: Readonly<Record<string, Arithmetic>> = {
  '+ int int': both('int', integers.add),
  '- int int': both('int', integers.subtract),
  '* int int': both('int', integers.multiply),
  '/ int int': both('int', integers.divide),
  '% int int': both('int', integers.modulo),
  '+ double double': both('double', (a: number, b: number) => a + b),
  '- double double': both('double', (a: number, b: number) => a - b),
  '* double double': both('double', (a: number, b: number) => a * b),
  '/ double double': both('double', (a: number, b: number) => a / b),
  '+ string string': both('string', (a: string, b: string, frame) => (spend(frame, (a.length + b.length) >> 6), a + b)),
  '+ list list': both('list', (a: unknown[], b: unknown[], frame) => (spend(frame, (a.length + b.length) >> 4), [...a, ...b])),
  '+ duration duration': both('duration', (a: Duration, b: Duration) => a.addDuration(b)),
  '- duration duration': both('duration', (a: Duration, b: Duration) => a.subtractDuration(b)),
  '+ timestamp duration': both('timestamp', later),
  '+ duration timestamp': both('timestamp', (a: Duration, b: number) => later(b, a)),
  '- timestamp duration': both('timestamp', earlier),
  '- timestamp timestamp': both('duration', (a: number, b: number) => spanOf(a - b)),
};

function arithmetic(op: string, left: Code, right: Code, type: Static): Code {
  const known = ARITHMETIC[`${op} ${left.type.kind} ${right.type.kind}`];
  if (known) return specialised(op, known, left, right, type);
  const [a, b] = [boxed(left), boxed(right)];
  const run: Run = (frame) => calculate(op, a(frame), b(frame), frame);
  return { type, run: type.kind === 'dyn' ? run : as({ type: { kind: 'dyn' }, run }, type.kind as Kind, `the result of \`${op}\``) };
}

function specialised(op: string, { gives, of }: Arithmetic, left: Code, right: Code, type: Static): Code {
  const [l, r, calculateRaw] = [left.run, right.run, of as (a: unknown, b: unknown, frame: Frame) => unknown];
  const code: Code = { type: gives === 'list' ? type : { kind: gives }, run: (frame) => calculateRaw(l(frame), r(frame), frame) };
  if (op !== '-' || left.type.kind !== 'timestamp' || gives !== 'duration') return code;
  return { ...code, millis: (frame) => (l(frame) as number) - (r(frame) as number) };
}

/** Over boxed values, giving a boxed one. */
function calculate(op: string, a: unknown, b: unknown, frame: Frame): unknown {
  const [left, right] = [kindOf(a), kindOf(b)];
  const found = ARITHMETIC[`${op} ${left} ${right}`];
  if (!found) throw mismatch(op, left, right);
  const value = (found.of as (a: unknown, b: unknown, frame: Frame) => unknown)(unboxValue(left, a), unboxValue(right, b), frame);
  return found.gives === 'int' ? BigInt(value as integers.Int) : found.gives === 'timestamp' ? new Date(value as number) : value;
}

export function not(code: Code): Code {
  const run = as(code, 'bool', 'what `!` negates');
  return folded({ type: BOOL, run: (frame) => !run(frame) }, code);
}

export function minus(code: Code): Code {
  const { run, type } = code;
  if (type.kind === 'int') return folded({ type, run: (frame) => integers.negate(run(frame) as integers.Int) }, code);
  if (type.kind === 'double') return folded({ type, run: (frame) => -(run(frame) as number) }, code);
  return folded({ type, run: (frame) => negateBoxed(run(frame)) }, code);
}

function negateBoxed(value: unknown): unknown {
  if (typeof value === 'number') return -value;
  if (typeof value === 'bigint') return BigInt(integers.negate(integers.toInt(value)));
  throw new EvaluationError('type', `\`-\` does not work on ${kindOf(value)}`);
}

/** `&&` and `||`: `decisive` is the value that settles the matter, whatever the other side is, even when that has no value. */
export function logical(left: Code, right: Code, decisive: boolean): Code {
  for (const [one, other] of [[left, right], [right, left]] as const) {
    if (one.constant?.value === decisive) return { ...one, type: BOOL };
    if (one.constant?.value === !decisive && other.type.kind === 'bool') return other;
  }
  const name = decisive ? '`||`' : '`&&`';
  const [l, r] = [as(left, 'bool', `each side of ${name}`), as(right, 'bool', `each side of ${name}`)];
  return {
    type: BOOL,
    run(frame) {
      let value: unknown;
      try {
        value = l(frame);
      } catch (error) {
        if (isAbsorbed(error) && r(frame) === decisive) return decisive;
        throw error;
      }
      return value === decisive ? decisive : r(frame);
    },
  };
}

/** An evaluation that ran out of its budget must end, whatever the other side says. */
export function isAbsorbed(error: unknown): boolean {
  return error instanceof EvaluationError && error.code !== 'fullarc/expression/too-costly';
}

export function ternary(condition: Code, yes: Run, no: Run, type: Static): Code {
  const run = as(condition, 'bool', 'the condition of `?`');
  if (condition.constant && typeof condition.constant.value === 'boolean') return { type, run: condition.constant.value ? yes : no };
  return { type, run: (frame) => (run(frame) ? yes(frame) : no(frame)) };
}
