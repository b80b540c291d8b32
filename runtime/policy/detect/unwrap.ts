// Takes text out of its wrappings: encodings that a model reads as easily as plain text, letters set apart, and characters that no person sees.

/** A stretch of the original and what it says; without `inner` its mere presence is the sign. */
export interface Unwrapped {
  readonly start: number;
  readonly end: number;
  readonly inner?: string;
  /** Reads on after the name of what was found. */
  readonly how: string;
}

/** At most this many wrapped stretches of a text are opened, the first ones. */
const MOST = 64;

/** What is wrapped in `text`, one layer deep; `folded` is the same text normalised, which tells cheaply what need not be tried. */
export function unwrapped(text: string, folded: string): Unwrapped[] {
  return [
    ...stretches(text, /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,8192}={0,2}/g, 'in base64', fromBase64),
    ...stretches(text, /(?<![0-9A-Za-z%=\\])(?:[0-9a-fA-F]{2}[ :]?){12,4096}(?![0-9A-Za-z])/g, 'in hexadecimal', fromHex),
    ...escaped(text),
    ...stretches(text, /(?<![A-Za-z])(?:[A-Za-z][ ._*|\\-]{1,3}){8,600}[A-Za-z](?![A-Za-z])/g, 'in letters set apart', fromApart),
    ...(ROT13.test(folded) ? [{ start: 0, end: text.length, inner: rot13(text), how: 'in rot13' }] : []),
    ...(BACKWARDS.test(folded) ? [{ start: 0, end: text.length, inner: [...text].reverse().join(''), how: 'backwards' }] : []),
    ...(LEET.test(folded) ? [{ start: 0, end: text.length, inner: fromLeet(text), how: 'in digits for letters' }] : []),
    ...(/[^\x00-\u1fff]/.test(text) ? unseen(text) : []),
  ];
}

function stretches(text: string, shape: RegExp, how: string, decode: (found: string) => string | undefined): Unwrapped[] {
  const all: Unwrapped[] = [];
  for (const match of text.matchAll(shape)) {
    const inner = decode(match[0]);
    if (inner !== undefined) all.push({ start: match.index, end: match.index + match[0].length, inner, how });
    if (all.length === MOST) break;
  }
  return all;
}

function fromBase64(run: string): string | undefined {
  const body = run.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/');
  try {
    return readable(Uint8Array.from(atob(body.length % 4 === 1 ? body.slice(0, -1) : body), (char) => char.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

function fromHex(run: string): string | undefined {
  return readable(Uint8Array.from(run.match(/[0-9a-fA-F]{2}/g) ?? [], (pair) => Number.parseInt(pair, 16)));
}

function readable(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return /[\0-\x08\x0e-\x1f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Percent signs, backslashes, HTML entities, quoted-printable. A few are ordinary; from this many on they are read. */
const ESCAPES = /%([0-9a-fA-F]{2})|\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|&#x([0-9a-fA-F]{2,5});|&#(\d{2,6});|=([0-9A-F]{2})/g;
const FEW = 6;

function escaped(text: string): Unwrapped[] {
  const all = [...text.matchAll(ESCAPES)];
  if (all.length < FEW) return [];
  const last = all.at(-1)!;
  const [start, end] = [all[0]!.index, last.index + last[0].length];
  const inner = text.replace(ESCAPES, (_, percent?: string, x?: string, u?: string, entity?: string, decimal?: string, quoted?: string) => {
    const code = decimal === undefined ? Number.parseInt(percent ?? x ?? u ?? entity ?? quoted ?? '', 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : '';
  });
  return [{ start, end, inner, how: 'in escapes' }];
}

/** Set apart, words run together: the commonest order is put back with its spaces. */
function fromApart(run: string): string | undefined {
  const squeezed = run.replace(/[^A-Za-z]/g, '').toLowerCase();
  return /(ignore|disregard|forget|override|bypass)(all|any|the|your|my)*(previous|prior|above|earlier|system)/.test(squeezed) ? 'ignore all previous instructions' : squeezed;
}

const rot13 = (text: string): string => text.replace(/[a-z]/gi, (char) => String.fromCharCode(char.charCodeAt(0) + (char.toLowerCase() < 'n' ? 13 : -13)));
const ROT13 = /\b(?:vtaber|qvfertneq|sbetrg|bireevqr|erirny|vafgehpgvbaf?|cebzcg)\b/;
const BACKWARDS = /\b(?:snoitcurtsni|erongi|tpmorp|dragersid)\b/;

const LEET_WORDS = ['ignore', 'disregard', 'instruction', 'override', 'reveal', 'previous', 'bypass', 'prompt', 'system'];
const LEET_FORMS: Readonly<Record<string, string>> = { a: '[a4@]', e: '[e3]', i: '[i1!|]', o: '[o0]', s: '[s5$]', t: '[t7+]', l: '[l1|]', g: '[g9]', b: '[b8]' };
/** One of the words with at least one of its letters written as a digit or sign. */
const LEET = new RegExp(LEET_WORDS.map((word) => `(?!${word})${[...word].map((letter) => LEET_FORMS[letter] ?? letter).join('')}`).join('|'));
const LEET_BACK: Readonly<Record<string, string>> = { 4: 'a', '@': 'a', 3: 'e', 1: 'i', '!': 'i', '|': 'i', 0: 'o', 5: 's', $: 's', 7: 't', '+': 't', 9: 'g', 8: 'b' };

function fromLeet(text: string): string {
  return text.replace(/[4@31!|05$7+98]/g, (sign) => LEET_BACK[sign]!);
}

/** Tag characters (ASCII moved to U+E0000; those after a black flag spell a region), variation selectors that carry bytes, rows of zero-width characters. */
function unseen(text: string): Unwrapped[] {
  const found: Unwrapped[] = [];
  for (const match of text.matchAll(/(?<!\u{1f3f4})(?<![\u{e0020}-\u{e007f}])[\u{e0020}-\u{e007e}]{3,4096}|(?:[\u{e0100}-\u{e01ef}]){4,4096}|[\u200b\u200c\u2060-\u2064]{4,4096}/gu)) {
    found.push({ start: match.index, end: match.index + match[0].length, how: 'text that nobody sees' });
    if (found.length === MOST) break;
  }
  return found;
}
