// Holds checking: what is wrong is said in plain words at its place; costs are bounded; patterns run in linear time; plain values come out.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkExpression } from './check.ts';
import { EvaluationError, LENGTH_LIMIT, type CelEnvironment, type Expected } from './expression.ts';

const ENVIRONMENT: CelEnvironment = {
  variables: {
    run: { description: '', type: { fields: { depth: { type: 'int', description: '' }, age: { type: 'duration', description: '' }, taint: { type: { list: 'string' }, description: '' } } } },
    args: { type: { map: 'dyn' }, description: '' },
    now: { type: 'timestamp', description: '' },
  },
};
const FACTS = { run: { depth: 2, age: 65_000, taint: ['tool:fetch'] }, args: { n: 5, to: 'a@b.c', list: Array.from({ length: 1000 }, (_, index) => index) }, now: Date.UTC(2026, 0, 5, 12) };

const issuesOf = (source: string, expected?: Expected): string[] => checkExpression(source, ENVIRONMENT, expected).issues.map(({ code, start, end, message }) => `${source.slice(start, end)} ${code.slice('fullarc/expression/'.length)}: ${message}`);
const valueOf = (source: string): unknown => {
  const { program, issues } = checkExpression(source, ENVIRONMENT);
  assert.ok(program, `${source}: ${JSON.stringify(issues)}`);
  return program.run(FACTS);
};
const failure = (source: string): string => {
  try {
    return `value ${String(valueOf(source))}`;
  } catch (error) {
    assert.ok(error instanceof EvaluationError, String(error));
    return error.code.slice('fullarc/expression/'.length);
  }
};

describe('checking an expression', () => {
  it('finds every unknown name at once, with the closest known one', () => {
    assert.deepEqual(issuesOf('run.dept > 1 && rum.age > duration("1s")'), [
      'dept unknown-name: There is no `run.dept`. Did you mean `run.depth`?',
      'rum unknown-name: There is no `rum`. Did you mean `run`?',
    ]);
    assert.deepEqual(issuesOf('has(run.dpth)'), ['dpth unknown-name: There is no `run.dpth`. Did you mean `run.depth`?']);
  });

  it('says what other languages write otherwise', () => {
    assert.match(issuesOf('run.depth = 1')[0]!, /^= syntax: .*Equality is written `==`/);
    assert.match(issuesOf('run.depth == 1.0')[0]!, /type: `==` does not work between int and double/);
    assert.match(issuesOf('run.depth > 1 and true')[0]!, /joined with `&&`/);
  });

  it('refuses what is not supported before it runs', () => {
    for (const source of ['b"x"', '1u', 'type(1)', 'uint(1)', 'bytes("a")', 'cel.bind(a, 1, a)', 'args.to.matches(args.n)', 'args.to.matches("(?=a)")', '{1: 2}', 'args.to.charAt(0)', 'google.protobuf']) {
      assert.match(issuesOf(source).join(), / (unsupported|unknown-name): /, source);
      assert.equal(checkExpression(source, ENVIRONMENT).program, undefined, source);
    }
  });

  it('refuses groups as values, wrong results, literals beyond 64 bits and what never has a value', () => {
    assert.match(issuesOf('run == run')[0]!, /type: `run` is a group of facts/);
    assert.match(issuesOf('run.depth', 'bool')[0]!, /type: This must be bool, but it is int/);
    assert.match(issuesOf('run.depth < 9223372036854775808')[0]!, /type: This integer does not fit/);
    assert.match(issuesOf('1 / 0 == 1')[0]!, /type: This never has a value: division by zero/);
    assert.deepEqual(issuesOf('run.depth > -9223372036854775808'), []);
  });

  it('tells conditions that decide nothing', () => {
    assert.match(issuesOf('true || run.depth > 1', 'bool')[0]!, /always-true/);
    assert.match(issuesOf('run.depth > 1 && 2 < 1', 'bool')[0]!, /always-false/);
  });

  it('refuses what is too large or too deep', () => {
    assert.match(issuesOf(`"${'x'.repeat(LENGTH_LIMIT)}" == ""`)[0]!, /too-large/);
    assert.match(issuesOf(`${'('.repeat(200)}1${')'.repeat(200)}`)[0]!, /too-large/);
  });

  it('never throws for any text cut short', () => {
    const source = 'run.taint.exists(t, t.startsWith("tool:") && run.age > duration("1m")) ? args["n"] : [1, 2][0]';
    for (let end = 0; end <= source.length; end++) checkExpression(source.slice(0, end), ENVIRONMENT);
  });

  it('lists the facts that are read', () => {
    assert.deepEqual(checkExpression('run.depth > 0 && args.to == "x" || has(run.age)', ENVIRONMENT).program?.references, ['run.depth', 'args', 'run.age']);
  });
});

describe('a program', () => {
  it('gives plain values', () => {
    assert.equal(valueOf('run.depth * 2'), 4);
    assert.equal(valueOf('9223372036854775807'), 9223372036854775807n);
    assert.equal(valueOf('now'), FACTS.now);
    assert.equal(valueOf('run.age'), 65_000);
    assert.deepEqual(valueOf('[run.depth, 3]'), [2, 3]);
    assert.equal(valueOf('args.to'), 'a@b.c');
    assert.deepEqual(valueOf('args.list.filter(x, x > 997.0)'), [998, 999]);
  });

  it('fails, rather than guesses', () => {
    assert.equal(failure('args.cc == "x"'), 'missing');
    assert.equal(failure('args.n + 1'), 'type');
    assert.equal(failure('run.depth * 9223372036854775807'), 'overflow');
    assert.equal(failure('-(-9223372036854775807 - run.depth + 1)'), 'overflow');
    assert.equal(failure('run.depth % (run.depth - 2)'), 'divide-by-zero');
    assert.equal(failure('args.toString'), 'missing');
    assert.equal(failure('args.cc == "x" || run.depth == 2'), 'value true');
  });

  it('stops when it costs too much, also inside what absorbs errors', () => {
    assert.equal(failure('args.list.all(a, args.list.all(b, a + b >= 0.0))'), 'too-costly');
    assert.equal(failure('args.list.all(a, args.list.all(b, a + b >= 0.0)) || true == (run.depth == 2)'), 'too-costly');
    assert.equal(failure(`["${'x'.repeat(100)}"]${'.map(a, a + a)'.repeat(30)}.size() + run.depth`), 'too-costly');
  });

  it('matches patterns in linear time', () => {
    const { program } = checkExpression('args.to.matches("^(a+)+$")', ENVIRONMENT, 'bool');
    assert.equal(program?.run({ args: { to: `${'a'.repeat(50_000)}!` } }), false);
    assert.equal(valueOf('args.to.matches("@b")'), true);
  });

  it('reads clocks of other zones', () => {
    assert.equal(valueOf('now.getHours("Europe/Berlin")'), 13);
    assert.equal(valueOf('timestamp("2026-07-05T23:30:00Z").getDate("Europe/Berlin")'), 6);
    assert.equal(failure('now.getHours(args.to)'), 'invalid');
  });

  it('binds variables of nested macros apart, the inner hiding the outer', () => {
    assert.equal(valueOf('[1, 2].all(a, [a].all(a, a > 0) && a <= 2)'), true);
    assert.deepEqual(valueOf('[1, 2].map(a, [10, 20].map(b, a * b))'), [[10, 20], [20, 40]]);
  });
});
