// Holds our programs to the reference interpreter: for random expressions, typed and ill-typed, the same value or an error in both.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { evaluateBoxed } from './check.ts';
import { EvaluationError, type CelEnvironment } from './expression.ts';
import { Unsuitable } from './generate.ts';
import { libraryFor } from './library.ts';

const described = (type: CelEnvironment['variables'][string]['type']) => ({ type, description: '' });
const ENVIRONMENT: CelEnvironment = {
  variables: {
    i: described('int'), j: described('int'), d: described('double'), s: described('string'), b: described('bool'), t: described('timestamp'), u: described('duration'),
    x: described('dyn'), y: described('dyn'), m: described({ map: 'dyn' }), l: described({ list: 'string' }), gone: described('int'),
  },
};

const variablesFor = (seed: readonly unknown[]) => {
  const [i, j, d, s, b, t, u, x, y, m, l] = seed as [number, number, number, string, boolean, number, string, unknown, unknown, object, string[]];
  const { environment } = libraryFor(ENVIRONMENT);
  const ours = { i, j, d, s, b, t, u: environment.evaluate(`duration("${u}")`) as unknown, x, y, m, l };
  return { ours, theirs: { ...ours, i: BigInt(i), j: BigInt(j), t: new Date(t) } };
};

const json = fc.oneof(fc.constantFrom<unknown>(0, 1, 2, 1.5, 'a', 'ab', '', true, false, null, 1n, 2n), fc.array(fc.constantFrom<unknown>(1, 'a', 2n, null), { maxLength: 3 }), fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom<unknown>(1, 'a', true, [1]), { noNullPrototype: true }));
const facts = fc.tuple(
  fc.constantFrom(0, 1, -3, 7, Number.MAX_SAFE_INTEGER), fc.constantFrom(0, 2, -1, 5), fc.constantFrom(0, 1.5, -2, 1e300, Infinity), fc.constantFrom('', 'a', 'ab', '😀b'), fc.boolean(),
  fc.constantFrom(Date.UTC(2026, 0, 5, 12), Date.UTC(2024, 1, 29, 23, 59, 59, 999)), fc.constantFrom('90s', '1h30m', '-1.5h', '5ms'), json, json,
  fc.dictionary(fc.constantFrom('a', 'b'), json, { noNullPrototype: true }), fc.array(fc.constantFrom('a', 'b', 'ab'), { maxLength: 3 }),
).map(variablesFor);

const ATOMS = ['i', 'j', 'd', 's', 'b', 't', 'u', 'x', 'y', 'm', 'l', 'gone', 'm.a', 'm.b', 'x.a', 'm.a.b', 'x[0]', 'l[0]', 'l[i]', 'm["a"]', '0', '1', '2', '-1', '9223372036854775807', '1.5', '0.0', '"a"', '"ab"', '""', 'true', 'false', 'null', '[]', '[1, 2]', '["a", "b"]', '{"a": 1}', 'dyn(1)', 'dyn("a")', 'dyn(2.0)', 'duration("90s")', 'duration("5ms")', 'timestamp("2026-01-05T12:00:00Z")', 'has(m.a)', 'has(x.a)', 'has(m.a.b)', 'v'];
const OPERATORS = ['==', '!=', '<', '<=', '>', '>=', '+', '-', '*', '/', '%', 'in', '&&', '||', '&&', '||'];
const METHODS = ['size()', 'lowerAscii()', 'upperAscii()', 'trim()', 'getHours()', 'getDayOfWeek()', 'getDayOfYear()', 'getMinutes()', 'getMilliseconds()', 'getFullYear()', 'join()', 'split("")', 'substring(1)', 'indexOf("b")'];
const CALLS = ['size', 'string', 'int', 'double', 'bool', 'dyn', '!', '-'];
const MACROS = ['all', 'exists', 'exists_one', 'filter', 'map'];

