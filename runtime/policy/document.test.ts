// The document model: cutting, ranges, cursors, and edits that are equal to reading anew.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse as parseYaml } from 'yaml';
import { type GovernanceDocument, openDocument } from './document.ts';

const SAMPLE = `# Outreach
agents:
  writer: { fleet: outreach }   # drafts
tools:
  send_*:
    class: once
policies:
  # money
  - name: spend
    category: cost
    rules:
      per_run_cost_limit: 1

  - name: models
    category: llm
    rules: { allowed_models: [gpt-4o, "claude-*"] }
    description: |
      - not an item
      policies: not a section
  - name: stop
    category: kill-switch
`;

/** What a document says, without identity: for comparing two. */
function content(document: GovernanceDocument): unknown {
  return {
    parts: document.parts.map(({ kind, start, end, line }) => ({ kind, start, end, line })),
    sections: document.sections.map(({ key, keySpan, value }) => ({ key, keySpan, value })),
    policies: document.policies.map(({ index, value, span, problems }) => ({ index, value, start: span.start, end: span.end, problems })),
    problems: document.problems,
  };
}

test('every policy and section is a part of its own', () => {
  const document = openDocument(SAMPLE);
  assert.deepEqual(document.parts.map((part) => part.kind), ['preamble', 'section', 'section', 'section', 'policy', 'policy', 'policy']);
  assert.deepEqual(document.sections.map((section) => section.key), ['agents', 'tools', 'policies']);
  assert.deepEqual(document.problems, []);
});

test('the parts together hold the values that a parser of the whole text sees', () => {
  const document = openDocument(SAMPLE);
  const whole = parseYaml(SAMPLE);
  assert.deepEqual(document.policies.map((item) => item.value), whole.policies);
  assert.deepEqual(document.sections[0]!.value, whole.agents);
});

test('a broken policy hurts no other', () => {
  for (const broken of ['rules: { allowed_models: [gpt-4o,', 'rules: "never closed', '\trules: 1', '<<<<<<< HEAD', 'a: b: c', '? ]']) {
    const text = SAMPLE.replace('rules: { allowed_models: [gpt-4o, "claude-*"] }', broken);
    const document = openDocument(text);
    assert.equal(document.policies.length, 3, broken);
    assert.deepEqual(document.policies.map((item) => item.problems.length > 0), [false, true, false], broken);
    assert.equal((document.policies[2]!.value as { name: string }).name, 'stop', broken);
  }
});

test('a first item that is indented wrongly does not take the others with it', () => {
  const document = openDocument(SAMPLE.replace('  - name: spend', ' - name: spend'));
  assert.deepEqual(document.policies.map((item) => item.problems.length > 0), [true, false, false]);
  assert.deepEqual(document.policies.slice(1).map((item) => (item.value as { name: string }).name), ['models', 'stop']);
});

for (const [form, text, policies] of [
  ['flow style', '{ policies: [ { name: a }, { name: b } ] }', [{ name: 'a' }, { name: 'b' }]],
  ['a flow list', 'policies: [ { name: a }, { name: b } ]\n', [{ name: 'a' }, { name: 'b' }]],
  ['an indented document', '  policies:\n    - name: a\n    - name: b\n', [{ name: 'a' }, { name: 'b' }]],
  ['dashes in the first column', 'policies:\n- name: a\n- name: b\nagents: {}\n', [{ name: 'a' }, { name: 'b' }]],
  ['a start marker', '---\npolicies:\n  - name: a\n  - name: b\n', [{ name: 'a' }, { name: 'b' }]],
  ['quoted keys', '"policies":\n  - name: a\n  - name: b\n', [{ name: 'a' }, { name: 'b' }]],
  ['explicit keys', '? policies\n: - name: a\n  - name: b\n', [{ name: 'a' }, { name: 'b' }]],
  ['CRLF', 'policies:\r\n  - name: a\r\n  - name: b\r\n', [{ name: 'a' }, { name: 'b' }]],
  ['a byte order mark', '\ufeffpolicies:\n  - name: a\n  - name: b', [{ name: 'a' }, { name: 'b' }]],
  ['an anchor used in another policy', 'policies:\n  - &base\n    name: a\n  - other: *base\n', [{ name: 'a' }, { other: { name: 'a' } }]],
  ['deeper items', 'policies:\n      - name: a\n      - name: b\n', [{ name: 'a' }, { name: 'b' }]],
] as const) {
  test(`reads ${form}`, () => {
    const document = openDocument(text);
    assert.deepEqual(document.problems, []);
    assert.deepEqual(document.policies.map((item) => item.value), policies);
    assert.ok(document.locate(['policies', 1]));
  });
}

test('an empty file, and one of comments, hold nothing', () => {
  for (const text of ['', '\n', '# only this', '\ufeff', '---\n']) {
    const document = openDocument(text);
    assert.deepEqual([document.policies, document.sections, document.problems], [[], [], []], JSON.stringify(text));
    assert.deepEqual(document.position(text.length).column >= 1, true);
    assert.deepEqual(document.cursor(text.length).path, []);
  }
});

