// Findings: each with its place, its sentence and its fix; and no text, however mangled, that throws or silently loosens a policy.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDocument } from 'yaml';
import { openDocument } from './document.ts';
import { type CompileCache, compileDocuments, compilePolicies } from './index.ts';
import { CODES } from './issues.ts';

const VALID = `# All there is
agents:
  writer: { fleet: outreach, entry: [agents/*.mjs], owner: sales, description: Writes }
fleets:
  outreach: { description: All of it }
  idle:
tools:
  "send_*": { class: once, risk: high, description: Sends }
policies:
  - name: spend
    category: budget
    description: One dollar
    owner: finance
    references: [OWASP ASI02]
    scope: { agents: [writer], fleets: ["out*"], except: { users: [ann] } }
    rules: { per_run_cost_limit: 1, model_limits: { gpt-4o: { daily_cost_limit: 5 } } }
    on_violation: gate
    message: Ask finance.
    mode: enforce
    on_error: block
  - name: stop
    category: kill
  - name: models
    category: llm
    rules:
      allowed_models:
        - gpt-4o
        - "claude-*"
      temperature_range: { max: 1 }
`;

/** A policy with these lines, two spaces in from its keys. */
const policy = (...lines: string[]) => `policies:\n  - name: a\n    category: cost\n${lines.map((line) => `    ${line}\n`).join('')}`;

/** Place, severity and code of each finding, as `line:column-endColumn severity area/name`. */
function labels(text: string): string[] {
  return compilePolicies([{ path: 'a.fullarc.yaml', text }]).findings.map(({ line, column, endColumn, severity, code }) => `${line}:${column}-${endColumn} ${severity} ${code.replace('fullarc/', '')}`);
}

function messages(text: string): string {
  return compilePolicies([{ path: 'a.fullarc.yaml', text }]).findings.map(({ message }) => message).join('\n');
}

/** The text after the first fix. */
function mended(text: string): string {
  const { findings } = compilePolicies([{ path: 'a', text }]);
  const edit = findings.find(({ fixes }) => fixes)?.fixes?.[0]?.edits[0];
  assert.ok(edit, 'has a fix');
  const document = openDocument(text);
  return document.edit(document.offset(edit.line, edit.column), document.offset(edit.endLine, edit.endColumn), edit.text).text;
}

test('a right file has no findings', () => {
  assert.deepEqual(labels(VALID), []);
  assert.equal(compilePolicies([{ path: 'a', text: VALID }]).engine.policies.length, 3);
});

