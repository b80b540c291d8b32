// Check digits and allocation rules that tell a real number from any other row of digits.

import ipaddr from 'ipaddr.js';

/** Luhn's formula (ISO/IEC 7812-1, annex B) over a row of digits. */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = digits.length - 1, twice = false; i >= 0; i--, twice = !twice) {
    const digit = digits.charCodeAt(i) - 48;
    sum += twice ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
  }
  return sum % 10 === 0;
}

/** Number ranges and lengths of card schemes: Visa, Mastercard, American Express, Diners, Discover, JCB, UnionPay, Maestro. */
const CARD_SCHEMES: readonly RegExp[] = [
  /^4(?:\d{12}|\d{15}|\d{18})$/,
  /^(?:5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12})$/,
  /^3[47]\d{13}$/,
  /^3(?:0[0-59]|[689]\d)\d{11}(?:\d{2})?$/,
  /^(?:6011|64[4-9]\d|65\d\d)\d{12}(?:\d{3})?$/,
  /^35(?:2[89]|[3-8]\d)\d{12}$/,
  /^62\d{14,17}$/,
  /^(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}$/,
];

export function isCardNumber(digits: string): boolean {
  return CARD_SCHEMES.some((scheme) => scheme.test(digits)) && luhn(digits) && !/^(\d)\1*$/.test(digits);
}

/** Lengths by country, from the IBAN registry that SWIFT keeps for ISO 13616. */
const IBAN_LENGTHS: Readonly<Record<string, number>> = Object.fromEntries(
  ('AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 '
    + 'GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 '
    + 'PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30')
    .split(' ').map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** Length of an IBAN of this country in characters, without spaces. */
export function ibanLength(country: string): number | undefined {
  return IBAN_LENGTHS[country.toUpperCase()];
}

/** ISO 7064 mod 97-10 over an IBAN without spaces. */
export function isIban(text: string): boolean {
  const iban = text.toUpperCase();
  if (iban.length !== ibanLength(iban.slice(0, 2))) return false;
  let rest = 0;
  for (const char of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(char, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/** Numbers that the Social Security Administration may have issued: area not 000, 666 or 9xx, group not 00, serial not 0000. */
export function isSsn(digits: string): boolean {
  return /^(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$/.test(digits);
}

/** Country codes in use (ITU-T E.164). A prefix of any longer code is none. */
const CALLING_CODE = /^(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|(?:2[1-69]|3[578]|42|5[09]|6[7-9]|8[0578]|9[679])\d)/;

/** An international number, digits only and without `+`: a country code in use, 9 to 15 digits; ten after code 1, with its own rules. */
export function isInternationalPhone(digits: string): boolean {
  if (digits.startsWith('1')) return digits.length === 11 && isNorthAmericanPhone(digits.slice(1));
  return digits.length >= 9 && digits.length <= 15 && CALLING_CODE.test(digits);
}

/** Ten digits of the North American plan: the area begins with 2 to 9 and is no service code (N11). Exchanges such as 123 are never given out, but written in their place. */
export function isNorthAmericanPhone(digits: string): boolean {
  return /^[2-9](?!11)\d{2}[1-9]\d{6}$/.test(digits);
}

/** An address that may point to somebody: neither loopback nor unspecified nor broadcast. */
export function isPersonalAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const range = ipaddr.parse(text).range();
  return range !== 'loopback' && range !== 'unspecified' && range !== 'broadcast';
}
