// The cursor in the words of the language: what may stand here, and in a policy of which category.

import { fieldAt, shapeAt } from '../../runtime/policy/describe.ts';
import type { Field, Shape } from '../../runtime/policy/describe.ts';
import type { Cursor, GovernanceDocument, Path } from '../../runtime/policy/document.ts';

export interface Place {
  readonly cursor: Cursor;
  /** `cursor.path`, and where the cursor is on a key that key as well. */
  readonly full: Path;
  readonly onKey: boolean;
  readonly word: string;
  /** Category of the policy around the cursor, as it is written. */
  readonly category: string | undefined;
  /** Name of that policy, and the disposition it begins with, where they are written. */
  readonly name: string | undefined;
  readonly begins: string | undefined;
  /** What `cursor.path` may hold. */
  readonly shape: Shape | undefined;
  /** The key that `full` ends in; for a list item that of its list. */
  readonly field: Field | undefined;
  /** Text of the line before the word. */
  readonly before: string;
}

export function placeAt(document: GovernanceDocument, offset: number): Place {
  const cursor = document.cursor(offset);
  const word = document.text.slice(cursor.word.start, cursor.word.end);
  const category = wordOf(document, cursor, 'category');
  const onKey = word !== '' && (cursor.where === 'key' || isFirstKey(document, cursor));
  const full = onKey ? [...cursor.path, word] : cursor.path;
  const lineStart = document.text.lastIndexOf('\n', cursor.word.start - 1) + 1;
  return { cursor, onKey, full, word, category, name: wordOf(document, cursor, 'name'), begins: wordOf(document, cursor, 'on_violation'), shape: shapeAt(cursor.path, category), field: fieldAt(full, category), before: document.text.slice(lineStart, cursor.word.start) };
}

/** `- key: …`: an item that turns out to be a mapping. */
function isFirstKey(document: GovernanceDocument, { path, word }: Cursor): boolean {
  return typeof path.at(-1) === 'number' && /^["']?[ \t]*:(\s|$)/.test(document.text.slice(word.end, word.end + 80));
}

/** One word that the policy around the cursor says under a key. Read from the text, because the policy need not parse while it is being written. */
function wordOf(document: GovernanceDocument, { path, part }: Cursor, name: string): string | undefined {
  if (path[0] !== 'policies' || path.length < 2) return undefined;
  const key = document.keys(part).find((each) => each.path.length === 3 && each.path[0] === 'policies' && each.path[1] === path[1] && each.path[2] === name);
  return key && /^["']?[ \t]*:[ \t]+["']?([\w-]+)/.exec(document.text.slice(key.key.end, key.key.end + 200))?.[1];
}
