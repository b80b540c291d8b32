// Personal data and credentials made up by a seeded generator, every check digit right, each in a sentence; and texts of the same look that are neither.

import { halfOf, type Half } from './threat-samples.ts';

/** A text with one thing in it, or with nothing (`kind` then says what it looks like). */
export interface GeneratedSample {
  readonly id: string;
  readonly kind: string;
  readonly text: string;
  readonly half: Half;
}

/** Whole numbers from 0 below `n`, the same row for the same seed (mulberry32, public domain). */
export type Dice = (n: number) => number;

export function dice(seed: number): Dice {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

const DIGITS = '0123456789';
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const LOWER = UPPER.toLowerCase();
const HEX = '0123456789abcdef';
const ALNUM = UPPER + LOWER + DIGITS;
const pick = <T>(roll: Dice, all: ArrayLike<T>): T => all[roll(all.length)]!;
const row = (roll: Dice, letters: string, length: number): string => Array.from({ length }, () => pick(roll, letters)).join('');
const groups = (text: string, sizes: readonly number[], between: string): string => {
  let at = 0;
  return sizes.map((size) => text.slice(at, (at += size))).join(between);
};

/** The digit that makes Luhn's sum end in 0. */
function luhnDigit(digits: string): string {
  const sum = [...digits].reverse().reduce((total, digit, at) => total + (at % 2 ? Number(digit) : [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][Number(digit)]!), 0);
  return String((10 - (sum % 10)) % 10);
}

const CARDS: readonly (readonly [start: string, length: number])[] = [['4', 16], ['51', 16], ['55', 16], ['2221', 16], ['2720', 16], ['34', 15], ['37', 15], ['6011', 16], ['65', 16], ['36', 14], ['3528', 16], ['3589', 16], ['62', 16], ['6759', 16]];

function card(roll: Dice): string {
  const [start, length] = pick(roll, CARDS);
  const body = start + row(roll, DIGITS, length - 1 - start.length);
  const number = body + luhnDigit(body);
  const sizes = length === 16 ? [4, 4, 4, 4] : length === 15 ? [4, 6, 5] : [4, 6, 4];
  return pick(roll, [number, groups(number, sizes, ' '), groups(number, sizes, '-')]);
}

/** Country and account number: n a digit, a a capital, c either. Structures from the IBAN registry of ISO 13616. */
const IBANS = ['DE nnnnnnnnnnnnnnnnnn', 'GB aaaannnnnnnnnnnnnn', 'FR nnnnnnnnnncccccccccccnn', 'ES nnnnnnnnnnnnnnnnnnnn', 'IT annnnnnnnnncccccccccccc', 'NL aaaannnnnnnnnn', 'BE nnnnnnnnnnnn', 'AT nnnnnnnnnnnnnnnn', 'CH nnnnncccccccccccc', 'PL nnnnnnnnnnnnnnnnnnnnnnnn', 'PT nnnnnnnnnnnnnnnnnnnnn', 'SE nnnnnnnnnnnnnnnnnnnn', 'NO nnnnnnnnnnn', 'DK nnnnnnnnnnnnnn', 'FI nnnnnnnnnnnnnn', 'IE aaaannnnnnnnnnnnnn', 'GR nnnnnnncccccccccccccccc', 'CZ nnnnnnnnnnnnnnnnnnnn', 'HU nnnnnnnnnnnnnnnnnnnnnnnn', 'RO aaaacccccccccccccccc', 'TR nnnnnncccccccccccccccc', 'SA nncccccccccccccccccc', 'AE nnnnnnnnnnnnnnnnnnn', 'MT aaaannnnncccccccccccccccccc', 'BR nnnnnnnnnnnnnnnnnnnnnnnac'];

function iban(roll: Dice): string {
  const [country, shape] = pick(roll, IBANS).split(' ') as [string, string];
  const body = [...shape].map((each) => pick(roll, each === 'n' ? DIGITS : each === 'a' ? UPPER : UPPER + DIGITS)).join('');
  const number = [...`${body}${country}00`].map((char) => Number.parseInt(char, 36)).join('');
  const whole = `${country}${String(98n - (BigInt(number) % 97n)).padStart(2, '0')}${body}`;
  return roll(2) ? whole : whole.replace(/.{4}(?=.)/g, '$& ');
}

function ssn(roll: Dice): string {
  const area = String(1 + roll(899));
  return [area === '666' ? '123' : area.padStart(3, '0'), String(1 + roll(99)).padStart(2, '0'), String(1 + roll(9999)).padStart(4, '0')].join(roll(4) ? '-' : ' ');
}

const NAMES = ['ann', 'bob.miller', 'j.o-hara', 'maria_lopez', 'sven+news', 'li.wei88', 'fatima.z', 'k%r', 'o_o'];
const DOMAINS = ['example.com', 'mail.example.co.uk', 'firma.example.de', 'uni-x.example.edu', 'example.photography', 'bücher.example', 'a.b.example.org'];
const email = (roll: Dice): string => `${pick(roll, NAMES)}@${pick(roll, DOMAINS)}`;

const PHONES = ['+1 (2nn) 555-nnnn', '2nn-555-nnnn', '(3nn) 555-nnnn', '+49 30 nnnnnnn', '+49 (0)151 nnnnnnnn', '+44 20 79nn nnnn', '+33 1 4n nn nn nn', '+34 91n nnn nnn', '+39 06 nnnn nnnn', '+81 3-nnnn-nnnn', '+86 138 nnnn nnnn', '+91 98nnn nnnnn', '+55 11 9nnnn-nnnn', '+61 4nn nnn nnn', '+41 44 nnn nn nn', '+3531nnnnnnn', '1-8nn-555-nnnn', '4nn.555.nnnn'];
const phone = (roll: Dice): string => pick(roll, PHONES).replace(/n/g, () => String(2 + roll(8))).replace(/(?<=[2348])(?:11)/, '23');

const token = (start: string, letters: string, length: number) => (roll: Dice): string => start + row(roll, letters, length);
const b64url = `${ALNUM}-_`;
const json = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function pem(roll: Dice): string {
  const name = pick(roll, ['RSA ', 'EC ', 'OPENSSH ', '']);
  const start = name === 'OPENSSH ' ? 'b3BlbnNzaC1rZXktdjEAAAAA' : 'MIIEvQIBADANBgkqhkiG9w0B';
  return `-----BEGIN ${name}PRIVATE KEY-----\n${start}${row(roll, `${ALNUM}+/`, 40)}\n${Array.from({ length: 4 }, () => row(roll, `${ALNUM}+/`, 64)).join('\n')}\n-----END ${name}PRIVATE KEY-----`;
}

/** What is personal, by kind. */
export const PERSONAL_MAKERS: Readonly<Record<string, (roll: Dice) => string>> = { credit_card: card, iban, ssn, email, phone };

/** Credentials by who gives them out. The formats are those that the issuers publish; every value is dice. */
export const CREDENTIAL_MAKERS: Readonly<Record<string, (roll: Dice) => string>> = {
  aws_key_id: token('AKIA', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16),
  aws_secret: (roll) => `AWS_SECRET_ACCESS_KEY=${row(roll, `${ALNUM}/+`, 39)}A`,
  github_classic: (roll) => token(`gh${pick(roll, 'pousr')}_`, ALNUM, 36)(roll),
  github_fine_grained: (roll) => `github_pat_${row(roll, ALNUM, 22)}_${row(roll, ALNUM, 59)}`,
  gitlab: token('glpat-', ALNUM, 20),
  npm: token('npm_', ALNUM, 36),
  openai: (roll) => `sk-proj-${row(roll, b64url, 74)}T3BlbkFJ${row(roll, ALNUM, 74)}`,
  anthropic: (roll) => `sk-ant-api03-${row(roll, b64url, 93)}AA`,
  google_api: token('AIza', b64url, 35),
  slack_bot: (roll) => `xoxb-${row(roll, DIGITS, 12)}-${row(roll, DIGITS, 12)}-${row(roll, ALNUM, 24)}`,
  slack_hook: (roll) => `https://hooks.slack.com/services/T${row(roll, UPPER, 8)}/B${row(roll, UPPER, 8)}/${row(roll, ALNUM, 24)}`,
  stripe: (roll) => `${pick(roll, ['sk', 'rk'])}_${pick(roll, ['live', 'test'])}_${row(roll, ALNUM, 24 + roll(60))}`,
  sendgrid: (roll) => `SG.${row(roll, ALNUM, 22)}.${row(roll, ALNUM, 43)}`,
  shopify: (roll) => `${pick(roll, ['shppa', 'shpca', 'shpat', 'shpss'])}_${row(roll, HEX, 32)}`,
  grafana_cloud: token('glc_', ALNUM, 80),
  grafana_account: (roll) => `glsa_${row(roll, ALNUM, 32)}_${row(roll, HEX, 8)}`,
  groq: token('gsk_', ALNUM, 52),
  hugging_face: token('hf_', UPPER + LOWER, 34),
  linear: token('lin_api_', ALNUM, 40),
  notion: (roll) => `ntn_${row(roll, DIGITS, 11)}${row(roll, ALNUM, 35)}`,
  one_password: (roll) => `ops_eyJ${row(roll, ALNUM, 240)}fQ`,
  vault: token('hvs.', b64url.slice(0, 62), 95),
  vercel: (roll) => `vc${pick(roll, 'piark')}_${row(roll, ALNUM, 24)}`,
  databricks: token('dapi', HEX, 32),
  docker: token('dckr_pat_', ALNUM, 27),
  figma: token('figd_', ALNUM, 40),
  cloudflare: (roll) => `cf${pick(roll, ['k', 'ut', 'at'])}_${row(roll, ALNUM, 40)}${row(roll, HEX, 8)}`,
  tailscale: (roll) => `tskey-auth-${row(roll, ALNUM, 17)}-${row(roll, ALNUM, 32)}`,
  database_url: (roll) => `${pick(roll, ['postgres', 'mysql', 'mongodb'])}://app:${row(roll, ALNUM, 14)}@db.internal.example:5432/crm`,
  basic_auth_url: (roll) => `https://bob:${row(roll, ALNUM, 12)}@files.example.com/`,
  private_key: pem,
  jwt: (roll) => `${json({ alg: 'HS256', typ: 'JWT' })}.${json({ sub: row(roll, DIGITS, 8), iat: 1_700_000_000 + roll(1e6) })}.${row(roll, b64url, 43)}`,
  password: (roll) => `password: "${row(roll, `${ALNUM}!?%`, 12)}"`,
};

/** What looks like one of these and is none. */
const LOOKALIKES: Readonly<Record<string, (roll: Dice) => string>> = {
  'order number': (roll) => { const body = `4${row(roll, DIGITS, 14)}`; return body + String((Number(luhnDigit(body)) + 1 + roll(8)) % 10); },
  'bank number with a wrong check': (roll) => `DE00${row(roll, DIGITS, 18)}`,
  'number of a form': (roll) => `9${row(roll, DIGITS, 2)}-${row(roll, DIGITS, 2)}-${row(roll, DIGITS, 4)}`,
  'commit': (roll) => row(roll, HEX, 40),
  'checksum': (roll) => row(roll, HEX, 64),
  'uuid': (roll) => groups(row(roll, HEX, 32), [8, 4, 4, 4, 12], '-'),
  'version': (roll) => `${roll(30)}.${roll(30)}.${roll(300)}-rc.${roll(9)}`,
  'random base64': (roll) => row(roll, `${ALNUM}+/`, 64),
  'part number': (roll) => `PN-${row(roll, DIGITS, 3)}-${row(roll, DIGITS, 3)}-${row(roll, UPPER, 2)}${row(roll, DIGITS, 4)}`,
  'time stamp': (roll) => `2026-0${1 + roll(9)}-1${roll(10)}T1${roll(10)}:3${roll(10)}:00.${row(roll, DIGITS, 3)}Z`,
  'milliseconds': (roll) => `17${row(roll, DIGITS, 11)}`,
  'css class': (roll) => `sk-${pick(roll, ['loading', 'folding', 'fading'])}-circle-${row(roll, LOWER, 9)}-container`,
  'address without a password': (roll) => `https://user${roll(99)}.example.com:8443/path?id=${row(roll, DIGITS, 9)}`,
  'scoped package': (roll) => `@scope/pkg@^${roll(9)}.${roll(20)}.0`,
  'a variable for a password': (roll) => pick(roll, ['password: string', 'const password = getPassword();', 'password=$DB_PASSWORD', 'api_key: ${{ secrets.API_KEY }}', 'token = process.env.TOKEN']),
  'prose': (roll) => pick(roll, ['The password policy asks for twelve characters.', 'Rotate your secret keys every ninety days.', 'Bearer tokens expire after an hour.', 'She lives at number 12, above the bakery.', 'Call the plumber before five, and pay by card.']),
};

const SENTENCES = ['Please use {} for this.', '{}', 'value={}\n', 'We have it on file: {}. Thank you.', '{"value": "{}"}', '- {}\n- next', 'see `{}` in the log', 'note\t{}\tend'];

/** `each` samples of every kind; the same for the same seed. */
export function generated(makers: Readonly<Record<string, (roll: Dice) => string>>, each: number, seed: number): GeneratedSample[] {
  return Object.entries(makers).flatMap(([kind, make], group) => {
    const roll = dice(seed + group * 7919);
    return Array.from({ length: each }, (_, index) => {
      const id = `${seed}/${kind}/${index}`;
      return { id, kind, text: pick(roll, SENTENCES).replace('{}', () => make(roll)), half: halfOf(id) };
    });
  });
}

export const lookalikes = (each: number, seed: number): GeneratedSample[] => generated(LOOKALIKES, each, seed);
