// Name patterns against a regular expression, and their speed against adversaries by counting, not by the clock.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileGlob, firstMatch, isGlob, nameMatcher } from './globs.ts';

test('a name matches itself alone', () => {
  assert.equal(compileGlob('gpt-4o')('gpt-4o'), true);
  assert.equal(compileGlob('gpt-4o')('gpt-4o-mini'), false);
  assert.equal(compileGlob('gpt-4o*')('gpt-4o-mini'), true);
  assert.equal(compileGlob('*')(''), true);
  assert.equal(compileGlob('mcp/*/read')('mcp/a/b/read'), true);
  assert.equal(compileGlob('a.c')('abc'), false);
});

test('a glob is what its regular expression is', () => {
  const text = fc.array(fc.constantFrom('a', 'b', '.', '/'), { maxLength: 8 }).map((letters) => letters.join(''));
  const pattern = fc.array(fc.constantFrom('a', 'b', '.', '/', '*', '?'), { maxLength: 6 }).map((letters) => letters.join(''));
  fc.assert(fc.property(pattern, text, (glob, name) => {
    const expression = new RegExp(`^${glob.replace(/[./]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
    assert.equal(compileGlob(glob)(name), expression.test(name));
    assert.equal(nameMatcher([glob, 'zz'])(name), expression.test(name));
    assert.equal(firstMatch([glob], name) !== undefined, expression.test(name));
  }), { numRuns: 3_000 });
});

test('the pattern that is named is one that matches', () => {
  assert.equal(firstMatch(['x*', 'xy'], 'xy'), 'xy');
  assert.equal(firstMatch(['x*', 'z'], 'xy'), 'x*');
  assert.equal(isGlob('a?'), true);
  assert.equal(isGlob('a.b'), false);
});

test('a pattern made to backtrack ends', () => {
  assert.equal(compileGlob('*a*a*a*a*a*a*a*b')('a'.repeat(50_000)), false);
});