for (const [what, text, label, message] of [
  ['a slip in a top-level key', 'polices: []\n', '1:1-8 error structure/unknown-key', 'Did you mean `policies`?'],
  ['a slip in a policy key', policy('scop: { agents: [a] }', 'rules: { daily_cost_limit: 1 }'), '4:5-9 error structure/unknown-key', 'Did you mean `scope`?'],
  ['a key of another product', policy('priority: 10', 'rules: { daily_cost_limit: 1 }'), '4:5-13 error structure/unknown-key', 'Known keys here: name,'],
  ['a field that another product calls differently', policy('rules: { per_workflow_cost_limit: 1 }'), '4:14-37 error structure/unknown-key', 'Did you mean `per_run_cost_limit`?'],
  ['a field outside of rules', policy('per_run_cost_limit: 1'), '4:5-23 error structure/unknown-key', 'It belongs under `rules:`.'],
  ['a nested slip', policy('rules: { model_limits: { m: { dayly_cost_limit: 1 } } }'), '4:35-51 error structure/unknown-key', 'daily_cost_limit'],
  ['a slip in an agent', 'agents:\n  a: { flet: b }\n', '2:8-12 error structure/unknown-key', 'Did you mean `fleet`?'],
  ['no name', 'policies:\n  - category: kill\n', '2:5-19 error structure/missing-key', '`name` is missing'],
  ['no category', 'policies:\n  - name: a\n', '2:5-12 error structure/missing-key', '`category` is missing'],
  ['a name that is not kebab-case', 'policies:\n  - name: My Policy\n    category: kill\n', '2:11-20 error structure/bad-name', 'kebab-case'],
  ['no such category', 'policies:\n  - name: a\n    category: cots\n', '3:15-19 error structure/unknown-category', 'Did you mean `cost`?'],
  ['a text for a number', policy('rules: { daily_cost_limit: ten }'), '4:32-35 error structure/wrong-type', 'number above 0 (USD), but is the text "ten"'],
  ['an amount of nothing', policy('rules: { daily_cost_limit: 0 }'), '4:32-33 error structure/bad-value', 'above 0'],
  ['a word outside of the list', policy('mode: shadowed', 'rules: { daily_cost_limit: 1 }'), '4:11-19 error structure/bad-value', 'Did you mean `shadow`?'],
  ['an empty scope', policy('scope:', 'rules: { daily_cost_limit: 1 }'), '4:5-10 error structure/wrong-type', 'empty'],
  ['a list without items', policy('scope: { agents: [] }', 'rules: { daily_cost_limit: 1 }'), '4:22-24 error structure/bad-value', 'at least 1 item'],
  ['rules that are a list', policy('rules: [a]'), '4:12-15 error structure/wrong-type', 'a list'],
  ['an item that is a text', 'policies:\n  - hello\n', '2:5-10 error structure/wrong-type', 'A policy is a mapping'],
  ['an empty item', 'policies:\n  -\n', '2:4-4 error structure/wrong-type', 'empty'],
  ['policies as a mapping', 'policies:\n  a: {}\n', '1:1-9 error structure/wrong-type', 'must be a list'],
  ['agents as a list', 'agents: [a]\n', '1:1-7 error structure/wrong-type', 'mapping of names'],
  ['a disposition the category does not have', policy('on_violation: redact', 'rules: { daily_cost_limit: 1 }'), '4:19-25 error disposition/not-allowed', 'warn, gate, block'],
  ['a policy that checks nothing', policy('rules: {}'), '2:5-12 warning meaning/no-effect', 'nothing to check'],
  ['the same key twice', policy('mode: off', 'mode: enforce', 'rules: { daily_cost_limit: 1 }'), '5:5-9 error structure/duplicate-key', 'written twice'],
  ['braces where a key should be', 'agents:\n{}\n', '2:1-3 error syntax/yaml', 'is not a key with a value'],
  ['the same section twice', 'agents: {}\nagents: {}\n', '2:1-7 error structure/duplicate-key', 'twice in this file'],
  ['a tab', 'policies:\n  - name: a\n\tcategory: kill\n', '3:1-2 error structure/tab', 'spaces'],
  ['min above max', 'policies:\n  - name: a\n    category: llm\n    rules: { temperature_range: { min: 2, max: 1 } }\n', '4:33-51 error structure/bad-value', 'above its `max`'],
  ['an agent nobody declares', `agents: { writer: {} }\n${policy('scope: { agents: [writr] }', 'rules: { daily_cost_limit: 1 }')}`, '5:23-28 error reference/unknown-agent', 'Did you mean `writer`?'],
  ['a fleet nobody declares', `fleets: { out: {} }\n${policy('scope: { fleets: [other] }', 'rules: { daily_cost_limit: 1 }')}`, '5:23-28 error reference/unknown-fleet', 'Declared: out.'],
  ['an exception nobody declares', `agents: { writer: {} }\n${policy('scope: { except: { agents: [reader] } }', 'rules: { daily_cost_limit: 1 }')}`, '5:33-39 warning reference/unknown-agent', 'Declared: writer.'],
  ['a glob over nothing', `agents: { writer: {} }\n${policy('scope: { agents: ["x*"] }', 'rules: { daily_cost_limit: 1 }')}`, '5:23-27 warning reference/glob-matches-nothing', 'matches none'],
  ['the fleet of an agent', 'fleets: { out: {} }\nagents: { a: { fleet: ot } }\n', '2:23-25 error reference/unknown-fleet', 'Did you mean `out`?'],
] as const) {
  test(`finds ${what}`, () => {
    assert.ok(labels(text).includes(label), labels(text).join('\n'));
    assert.ok(messages(text).includes(message), messages(text));
  });
}

