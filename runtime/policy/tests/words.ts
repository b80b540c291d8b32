// Small schemas that steps and what is given share: durations, money, texts, names.

import { z } from 'zod';

const DURATION = /^(\d{1,15})(ms|s|m|h|d)$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `10m` and the like, as text; `milliseconds` reads it. */
export const duration = () => z.string().regex(DURATION, { error: 'is a whole number with a unit: `500ms`, `30s`, `10m`, `2h` or `1d`' });

/** Milliseconds of a text that `duration()` let through. */
export function milliseconds(text: string): number {
  const [, number, unit] = DURATION.exec(text)!;
  return Number(number) * UNIT_MS[unit!]!;
}

/** US dollars; micro-dollars once read by `micros`. */
export const dollars = () => z.number().min(0).max(1e9).meta({ unit: 'USD' });
export const micros = (amount: number): number => Math.round(amount * 1e6);

export const count = () => z.int().min(0).max(1e9);
export const name = () => z.string().min(1);
export const texts = () => z.array(z.strictObject({
  at: z.string().optional().describe('JSON pointer to where the text stands in what carries it.').meta({ examples: ['/messages/0/content'] }),
  role: z.enum(['system', 'user', 'assistant', 'tool']).optional().describe('Who says it.').meta({ examples: ['user'] }),
  text: z.string().describe('The text.').meta({ examples: ['Write to the new leads.'] }),
}));
