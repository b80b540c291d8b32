// What goes wrong with a governance file: values of other types, hostile texts, YAML that means something else than it looks, and files cut off or cut up.

import { stringify } from 'yaml';
import { KNOWN_KEYS, type Mapping, policy } from './governance.ts';
import type { Random } from './random.ts';

/** Texts that some reader of them could take ill. */
export const HOSTILE: readonly unknown[] = [
  null, true, 0, -1, 1e308, -1e308, 2 ** 53, 1e21, 0.1, NaN, Infinity, '', ' ', '\u0000', '\ud800', '\u202e', '\ufeff', 'а', 'ａgent', 'Ⅷ', 'x'.repeat(5_000), '__proto__', 'constructor', 'toString', '9'.repeat(400),
  '(a+)+$', '(a|a)*b', '^(([a-z])+.)+[A-Z]([a-z])+$', '(?=x)', '[', '(', '\\', 'a{1000000}', '(a{1000}){1000}', '(?:'.repeat(300), '*'.repeat(300), '*a'.repeat(100), '?*'.repeat(100), '**/**/*', '{a,b}{c,d}', '!*',
  '1 + ', 'true', 'agent.matches("(a+)+$")', '(('.repeat(200), '!'.repeat(400) + 'true', 'a'.repeat(50) + ' == 1', '[1,2,3].map(x, [1,2,3].map(y, [1,2,3].map(z, x*y*z)))', '"a" + '.repeat(200) + '"b"', 'args["__proto__"]', '9223372036854775808', '1/0 == 1',
  'select * from x; drop table y', '2026-13-45', 'yes', 'on', '0x7f', '1_000', '1:30', '<<', '=', '~', '${HOME}', '../../etc', 'https://[::', 'javascript:1', [], {}, [[]], [null], { a: { a: { a: { a: {} } } } }, nested(80),
];
const KEYS = [...KNOWN_KEYS];
const CONFUSABLE: Readonly<Record<string, string>> = { a: 'а', e: 'е', o: 'о', c: 'с', p: 'р', i: 'і', s: 'ѕ' };
const GARBAGE_KEYS = ['x', 'Mode', 'MODE', 'mode ', ' mode', 'scope.', 'enabled?', '__proto__', 'constructor', 'on-violation', 'onViolation', 'rules2', '<<', '', '0', 'null', 'true', '!mode', 'mоde', 'ѕcope', 'rulеs', 'disable', 'priority', 'exempt', 'allow'];

/** The value with one to three places changed. */
export function mutatedValue(file: Mapping, random: Random): Mapping {
  const copy = structuredClone(file);
  for (let left = 1 + random.below(3); left > 0; left--) {
    const places = placesOf(copy);
    const { holder, key } = random.of(places);
    const owner = holder as Record<string | number, unknown>;
    switch (random.below(5)) {
      case 0: owner[key] = structuredClone(random.of(HOSTILE)); break;
      case 1: if (Array.isArray(holder)) holder.splice(Number(key), 1); else delete owner[key]; break;
      case 2: owner[key] = structuredClone(random.of(places).value); break;
      case 3: if (typeof key === 'string') rename(owner, key, disguised(key, random)); break;
      default: owner[key] = wrapped(owner[key], random);
    }
  }
  return copy;
}

/** The same file with more in it that nobody asked for: keys that do not exist, and policies that do not replace others. */
export function withGarbage(file: Mapping, random: Random): Mapping {
  const copy = structuredClone(file);
  const policies = copy['policies'] as Mapping[];
  if (random.once(2)) policies.splice(random.below(policies.length + 1), 0, policy(random, `extra-${random.below(3)}`));
  if (!random.once(3)) return copy;
  const mappings = [copy, ...policies, ...policies.map(({ rules }) => rules as Mapping)];
  const key = random.once(2) ? random.of(GARBAGE_KEYS) : disguised(random.of(KEYS), random);
  if (!KNOWN_KEYS.has(key)) Object.defineProperty(random.of(mappings), key, { value: structuredClone(random.of([...HOSTILE, 'off', 'allow', 'shadow'])), enumerable: true, configurable: true, writable: true });
  return copy;
}

const TOKENS = ['\n', '\n\n', '  ', '- ', ': ', '"', "'", '[', ']', '{', '}', '#', '*x', '&x ', '*x\n', '!', '!!binary ', '!!map ', '|', '>', '|2\n', '\t', '\r', '\r\n', '\n---\n', '\n...\n', '? ', ', ', '@', '`', '%YAML 1.1\n', '\u0000', '\u0085', '\u2028', '\ufeff', '<<: *x\n', '<<: {mode: off}\n', 'policies:\n', '\npolicies: []\n', '\n  - name: x\n', '\n    mode: off\n', 'mode: off', '# ', '\nagents:\n', '\n"policies": []\n', '\n? policies\n: []\n'];

