// Text as people read it in the editor's own surfaces: what came from an agent made visible, amounts, times and accounts put into words.

import { formatUsd } from '../protocol/money.ts';
import type { Balance } from '../protocol/run-graph.ts';

/** Characters that change how text is shown without being seen: controls, zero-width, bidirectional overrides, line separators. */
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** Text of an agent with nothing hidden in it: every unseen character is spelled as its code point. Line feeds and tabs stay. */
export function visible(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(UNSEEN, (character) => `⟨U+${(character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}⟩`);
}

/** On one line, at most `limit` characters. */
export function brief(text: string, limit: number): string {
  const line = visible(text).replace(/\s+/g, ' ').trim();
  return line.length <= limit ? line : `${line.slice(0, limit - 1).trimEnd()}…`;
}

/** A JSON object by the names of its members, texts as they read with their line breaks; undefined for any other text. */
export function namedValues(json: string): string | undefined {
  const value = parsed(json);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.entries(value).map(([name, member]) => {
    const text = visible(typeof member === 'string' ? member : JSON.stringify(member, null, 2));
    return text.includes('\n') ? `${visible(name)}:\n${text.replaceAll(/^/gm, '  ')}` : `${visible(name)}: ${text}`;
  }).join('\n');
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** `14:32`, with the date when it is another day. */
export function clock(at: number, language: string, now = Date.now()): string {
  const sameDay = new Date(at).toDateString() === new Date(now).toDateString();
  return new Intl.DateTimeFormat(language, sameDay ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' }).format(at);
}

/** `$3.12` or `1,200`, by the unit of an account. */
export function amount(value: number, unit: string, language: string): string {
  return unit === 'usd_micro' ? formatUsd(value) : new Intl.NumberFormat(language).format(value);
}

export type AccountName =
  | { readonly scope: 'run'; readonly run: string }
  | { readonly scope: 'day' | 'month'; readonly kind: 'agent' | 'fleet' | 'user' | 'all'; readonly who?: string; readonly model?: string };

const WINDOW = /^(day|month):\d{4}-\d\d(?:-\d\d)?:.*:(?:(agent|fleet|user):([^:]+)(?::model:(.+))?|(all))$/;

/** Reads the name of a ledger account; undefined for a form this version does not know. */
export function readAccount(account: string): AccountName | undefined {
  if (account.startsWith('run:')) return { scope: 'run', run: account.slice('run:'.length) };
  const match = WINDOW.exec(account);
  if (!match) return undefined;
  const [, scope, kind, who, model] = match;
  return { scope: scope as 'day' | 'month', kind: (kind ?? 'all') as 'agent', ...(who ? { who } : {}), ...(model ? { model } : {}) };
}

/** Share of a limit that is spent or reserved, 0 to 1; over-spending counts as all. */
export function used({ spent, reserved, limit }: Balance): number {
  if (limit === undefined) return 0;
  return limit <= 0 ? 1 : Math.min(1, (spent + reserved) / limit);
}

/** `▓▓▓░░░░░` */
export function bar(share: number, cells = 8): string {
  const full = Math.round(share * cells);
  return '▓'.repeat(full) + '░'.repeat(cells - full);
}