const expression = fc.letrec<{ e: string }>((tie) => ({
  e: fc.oneof({ depthSize: 'small', withCrossShrink: true },
    { weight: 4, arbitrary: fc.constantFrom(...ATOMS) },
    { weight: 6, arbitrary: fc.tuple(tie('e'), fc.constantFrom(...OPERATORS), tie('e')).map(([a, o, b]) => `(${a} ${o} ${b})`) },
    { weight: 1, arbitrary: fc.tuple(tie('e'), tie('e'), tie('e')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...CALLS), tie('e')).map(([f, a]) => `${f}(${a})`) },
    { weight: 1, arbitrary: fc.tuple(tie('e'), fc.constantFrom(...METHODS)).map(([a, f]) => `(${a}).${f}`) },
    { weight: 1, arbitrary: fc.tuple(tie('e'), fc.constantFrom('startsWith', 'endsWith', 'contains'), tie('e')).map(([a, f, c]) => `(${a}).${f}(${c})`) },
    { weight: 2, arbitrary: fc.tuple(tie('e'), fc.constantFrom(...MACROS), tie('e')).map(([a, f, c]) => `(${a}).${f}(v, ${c})`) },
    { weight: 1, arbitrary: fc.tuple(tie('e'), tie('e')).map(([a, c]) => `dyn(${a})[${c}]`) },
    { weight: 1, arbitrary: fc.tuple(tie('e'), tie('e')).map(([a, c]) => `[${a}, ${c}]`) },
  ),
})).e;

type Outcome = { readonly value: unknown } | { readonly error: string };

function oursOf(source: string, variables: object): Outcome | undefined {
  try {
    return { value: evaluateBoxed(source, ENVIRONMENT, variables) };
  } catch (error) {
    if (error instanceof EvaluationError) return { error: error.message };
    if (error instanceof Unsuitable) return undefined;
    throw error;
  }
}

function theirsOf(source: string, variables: object): Outcome {
  try {
    return { value: libraryFor(ENVIRONMENT).environment.evaluate(source, variables as Record<string, never>) as unknown };
  } catch (error) {
    return { error: String(error) };
  }
}

const comparable = (value: unknown): string => JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? `${item}n` : typeof item === 'number' && !Number.isFinite(item) ? String(item) : Object.is(item, -0) ? '-0' : item instanceof Object && 'nanos' in item ? String(item) : item));

/** What the library gives although CEL says error: integers beyond 64 bits. */
const INT = /(?<![\w."])\d{20,}n/;
const beyond = (outcome: Outcome): boolean => 'value' in outcome && (INT.test(comparable(outcome.value)) || /"-?(\d{20,}|922337203685477580[89])n"/.test(comparable(outcome.value)));

/** The library takes an empty text for the integer zero, and times for maps without keys; we refuse both, as CEL does. */
const LENIENT = /whole number in decimal digits|only lists and maps have items, but this is (?:timestamp|duration)/;
/** The library gives the sum of a duration and a timestamp, in this order, the static type of a duration. */
const MISTYPED = /\+ \(*(?:t\b|timestamp)/;

describe('programs and the reference interpreter', () => {
  it('agree on value or error for random expressions', () => {
    let compared = 0;
    let valued = 0;
    fc.assert(fc.property(expression, facts, (source, { ours, theirs }) => {
      const mine = oursOf(source, ours);
      if (!mine || MISTYPED.test(source)) return;
      const reference = theirsOf(source, theirs);
      compared++;
      if ('value' in mine) valued++;
      if ('error' in mine && (beyond(reference) || LENIENT.test(mine.error))) return;
      assert.equal('value' in mine ? comparable(mine.value) : 'error', 'value' in reference ? comparable(reference.value) : 'error', source);
    }), { seed: 20260105, numRuns: 4_000, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false });
    assert.ok(compared > 200 && valued > 80, `only ${compared} expressions were compared, ${valued} of them with a value`);
  });
});
