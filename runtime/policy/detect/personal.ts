// Detectors for what identifies a person: each a shape, and a checksum or an allocation rule that tells it from any other text.

import { ibanLength, isCardNumber, isIban, isInternationalPhone, isNorthAmericanPhone, isPersonalAddress, isSsn } from './checksums.ts';
import type { Detector } from './detector.ts';
import { lexical } from './detector.ts';

export const PERSONAL_TYPES = ['email', 'phone', 'credit_card', 'iban', 'ssn', 'ip_address'] as const;
export type PersonalType = (typeof PERSONAL_TYPES)[number];

const digitsOf = (text: string): string => text.replace(/\D/g, '');
const isDigit = (char: string | undefined): boolean => char !== undefined && char >= '0' && char <= '9';

/** File names with an `@`, such as `logo@2x.png`, look like addresses; these top-level names do not exist. */
const FILE_ENDINGS = new Set(['png', 'jpg', 'jpeg', 'gif', 'svg', 'webp', 'avif', 'js', 'mjs', 'ts', 'tsx', 'jsx', 'css', 'scss', 'json', 'html', 'md', 'yaml', 'yml', 'txt', 'lock']);

const email = lexical({
  kind: 'email',
  head: "(?<![\\p{L}\\p{N}._%+-])[\\p{L}\\p{N}._%+-]{1,64}@(?:[\\p{L}\\p{N}-]{1,63}\\.){1,8}\\p{L}{2,24}",
  unicode: true,
  accept(text, start, end) {
    if (text.startsWith('git@', start) && text[end] === ':') return undefined;
    return FILE_ENDINGS.has(text.slice(text.lastIndexOf('.', end - 1) + 1, end).toLowerCase()) ? undefined : end;
  },
});

/**
 * With a `+`, a number of any country whose code is in use; without, one of North America, written in three groups. Numbers that are
 * reserved for fiction count too: a check against the ranges in use (libphonenumber) would let through what people try first, and an
 * old copy of those ranges what was assigned since.
 */
const international = lexical({
  kind: 'phone',
  head: '(?<![\\w+.\\/])\\+[1-9](?:[ .()\\/-]{0,3}\\d){7,14}',
  accept(text, start, end) {
    for (let until = isDigit(text[end]) ? lastGroup(text, start, end) : end; until > start; until = lastGroup(text, start, until)) {
      if (isInternationalPhone(digitsOf(text.slice(start, until).replace('(0)', '')))) return until;
    }
    return undefined;
  },
});
const northAmerican = lexical({
  kind: 'phone',
  head: '(?<![\\w+.\\/-])(?:1[ .-])?(?:\\(\\d{3}\\) ?|\\d{3}[ .-])\\d{3}[ .-]\\d{4}(?![\\w-]|\\.\\d)',
  accept: (text, start, end) => (isNorthAmericanPhone(digitsOf(text.slice(start, end)).slice(-10)) ? end : undefined),
});

/** Where the number ends without its last group of digits. */
function lastGroup(text: string, start: number, end: number): number {
  return start + (/[ .()/-]+\d+$/.exec(text.slice(start, end))?.index ?? 0);
}

const card = lexical({
  kind: 'credit_card',
  head: '(?<!\\w|\\d[.,])[2-6](?:[ -]?\\d){12,18}',
  accept(text, start, end) {
    for (let until = end; until - start >= 13; until--) {
      if (isDigit(text[until - 1]) && !/\w/.test(text[until] ?? '') && isCardNumber(digitsOf(text.slice(start, until)))) return until;
    }
    return undefined;
  },
});

const iban = lexical({
  kind: 'iban',
  head: '(?<![A-Za-z0-9])[A-Za-z]{2}\\d{2}(?: ?[A-Za-z0-9]){11,30}',
  accept(text, start, end) {
    let missing = ibanLength(text.slice(start, start + 2)) ?? Infinity;
    let until = start;
    while (until < end && missing > 0) if (text[until++] !== ' ') missing--;
    if (missing > 0 || /[A-Za-z0-9]/.test(text[until] ?? '')) return undefined;
    const number = text.slice(start, until).replaceAll(' ', '');
    return (number === number.toUpperCase() || number === number.toLowerCase()) && isIban(number) ? until : undefined;
  },
});

const acceptSsn = (text: string, start: number, end: number): number | undefined => (isSsn(digitsOf(text.slice(start, end))) ? end : undefined);
const ssn = lexical({ kind: 'ssn', head: '(?<![\\w-]|\\d[.,])\\d{3}(?:-\\d{2}-| \\d{2} )\\d{4}(?!\\w|-\\d)', accept: acceptSsn });
/** Without separators only where the text says what it is. */
const namedSsn = lexical({ kind: 'ssn', head: '(?<=\\b(?:ssn|social security(?: number)?)"?(?: is)?[ :#="]{1,4})\\d{9}(?!\\w)', ignoreCase: true, accept: acceptSsn });

const acceptAddress = (text: string, start: number, end: number): number | undefined => (isPersonalAddress(text.slice(start, end)) ? end : undefined);
const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = lexical({ kind: 'ip_address', head: `(?<![\\w.-])${BYTE}(?:\\.${BYTE}){3}(?![\\w-]|\\.\\d)`, accept: acceptAddress });
const ipv6 = lexical({
  kind: 'ip_address',
  head: '(?<![\\w:.])[0-9A-Fa-f]{1,4}(?::{1,2}[0-9A-Fa-f]{1,4}){2,7}(?![\\w:])',
  accept: (text, start, end) => (/\d/.test(text.slice(start, end)) ? acceptAddress(text, start, end) : undefined),
});

/** Detectors by the name under `pii_detection.types`. */
const PERSONAL: Readonly<Record<PersonalType, readonly Detector[]>> = {
  email: [email],
  phone: [international, northAmerican],
  credit_card: [card],
  iban: [iban],
  ssn: [ssn, namedSsn],
  ip_address: [ipv4, ipv6],
};

/** The detectors of these types; of all, when none are given. */
export function personalDetectors(types: readonly PersonalType[] = PERSONAL_TYPES): readonly Detector[] {
  return types.flatMap((type) => PERSONAL[type]);
}