for (const [what, text, code] of [
  ['duplicate keys', 'policies:\n  - name: a\n    name: b\n', 'duplicate-key'],
  ['tabs', 'policies:\n  - name: a\n\tcategory: cost\n', 'tab'],
  ['an unquoted glob', 'policies:\n  - scope: { agents: [*] }\n', 'alias'],
  ['an unquoted glob with a name', 'policies:\n  - scope: { agents: [*_bot] }\n', 'alias'],
  ['a second document', 'agents: {}\n---\nagents: {}\n', 'documents'],
  ['a line without a colon', 'agents: {}\nfoo\n', 'syntax'],
  ['depth', `policies:\n  - a: ${'['.repeat(5000)}`, 'depth'],
  ['a list as a key', 'policies:\n  - [a, b]: 1\n', 'syntax'],
  ['depth within the limit of the stack', `policies:\n  - a: ${'['.repeat(100)}1${']'.repeat(100)}\n`, 'depth'],
  ['an alias bomb', `policies:\n  - a: &a [1,1,1,1,1,1,1,1,1,1]\n${'bcdefgh'.split('').map((name, index) => `    ${name}: &${name} [${`*${'abcdefgh'[index]},`.repeat(10)}]\n`).join('')}`, 'size'],
] as const) {
  test(`finds ${what}`, () => {
    assert.ok(openDocument(text).problems.some((problem) => problem.code === code), JSON.stringify(openDocument(text).problems));
  });
}

test('a key named __proto__ is a key like any other', () => {
  const value = openDocument('policies:\n  - __proto__: { mode: off }\n').policies[0]!.value as object;
  assert.ok(Object.hasOwn(value, '__proto__'));
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
});

test('paths lead to ranges', () => {
  const document = openDocument(SAMPLE);
  const at = (path: (string | number)[]) => {
    const found = document.locate(path)!;
    return [found.key && SAMPLE.slice(found.key.start, found.key.end), SAMPLE.slice(found.value.start, found.value.end)];
  };
  assert.deepEqual(at(['policies', 0, 'rules', 'per_run_cost_limit']), ['per_run_cost_limit', '1']);
  assert.deepEqual(at(['policies', 1, 'rules', 'allowed_models', 1]), [undefined, '"claude-*"']);
  assert.deepEqual(at(['agents', 'writer', 'fleet']), ['fleet', 'outreach']);
  assert.equal(document.locate(['policies', 9]), undefined);
  assert.equal(document.locate(['policies', 0, 'nothing']), undefined);
});

test('offsets and lines are each other\'s inverse', () => {
  for (const text of [SAMPLE, SAMPLE.replaceAll('\n', '\r\n'), `${SAMPLE}  - x`]) {
    const document = openDocument(text);
    for (let offset = 0; offset <= text.length; offset++) {
      const { line, column } = document.position(offset);
      assert.equal(document.offset(line, column), offset);
      assert.equal(line, text.slice(0, offset).split('\n').length);
    }
  }
});

for (const [what, text, where, path, word] of [
  ['a new key of a policy', 'policies:\n  - name: a\n    $0', 'key', ['policies', 0], ''],
  ['a key half written', 'policies:\n  - name: a\n    ca$0', 'key', ['policies', 0], 'ca'],
  ['a key inside an item that is broken above', 'policies:\n  - name: [a\n    ca$0\n  - name: b', 'key', ['policies', 0], 'ca'],
  ['a value', 'policies:\n  - name: a\n    category: co$0st', 'value', ['policies', 0, 'category'], 'cost'],
  ['an empty value', 'policies:\n  - category: $0', 'value', ['policies', 0, 'category'], ''],
  ['a new line under a key', 'policies:\n  - rules:\n      $0', 'key', ['policies', 0, 'rules'], ''],
  ['the first word of an item', 'policies:\n  - $0', 'value', ['policies', 0], ''],
  ['an item of a flow list', 'policies:\n  - scope: { agents: [a, b$0', 'value', ['policies', 0, 'scope', 'agents', 1], 'b'],
  ['a key of a flow mapping', 'policies:\n  - scope: { ag$0', 'key', ['policies', 0, 'scope'], 'ag'],
  ['a value of a flow mapping', 'policies:\n  - scope: { agents: $0 }', 'value', ['policies', 0, 'scope', 'agents'], ''],
  ['inside quotes', 'policies:\n  - rules: { a: ["x", "y$0', 'value', ['policies', 0, 'rules', 'a', 1], 'y'],
  ['below an unclosed quote', 'policies:\n  - name: "a\n    category: c$0', 'value', ['policies', 0, 'category'], 'c'],
  ['an item of a block list', 'policies:\n  - rules:\n      a:\n        - x\n        - y$0', 'value', ['policies', 0, 'rules', 'a', 1], 'y'],
  ['the top', 'agents: {}\n$0', 'key', [], ''],
  ['the top, half written', 'agents: {}\npol$0', 'key', [], 'pol'],
  ['the top, below policies', 'policies:\n  - name: a\nag$0', 'key', [], 'ag'],
  ['an entry of agents', 'agents:\n  writer:\n    fl$0', 'key', ['agents', 'writer'], 'fl'],
  ['a comment', 'policies:\n  - name: a # hm$0', 'comment', ['policies'], 'hm'],
  ['a glob as a key', 'tools:\n  "send_*":\n    class: o$0', 'value', ['tools', 'send_*', 'class'], 'o'],
] as const) {
  test(`a cursor knows ${what}`, () => {
    const offset = text.indexOf('$0');
    const source = text.replace('$0', '');
    const cursor = openDocument(source).cursor(offset);
    assert.deepEqual([cursor.where, cursor.where === 'comment' ? path : cursor.path, source.slice(cursor.word.start, cursor.word.end)], [where, path, word]);
  });
}

