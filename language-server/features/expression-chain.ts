// What stands left of the cursor in an expression that is still being written: the word, and what the dot before it belongs to.

import type { FactField, FactFields, FactType } from '../../runtime/policy/cel/expression.ts';
import { METHODS } from '../../runtime/policy/cel/functions.ts';
import { MACROS } from '../../runtime/policy/cel/macros.ts';
import { fieldNamed } from '../../runtime/policy/cel/types.ts';

export interface Reach {
  /** The name that is being written; empty right after a dot or an operator. */
  readonly word: string;
  /** What the dot before the word belongs to; absent when there is no dot. */
  readonly receiver?: Resolved;
  /** Names that macros around the cursor introduce, innermost last. */
  readonly bound: FactFields;
}

export interface Resolved {
  readonly type: FactType;
  /** Dotted path of the fact, when it is one by name. */
  readonly path?: string;
}

/** Reads the text before the cursor. Undefined inside a text literal or right behind a number, where no name can stand. */
export function reachOf(before: string, variables: FactFields): Reach | undefined {
  const tokens = tokenize(before);
  const last = tokens.at(-1) ?? '';
  if (/^["']/.test(last) && !/^(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')$/s.test(last)) return undefined;
  if (/^\d/.test(last)) return undefined;
  const word = NAME.test(last) ? last : '';
  const words = (word === '' ? tokens : tokens.slice(0, -1)).filter((token) => token.trim() !== '');
  const bound = boundNames(words, variables);
  const dot = words.at(-1) === '.';
  return { word, bound, ...(dot && { receiver: resolve(words, words.length - 2, { ...variables, ...bound }) }) };
}

const NAME = /^[A-Za-z_]\w*$/;
const TOKEN = /"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[A-Za-z_]\w*|\d(?:[\w]|\.(?=\d))*|\s+|[^]/gs;
const tokenize = (text: string): readonly string[] => text.match(TOKEN) ?? [];

const UNKNOWN: Resolved = { type: 'dyn' };

/** The value whose last token is at `end`, read from right to left. */
function resolve(tokens: readonly string[], end: number, variables: FactFields): Resolved {
  const token = tokens[end];
  if (token === undefined) return UNKNOWN;
  if (/^["']/.test(token)) return { type: 'string' };
  if (token === ']') return indexed(tokens, end, variables);
  if (token === ')') return called(tokens, end, variables);
  if (!NAME.test(token)) return UNKNOWN;
  if (tokens[end - 1] !== '.') return named(fieldNamed(variables, token), token);
  const owner = resolve(tokens, end - 2, variables);
  if (typeof owner.type !== 'object') return UNKNOWN;
  if ('map' in owner.type) return { type: owner.type.map };
  return 'fields' in owner.type ? named(fieldNamed(owner.type.fields, token), owner.path === undefined ? undefined : `${owner.path}.${token}`) : UNKNOWN;
}

const named = (field: FactField | undefined, path: string | undefined): Resolved => (field ? { type: field.type, ...(path !== undefined && { path }) } : UNKNOWN);

function indexed(tokens: readonly string[], end: number, variables: FactFields): Resolved {
  const open = opening(tokens, end);
  const owner = open > 0 && /^[\w)\]]/.test(tokens[open - 1]!) ? resolve(tokens, open - 1, variables) : undefined;
  return owner ? { type: itemOf(owner.type) } : { type: { list: 'dyn' } };
}

/** What a list or map holds. */
function itemOf(type: FactType): FactType {
  if (typeof type !== 'object' || 'fields' in type) return 'dyn';
  return 'list' in type ? type.list : type.map;
}

function called(tokens: readonly string[], end: number, variables: FactFields): Resolved {
  const open = opening(tokens, end);
  const name = tokens[open - 1];
  if (name === undefined || !NAME.test(name)) return UNKNOWN;
  if (name === 'filter' && tokens[open - 2] === '.') return { type: resolve(tokens, open - 3, variables).type };
  if (name === 'map') return { type: { list: 'dyn' } };
  if (Object.hasOwn(MACROS, name) || name === 'has') return { type: 'bool' };
  const gives = Object.hasOwn(METHODS, name) ? METHODS[name]!.overloads[0]?.gives : name === 'timestamp' || name === 'duration' || name === 'string' ? name : undefined;
  return { type: gives === undefined || gives === 'any' || gives === 'null' ? 'dyn' : gives === 'list' ? { list: 'dyn' } : gives === 'map' ? { map: 'dyn' } : gives };
}

/** Index of the bracket that the one at `end` closes, or -1. */
function opening(tokens: readonly string[], end: number): number {
  let depth = 0;
  for (let at = end; at >= 0; at--) {
    if (/^[)\]}]$/.test(tokens[at]!)) depth++;
    else if (/^[([{]$/.test(tokens[at]!) && --depth === 0) return at;
  }
  return -1;
}

/** The variables of macros whose parenthesis is still open: `documents.exists(d, ` binds `d` to a document. */
function boundNames(tokens: readonly string[], variables: FactFields): FactFields {
  const open: number[] = [];
  tokens.forEach((token, at) => {
    if (/^[([{]$/.test(token)) open.push(at);
    else if (/^[)\]}]$/.test(token)) open.pop();
  });
  let bound: FactFields = {};
  for (const at of open) {
    const [dot, macro, variable, comma] = [tokens[at - 2], tokens[at - 1], tokens[at + 1], tokens[at + 2]];
    if (tokens[at] !== '(' || dot !== '.' || !Object.hasOwn(MACROS, macro ?? '') || !NAME.test(variable ?? '') || comma !== ',') continue;
    const range = resolve(tokens, at - 3, { ...variables, ...bound }).type;
    const type = typeof range === 'object' && 'map' in range ? 'string' : itemOf(range);
    bound = { ...bound, [variable!]: { type, description: `Each item in turn, as \`${macro}()\` goes through them.` } };
  }
  return bound;
}