/** The text with one to four stretches changed, or a YAML bomb put in. */
export function mutatedText(text: string, random: Random): string {
  let changed = text;
  for (let left = 1 + random.below(4); left > 0; left--) {
    const [at, other] = [random.below(changed.length + 1), random.below(changed.length + 1)];
    switch (random.below(9)) {
      case 0: case 1: changed = changed.slice(0, at) + random.of(TOKENS) + changed.slice(at); break;
      case 2: changed = changed.slice(0, at) + changed.slice(at + random.below(12)); break;
      case 3: changed = changed.slice(0, at) + changed.slice(other, other + 30) + changed.slice(at); break;
      case 4: changed = changed.slice(0, at); break;
      case 5: changed = lineEdit(changed, random); break;
      case 6: changed = changed.replaceAll(random.of(['  ', '\n', ': ', 'rules']), random.of(['\t', '\r\n', '\n\n', ':  ', '   ', 'rules'])); break;
      case 7: changed = random.once(6) ? `${bomb(random)}${changed}` : changed + random.of(TOKENS); break;
      default: changed = changed.slice(0, at) + [...changed.slice(at, at + 1)].map((letter) => CONFUSABLE[letter] ?? letter.toUpperCase()).join('') + changed.slice(at + 1);
    }
  }
  return changed;
}

/** Block or flow style, as people and as machines write it. */
export function written(file: Mapping, random: Random): string {
  return random.once(5) ? JSON.stringify(file, null, random.of([0, 2])) : stringify(file, { aliasDuplicateObjects: false, indentSeq: random.once(2), lineWidth: random.of([0, 80]) });
}

function lineEdit(text: string, random: Random): string {
  const lines = text.split('\n');
  const at = random.below(lines.length);
  const line = lines[at]!;
  const edits: readonly (() => unknown)[] = [() => lines.splice(at, 1), () => lines.splice(at, 0, line), () => { lines[at] = ` ${line}`; }, () => { lines[at] = line.replace(/^ /, ''); }, () => { lines[at] = line.replace(/: (.*)$/, ':'); }, () => { lines[at] = `# ${line}`; }, () => lines.splice(random.below(lines.length), 0, line)];
  random.of(edits)();
  return lines.join('\n');
}

/** Aliases that grow tenfold with each line, or brackets without end. */
function bomb(random: Random): string {
  if (random.once(2)) return `deep: ${'['.repeat(20 + random.below(3_000))}\n`;
  return Array.from({ length: 8 }, (_, index) => `b${index}: &b${index} [${Array.from({ length: 9 }, () => (index === 0 ? 'x' : `*b${index - 1}`)).join(', ')}]\n`).join('');
}

interface Slot {
  readonly holder: object;
  readonly key: string | number;
  readonly value: unknown;
}

function placesOf(value: unknown, found: Slot[] = [], depth = 0): Slot[] {
  if (typeof value !== 'object' || value === null || depth > 12 || found.length > 400) return found;
  for (const [key, item] of Object.entries(value)) {
    found.push({ holder: value, key, value: item });
    placesOf(item, found, depth + 1);
  }
  return found.length > 0 ? found : [{ holder: value, key: 'x', value: undefined }];
}

function rename(owner: Record<string, unknown>, from: string, to: string): void {
  const value = owner[from];
  delete owner[from];
  Object.defineProperty(owner, to, { value, enumerable: true, configurable: true, writable: true });
}

function disguised(key: string, random: Random): string {
  const at = random.below(key.length + 1);
  const letter = key[at] ?? '';
  return random.of([key.slice(0, at) + (CONFUSABLE[letter] ?? 'x') + key.slice(at + 1), key.toUpperCase(), `${key} `, key.slice(0, at) + key.slice(at + 1), key.replaceAll('_', '-'), `${key}s`]);
}

function wrapped(value: unknown, random: Random): unknown {
  const text = String(typeof value === 'object' ? JSON.stringify(value) : value);
  return random.of<() => unknown>([() => [value], () => ({ [text.slice(0, 20)]: value }), () => text, () => Number(text), () => Array.from({ length: 50 }, () => value), () => ` ${text} `])();
}

function nested(depth: number): unknown {
  return depth === 0 ? 'x' : [nested(depth - 1)];
}