for (const [what, before, after] of [
  ['the word that was meant', policy('scop: { agents: [a] }'), policy('scope: { agents: [a] }')],
  ['a category', 'policies:\n  - name: a\n    rules: {}\n', 'policies:\n  - name: a\n    category:\n    rules: {}\n'],
  ['a name', 'policies:\n  - category: kill\n', 'policies:\n  - name: kill-switch-policy\n    category: kill\n'],
  ['kebab-case', 'policies:\n  - name: MyPolicy 1\n    category: kill\n', 'policies:\n  - name: my-policy-1\n    category: kill\n'],
  ['true for yes', 'policies:\n  - name: a\n    category: kill\n    rules: { enabled: yes }\n', 'policies:\n  - name: a\n    category: kill\n    rules: { enabled: true }\n'],
  ['a number for a text', policy('rules: { daily_cost_limit: "$5" }'), policy('rules: { daily_cost_limit: 5 }')],
  ['a list for a text', policy('scope: { agents: a }', 'rules: { daily_cost_limit: 1 }'), policy('scope: { agents: [a] }', 'rules: { daily_cost_limit: 1 }')],
  ['quotes for a glob', policy('scope: { agents: [*bot] }', 'rules: { daily_cost_limit: 1 }'), policy('scope: { agents: ["*bot"] }', 'rules: { daily_cost_limit: 1 }')],
  ['the disposition of the category', policy('on_violation: skip', 'rules: { daily_cost_limit: 1 }'), policy('on_violation: block', 'rules: { daily_cost_limit: 1 }')],
  ['spaces for tabs', 'agents:\n\ta: {}\n', 'agents:\n  a: {}\n'],
] as const) {
  test(`offers ${what}`, () => assert.equal(mended(before), after));
}

test('names are unique over all files, and the other one is shown', () => {
  const one = 'policies:\n  - name: same\n    category: kill\n';
  const { findings, engine } = compilePolicies([{ path: 'b', text: one }, { path: 'a', text: one }]);
  assert.deepEqual(findings.map(({ file, code, related }) => [file, code, related?.[0]?.file]), [['b', 'fullarc/structure/duplicate-name', 'a']]);
  assert.equal(engine.policies.length, 2);
  const agents = compilePolicies([{ path: 'b', text: 'agents: { x: {} }' }, { path: 'a', text: 'agents: { x: {} }' }]);
  assert.deepEqual(agents.findings.map(({ file, code, related }) => [file, code, related?.[0]?.line]), [['b', 'fullarc/structure/duplicate-name', 1]]);
});

test('declarations of one file count in another', () => {
  const { findings } = compilePolicies([{ path: 'a', text: 'agents: { writer: {} }' }, { path: 'b', text: policy('scope: { agents: [writer] }', 'rules: { daily_cost_limit: 1 }') }]);
  assert.deepEqual(findings, []);
});

test('a broken policy is left out, and the whole ones stay', () => {
  const { engine, findings } = compilePolicies([{ path: 'a', text: VALID.replace('category: kill', 'category: kill: [') }]);
  assert.deepEqual(engine.policies.map(({ name }) => name), ['spend', 'models']);
  assert.ok(findings.length > 0 && findings.every(({ line }) => line >= 21 && line <= 22));
});

test('with its cache, only what changed is compiled again, to the same result', () => {
  const cache: CompileCache = new WeakMap();
  const before = openDocument(VALID);
  compileDocuments([{ path: 'a', document: before }], cache);
  const at = VALID.indexOf('gpt-4o\n');
  const after = before.edit(at, at + 6, 'gpt-5');
  const known = after.parts.filter((part) => part.kind === 'policy' && cache.has(part.parsed));
  assert.equal(known.length, 2);
  const again = compileDocuments([{ path: 'a', document: after }], cache);
  const fresh = compilePolicies([{ path: 'a', text: after.text }]);
  assert.deepEqual([again.findings, again.engine.version, again.engine.policies], [fresh.findings, fresh.engine.version, fresh.engine.policies]);
});

