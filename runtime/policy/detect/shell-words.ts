// Words of a shell command after expansion, as far as it can be known before it runs: quotes are removed, braces and constant variables are filled in, the rest is marked.

import { forEachChild, type Assignment, type ParsedScript, type SyntaxNode, type Word as WordNode, type WordPart } from 'unbash';

/** One word that a program is given. */
export interface Word {
  /** Without quotes. What is not known stays as it was written: `$HOME/x`, `*.log`. */
  readonly text: string;
  /** `part`: its beginning is known, something in it is not. `whole`: it may be anything, an option or several words too. */
  readonly unknown?: 'part' | 'whole';
}

/** Values of variables that are the same wherever the script uses them. */
export type Constants = ReadonlyMap<string, string>;

/** The most words that braces may make of one. */
const MOST_WORDS = 64;
/** Built-ins that can change a variable in ways that are not seen here; a script that uses one has no constants. */
const CHANGES_VARIABLES = /\b(?:read|readarray|mapfile|unset|printf|eval|source|declare|local|typeset|getopts|let|IFS|for|select|case|coproc)\b|\(\(|(?:^|[;&|(\s])\.\s|:?=\}/;

/** What a word of the syntax tree becomes: itself mostly, several by braces or by splitting, none when it is empty without quotes. */
export function expandWord(node: WordNode, constants: Constants): Word[] {
  if (!node.parts) return [{ text: node.value }];
  let words: Word[] = [{ text: '' }];
  for (const part of node.parts) {
    const pieces = piecesOf(part, constants, node.parts.length === 1);
    if (words.length * pieces.length > MOST_WORDS) return [{ text: node.value, unknown: 'whole' }];
    words = words.flatMap((word) => pieces.map((piece) => joined(word, piece)));
  }
  return words;
}

/** A word that must be exactly one, such as the target of a redirection. */
export function oneWord(node: WordNode, constants: Constants): Word {
  const words = expandWord(node, constants);
  return words.length === 1 ? words[0]! : { text: node.value, unknown: 'whole' };
}

/** Variables that are assigned one value that is known, once, and by nothing else in the script. */
export function constantsOf(script: ParsedScript, source: string): Constants {
  const found = new Map<string, string>();
  if (!source.includes('=') || CHANGES_VARIABLES.test(source)) return found;
  const seen = new Set<string>();
  const visit = (node: SyntaxNode): void => {
    if (node.type === 'Assignment') note(node, seen, found);
    forEachChild(node, visit);
  };
  visit(script);
  return found;
}

function note({ name, value, append, index }: Assignment, seen: Set<string>, found: Map<string, string>): void {
  if (seen.has(name)) return void found.delete(name);
  seen.add(name);
  if (value.type !== 'Word' || append || index) return;
  const { text, unknown } = oneWord(value, new Map());
  if (unknown === undefined) found.set(name, text);
}

function joined(word: Word, piece: Word): Word {
  const unknown = word.unknown ?? (piece.unknown === 'whole' && word.text !== '' ? 'part' : piece.unknown);
  return { text: word.text + piece.text, ...(unknown && { unknown }) };
}

function piecesOf(part: WordPart, constants: Constants, alone: boolean): Word[] {
  switch (part.type) {
    case 'Literal': case 'SingleQuoted': case 'AnsiCQuoted': return [{ text: part.value }];
    case 'Glob': case 'ExtendedGlob': return [{ text: part.text, unknown: 'part' }];
    case 'BraceExpansion': return braces(part.text);
    case 'DoubleQuoted': case 'LocaleString': return [part.parts.map((inner) => piecesOf(inner, constants, false)[0]!).reduce(joined, { text: '' })];
    case 'SimpleExpansion': return variable(part.text.slice(1), part.text, constants, alone);
    case 'ParameterExpansion': return part.operation || part.prefix || part.index ? [{ text: part.text, unknown: 'whole' }] : variable(part.parameter, part.text, constants, alone);
    default: return [{ text: part.text, unknown: 'whole' }];
  }
}

/** Where a home directory begins is known, though not its name. */
const KNOWN_BEGINNING = new Set(['HOME', 'PWD']);

function variable(name: string, text: string, constants: Constants, alone: boolean): Word[] {
  const value = constants.get(name);
  if (value === undefined) return [{ text, unknown: KNOWN_BEGINNING.has(name) ? 'part' : 'whole' }];
  if (!/[\s*?[]/.test(value)) return [{ text: value }];
  return alone && !/[*?[]/.test(value) ? value.split(/\s+/).filter((each) => each !== '').map((each) => ({ text: each })) : [{ text: value, unknown: 'whole' }];
}

/** The alternatives of `{a,b}`. Braces in braces, quotes and ranges may be anything. */
function braces(text: string): Word[] {
  const inner = text.slice(1, -1);
  if (!inner.includes(',') || /[{}'"\\$`*?[]/.test(inner)) return [{ text, unknown: 'whole' }];
  return inner.split(',').map((each) => ({ text: each }));
}
