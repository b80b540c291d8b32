// A sentence that has to stand in a text, such as a disclaimer or a disclosure: whether it stands there, and where it is put in.

import type { TextPart } from '../../../protocol/action.ts';
import type { Redaction } from '../../../protocol/verdict.ts';
import { normalise } from '../detect/normalise.ts';

export const POSITIONS = ['prepend', 'append', 'footer'] as const;
export type Position = (typeof POSITIONS)[number];

/** Mark-up that no reader sees. */
const HIDDEN = /<!--[\s\S]{0,20000}?-->/g;
const HTML = /^\s*<(?:!doctype\s+html|html|head|body|div|p|table|h[1-6])\b/i;

/** True when a reader finds the sentence in one of the texts, whatever its case, its white space and the look of its letters. */
export function says(sentence: string): (texts: readonly { readonly text: string }[]) => boolean {
  const wanted = [sentence, escaped(sentence)].map((each) => normalise(each).text.trim());
  return (texts) => texts.some(({ text }) => {
    const read = normalise(text.replace(HIDDEN, ' ')).text;
    return wanted.some((each) => read.includes(each));
  });
}

/**
 * The insertion that puts the sentence into the first text (`prepend`) or the last one. Undefined where nothing can be put in: there is no
 * text, or it is JSON, which a sentence would break.
 */
export function insertion(sentence: string, position: Position, label: string, texts: readonly TextPart[]): Redaction | undefined {
  const part = position === 'prepend' ? texts[0] : texts.at(-1);
  if (!part || isJson(part.text)) return undefined;
  const at = HTML.test(part.text) ? inHtml(part.text, sentence, position) : inPlain(part.text, sentence, position);
  return { at: part.at, start: at.offset, end: at.offset, label, text: at.text };
}

interface Insertion {
  readonly offset: number;
  readonly text: string;
}

function inPlain(text: string, sentence: string, position: Position): Insertion {
  if (position === 'prepend') return { offset: 0, text: `${sentence}\n\n` };
  return { offset: text.length, text: `${text === '' ? '' : '\n\n'}${position === 'footer' ? '-- \n' : ''}${sentence}` };
}

/** Inside the body, where it is shown. */
function inHtml(text: string, sentence: string, position: Position): Insertion {
  const paragraph = `${position === 'footer' ? '<hr>' : ''}<p>${escaped(sentence)}</p>`;
  if (position === 'prepend') {
    const opening = /<body\b[^<>]{0,2000}>/i.exec(text);
    return { offset: opening ? opening.index + opening[0].length : 0, text: paragraph };
  }
  const closing = [...text.matchAll(/<\/(?:body|html)\s{0,20}>/gi)][0];
  return { offset: closing?.index ?? text.length, text: paragraph };
}

const escaped = (text: string): string => text.replace(/[&<>]/g, (char) => (char === '&' ? '&amp;' : char === '<' ? '&lt;' : '&gt;'));

function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