test('a cursor knows the keys that are already there', () => {
  const text = 'policies:\n  - name: a\n    ca\n    mode: shadow\n    rules: { x: 1 }\n';
  assert.deepEqual(openDocument(text).cursor(text.indexOf('ca') + 2).siblings, ['name', 'mode', 'rules']);
});

const SNIPPETS = ['\n', '  ', '- ', '  - name: new\n', 'policies:\n', 'agents:\n  x: {}\n', '"', '[', '{', ']', '}', ': ', '#', '---\n', '\t', '\r\n', '|', '&a', '*a', '? ', 'x', '\ufeff', '\u{1F600}', '    rules: { a: 1 }\n'];
const edits = fc.array(fc.record({ at: fc.nat(), remove: fc.nat(30), insert: fc.array(fc.constantFrom(...SNIPPETS), { maxLength: 3 }).map((parts) => parts.join('')) }), { minLength: 1, maxLength: 12 });

test('any edits leave the document that reading the text anew gives', () => {
  fc.assert(fc.property(edits, (list) => {
    let document = openDocument(SAMPLE);
    for (const { at, remove, insert } of list) {
      const start = at % (document.text.length + 1);
      const end = Math.min(document.text.length, start + remove);
      document = document.edit(start, end, insert);
      assert.deepEqual(content(document), content(openDocument(document.text)));
    }
  }), { numRuns: 400 });
});

test('an edit keeps the syntax trees it does not touch', () => {
  const before = openDocument(SAMPLE);
  const at = SAMPLE.indexOf('gpt-4o');
  const after = before.edit(at, at + 3, 'x');
  assert.deepEqual(after.parts.map((part, index) => part.parsed === before.parts[index]!.parsed), [true, true, true, true, true, false, true]);
  assert.equal(before.text, SAMPLE);
});

test('parts tile any text, and nothing throws', () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.array(fc.constantFrom(...SNIPPETS, 'name: a', 'policies:\n  - a'), { maxLength: 30 }).map((parts) => parts.join(''))), fc.nat(), (text, seed) => {
    const document = openDocument(text);
    assert.equal(document.parts.map((part) => part.parsed.text).join(''), text);
    const offset = seed % (text.length + 1);
    const cursor = document.cursor(offset);
    assert.ok(cursor.word.start <= offset && offset <= cursor.word.end);
    for (const { path } of document.parts.flatMap((part) => document.keys(part))) document.locate(path);
  }), { numRuns: 500 });
});

test('hostile and large texts are read in bounded time', () => {
  const many = `policies:\n${Array.from({ length: 2_000 }, (_, index) => `  - name: p${index}\n    category: cost\n`).join('')}`;
  assert.equal(openDocument(many).policies.length, 2_000);
  const unit = 20_000;
  for (const text of ['['.repeat(unit), '{'.repeat(unit), '"'.repeat(unit), '- '.repeat(unit), '? '.repeat(unit), ': '.repeat(unit), '&a '.repeat(unit), '!'.repeat(unit), `policies:\n  - a: ${'x: '.repeat(unit)}`, `a:\n${Array.from({ length: unit }, (_, index) => `  k${index}: 1\n`).join('')}`, `a: [${'*x,'.repeat(unit)}]`, `a: ${'>\n '.repeat(unit)}`]) {
    assert.doesNotThrow(() => openDocument(text).cursor(text.length), text.slice(0, 10));
  }
  assert.equal(openDocument('x'.repeat(17 * 1024 * 1024)).problems[0]!.code, 'size');
});

test('a byte order mark counts as a character of its line, also where it is all that stands before the first key', () => {
  const document = openDocument('\ufeff').edit(1, 1, '(');
  assert.deepEqual([document.offset(1, 1), document.offset(1, 2), document.position(1), document.position(0)], [0, 1, { line: 1, column: 2 }, { line: 1, column: 1 }]);
});
