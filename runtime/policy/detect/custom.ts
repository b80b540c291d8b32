// Patterns that people write: compiled by RE2, whose time is linear in the text whatever the pattern, and phrases.

import { RE2JS } from 're2js';
import type { Detector, Span } from './detector.ts';
import { lexical } from './detector.ts';
import { prefixOf } from './prefix.ts';

/** A pattern that cannot be used. The message names the pattern, says what is wrong and what to write instead. */
export class PatternError extends Error {
  constructor(name: string, pattern: string, why: string) {
    super(`pattern ${name}: /${pattern}/ ${why}`);
    this.name = 'PatternError';
  }
}

/** Compiles a pattern in RE2's syntax (https://github.com/google/re2/wiki/Syntax). Throws a PatternError. */
export function compilePattern(name: string, pattern: string): RE2JS {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    throw new PatternError(name, pattern, whyRefused(pattern, error instanceof Error ? error.message : String(error)));
  }
  if (compiled.matcher('').find()) throw new PatternError(name, pattern, 'matches the empty text, so it would be found everywhere: make some part of it mandatory');
  return compiled;
}

function whyRefused(pattern: string, message: string): string {
  if (/\(\?<?[=!]/.test(pattern)) return 'uses look-around, which cannot be matched in linear time: match the surrounding text too, or use \\b';
  if (/\\[1-9]|\\k</.test(pattern)) return 'uses a back-reference, which cannot be matched in linear time: write the alternatives out';
  return `is not a valid expression: ${message.replace(/^error parsing regexp: /, '')}`;
}

/** A detector for a person's own pattern. In a stream, a match is waited for over `WINDOW` code units at most. Throws a PatternError. */
export function customDetector(name: string, pattern: string): Detector {
  const expression = compilePattern(name, pattern);
  const open = RE2JS.compile(`${prefixOf(pattern)}\\z`);
  const label = labelOf(name);
  return {
    kind: name,
    label,
    find(text, from = 0) {
      const spans: Span[] = [];
      const matcher = expression.matcher(text);
      for (let at = from; at <= text.length && matcher.find(at); ) {
        const start = matcher.start();
        const end = matcher.end();
        if (end > start) spans.push({ start, end, label });
        at = end > start ? end : end + 1;
      }
      return spans;
    },
    holdBack(text, from = 0) {
      const matcher = open.matcher(text);
      return matcher.find(from) ? matcher.start() : text.length;
    },
  };
}

/** `internal code-name` becomes `INTERNAL_CODE_NAME`. */
export function labelOf(name: string): string {
  const label = name.normalize('NFKD').toUpperCase().replace(/[^A-Z0-9]+/g, '_').replace(/^[_0-9]+|_+$/g, '').slice(0, 40);
  return label || 'CUSTOM';
}

/** Finds a phrase in any case and with any white space between its words, as whole words only. */
export function phraseDetector(phrase: string): Detector {
  const words = phrase.trim().split(/\s+/).map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  return lexical({
    kind: phrase,
    label: 'BLOCKED_PHRASE',
    head: `(?<![\\p{L}\\p{N}_])${words.join('\\s{1,8}')}(?![\\p{L}\\p{N}_])`,
    ignoreCase: true,
    unicode: true,
  });
}
