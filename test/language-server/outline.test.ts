// Where the cursor is, in whole and in broken text.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { linesOf } from '../../language-server/syntax/lines.ts';
import { placeAt } from '../../language-server/syntax/outline.ts';
import { fixture } from '../support/fixture.ts';

function check(source: string, expected: string): void {
  const { files, cursor } = fixture(source);
  const place = placeAt(linesOf(files[0]?.text ?? ''), cursor.line, cursor.column);
  const siblings = [...place.siblings].join(' ');
  assert.equal(`${place.at} /${place.path.join('/')} "${place.word}"${siblings ? ` beside ${siblings}` : ''}`, expected);
}

test('top-level keys stand at the first column', () => {
  check('$0', 'key / ""');
  check('pol$0', 'key / "pol"');
  check('agents: {}\n$0\npolicies:\n  - name: a\n', 'key / "" beside agents policies');
});

test('a policy: keys, values, the first line after the dash', () => {
  check('policies:\n  - name: a\n    cat$0', 'key /policies/0 "cat" beside name');
  check('policies:\n  - name: a\n    category: co$0st\n    mode: off', 'value /policies/0/category "cost" beside name mode');
  check('policies:\n  - $0', 'item /policies/0 ""');
  check('policies:\n  - na$0', 'item /policies/0 "na"');
  check('policies:\n  - name: a\n    $0\n    mode: off\n  - name: b\n    category: llm', 'key /policies/0 "" beside name mode');
  check('policies:\n  $0', 'key /policies ""');
  check('policies:\n- name: a\n  $0', 'key /policies/0 "" beside name');
  check('policies:\n  - name: a\n    category:$0', 'value /policies/0/category "" beside name');
});

test('the keys below a key', () => {
  check('policies:\n  - name: a\n    category: cost\n    rules:\n      per$0', 'key /policies/0/rules "per"');
  check('policies:\n  - name: a\n    rules:\n      a: 1\n      $0\n      b: 2\n    mode: off', 'key /policies/0/rules "" beside a b');
  check('policies:\n  - name: a\n    scope:\n      except:\n        agents: wri$0', 'value /policies/0/scope/except/agents "wri"');
});

test('lists, in both indentations', () => {
  check('policies:\n  - rules:\n      tools:\n        - send$0', 'item /policies/0/rules/tools/0 "send"');
  check('policies:\n  - rules:\n      tools:\n      - a\n      - $0', 'item /policies/0/rules/tools/0 ""');
  check('tests:\n  - name: t\n    steps:\n      - llm: { model: $0', 'value /tests/0/steps/0/llm/model "" beside model');
});

test('flow collections, open and closed', () => {
  check('policies:\n  - scope: { fleets: [out$0] }', 'item /policies/0/scope/fleets/0 "out"');
  check('policies:\n  - scope: { fleets: [out$0\n    mode: off', 'item /policies/0/scope/fleets/0 "out"');
  check('policies:\n  - rules: { a: 1, $0 }', 'key /policies/0/rules "" beside a');
  check('policies:\n  - rules: { a: 1, $0, c: 2 }', 'key /policies/0/rules "" beside a c');
  check('policies:\n  - rules: { a: $0 }', 'value /policies/0/rules/a "" beside a');
  check('policies:\n  - rules:\n      x: {\n        a: 1,\n        b$0\n      }', 'key /policies/0/rules/x "b" beside a');
  check('policies: [{ name: a, category: co$0 }]', 'value /policies/0/category "co" beside name category');
  check('policies:\n  - rules: { a: 1 }\n    $0', 'key /policies/0 "" beside rules');
  check('policies:\n  - { name: a, $0 }', 'key /policies/0 "" beside name');
  check('policies:\n  - rules: { models: ["gp$0"] }', 'item /policies/0/rules/models/0 "gp"');
});

test('an error above does not hide the place', () => {
  check('policies:\n  - name: "a\n    category: $0', 'value /policies/0/category "" beside name');
  check('policies:\n  - scope: { agents: [a, b\n    category: $0', 'value /policies/0/category "" beside scope');
  check('agents:\n\twriter: {}\npolicies:\n  - name: x\n    $0', 'key /policies/0 "" beside name');
  check('<<<<<<< ours\npolicies:\n  - name: x\n    $0', 'key /policies/0 "" beside name');
});

test('comments and block text offer nothing', () => {
  check('policies:\n  - name: a # $0', 'none / ""');
  check('# a$0', 'none / ""');
  check('policies:\n  - message: |\n      Do no$0t', 'none / ""');
  check('policies:\n  - message: |\n      Do: no$0t', 'none / ""');
});

test('the fields of the policy are known wherever they stand', () => {
  const { files, cursor } = fixture('policies:\n  - rules:\n      $0\n    category: cost # money\n    name: "x"\n  - category: llm');
  const place = placeAt(linesOf(files[0]?.text ?? ''), cursor.line, cursor.column);
  assert.deepEqual(Object.fromEntries(place.fields), { rules: '', category: 'cost', name: 'x' });
});

test('any text and any cursor has an answer, and its word is where it says', () => {
  const piece = fc.constantFrom('policies:', '\n', '  ', '- ', 'name: a', '{ ', '}', '[', ']', ', ', '"', "'", '# c', ': ', '|', 'rules:', '\t', 'x', '&a ', '*a');
  fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), fc.nat(), fc.nat(), (pieces, l, c) => {
    const lines = linesOf(pieces.join(''));
    const line = l % lines.count;
    const column = c % (lines.line(line).length + 1);
    const place = placeAt(lines, line, column);
    if (place.at === 'none') return;
    assert.equal(lines.line(line).slice(place.start, place.end), place.word);
    assert.ok(place.start <= column && column <= Math.max(place.end, column));
  }), { numRuns: 2000 });
});
