// Money as people read it. Amounts are integer micro-dollars everywhere; this is the only place that turns them into text.

import type { MicroUsd } from './action.ts';

/** `$3.12`, and as many digits as a small amount needs: `$0.0004`. */
export function formatUsd(amount: MicroUsd): string {
  const dollars = amount / 1e6;
  const size = Math.abs(dollars);
  const digits = size === 0 || size >= 1 ? 2 : size >= 0.1 ? 3 : size >= 0.01 ? 4 : 6;
  return `${dollars < 0 ? '-' : ''}$${size.toFixed(digits)}`;
}

/** Dollars as written in a policy to micro-dollars; exact to the sixth decimal. */
export function microUsd(dollars: number): MicroUsd {
  return Math.round(dollars * 1e6);
}
