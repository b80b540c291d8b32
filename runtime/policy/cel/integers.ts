// Integers of 64 bits that are plain numbers for as long as they are safe, so that facts need no conversion and arithmetic allocates nothing.

import { EvaluationError } from './expression.ts';

/** A number when it is a safe integer, a bigint otherwise: equal integers are therefore identical (`===`). Never -0. */
export type Int = number | bigint;

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);

/** Throws when it does not fit into 64 bits. */
export function toInt(value: bigint): Int {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  if (value > MAX || value < MIN) throw new EvaluationError('overflow', 'the integer does not fit into 64 bits');
  return value;
}

export function add(a: Int, b: Int): Int {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return toInt(BigInt(a) + BigInt(b));
}

export function subtract(a: Int, b: Int): Int {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return toInt(BigInt(a) - BigInt(b));
}

export function multiply(a: Int, b: Int): Int {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    if (Number.isSafeInteger(product)) return product + 0;
  }
  return toInt(BigInt(a) * BigInt(b));
}

/** Truncates towards zero. */
export function divide(a: Int, b: Int): Int {
  if (b === 0) throw new EvaluationError('divide-by-zero', 'division by zero');
  if (typeof a === 'number' && typeof b === 'number') return (a - (a % b)) / b + 0;
  return toInt(BigInt(a) / BigInt(b));
}

/** Has the sign of the dividend. */
export function modulo(a: Int, b: Int): Int {
  if (b === 0) throw new EvaluationError('divide-by-zero', 'modulo by zero');
  if (typeof a === 'number' && typeof b === 'number') return (a % b) + 0;
  return toInt(BigInt(a) % BigInt(b));
}

export function negate(a: Int): Int {
  return typeof a === 'number' ? 0 - a : toInt(-a);
}