test('codes are named once, by area and name', () => {
  assert.equal(new Set(CODES).size, CODES.length);
  for (const code of CODES) assert.match(code, /^fullarc\/[a-z]+\/[a-z-]+$/);
});

// Mangled texts.

const TOKENS = ['\n', '  ', '- ', ':', '"', "'", '[', ']', '{', '}', '#', '*', '&x', '!', '|', '>', '\t', '\r', '---\n', '...\n', '? ', ', ', '@', '`', '%', 'null', '~', '0', '-1', '.inf', 'yes', '\u0000', '\u2028', '\ufeff', '<<: ', 'policies:\n', '  - name: x\n', 'mode: off', '    mode: off\n', 'agents:\n'];
type Mutation = (text: string) => string;
const position = fc.nat(10_000);
const at = (text: string, where: number) => where % (text.length + 1);
const lineEdit = (change: (lines: string[], where: number) => void) => position.map((where): Mutation => (text) => {
  const lines = text.split('\n');
  change(lines, where % lines.length);
  return lines.join('\n');
});
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(position, fc.constantFrom(...TOKENS)).map(([where, token]): Mutation => (text) => text.slice(0, at(text, where)) + token + text.slice(at(text, where))),
  fc.tuple(position, fc.nat(12)).map(([where, length]): Mutation => (text) => text.slice(0, at(text, where)) + text.slice(at(text, where) + length)),
  fc.tuple(position, position).map(([from, to]): Mutation => (text) => text.slice(0, at(text, to)) + text.slice(at(text, from), at(text, from) + 30) + text.slice(at(text, to))),
  lineEdit((lines, where) => lines.splice(where, 1)),
  lineEdit((lines, where) => lines.splice(where, 0, lines[where]!)),
  lineEdit((lines, where) => { lines[where] = ` ${lines[where]}`; }),
  lineEdit((lines, where) => { lines[where] = lines[where]!.replace(/^ /, ''); }),
  lineEdit((lines, where) => { lines[where] = lines[where]!.replace(/: (.*)$/, ':'); }),
  lineEdit((lines, where) => { [lines[where], lines[0]] = [lines[0]!, lines[where]!]; }),
);
const mangled = fc.array(mutation, { minLength: 1, maxLength: 4 }).map((steps) => steps.reduce((text, step) => step(text), VALID));

test('no mangled text throws, and none loosens silently: without an error, the engine holds every policy that YAML sees', () => {
  fc.assert(fc.property(mangled, (text) => {
    const { engine, findings } = compilePolicies([{ path: 'a', text }]);
    for (const { line, column, endLine, endColumn } of findings) assert.ok(line >= 1 && column >= 1 && (endLine > line || (endLine === line && endColumn >= column)));
    if (findings.some(({ severity }) => severity === 'error')) return;
    const whole = parseDocument(text, { logLevel: 'silent' });
    assert.deepEqual(whole.errors.map(({ message }) => message), []);
    const written = ((whole.toJS() ?? {}) as { policies?: { name: string; mode?: string }[] }).policies ?? [];
    assert.deepEqual(engine.policies.map(({ name, mode }) => `${name} ${mode}`), written.map(({ name, mode }) => `${name} ${mode ?? 'enforce'}`));
    assert.deepEqual(openDocument(text).policies.map(({ value }) => value), written);
  }), { numRuns: 1_500 });
});

test('no text at all throws', () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.constantFrom(...TOKENS), { maxLength: 40 }).map((parts) => parts.join(''))), (text) => {
    compilePolicies([{ path: 'a', text }]).engine.policies;
  }), { numRuns: 500 });
});

test('of very many findings the first are told one by one, errors before all others, and the rest is counted', () => {
  const { findings } = compilePolicies([{ path: 'a', text: `policies:\n${Array.from({ length: 500 }, (_, index) => `  - { name: p${index}, category: nothing }\n`).join('')}` }]);
  assert.equal(findings.length, 201);
  assert.deepEqual([findings.at(-1)!.code, findings.at(-1)!.severity], ['fullarc/structure/too-many', 'error']);
  assert.match(findings.at(-1)!.message, /^300 more findings in this file/);
});
