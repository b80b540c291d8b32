// `fullarc test` as its users meet it: what passes, what fails and why, what the tests leave open, and the forms that machines read.

import assert from 'node:assert/strict';
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..');
const CLI = join(ROOT, 'runtime', 'cli.ts');
const POLICIES = `agents:
  writer: {}
policies:
  - name: spend
    category: cost
    on_violation: gate
    when: agent == "writer"
    rules: { per_tree_cost_limit: 10 }
tests:
  - name: what would tip the tree over & more is held
    agent: writer
    given: { tree: { cost: 8 } }
    steps:
      - llm: { model: gpt-4o, cost: 3 }
        expect: { action: gate, policy: spend, field: per_tree_cost_limit }
  - name: small calls add up
    agent: writer
    steps:
      - llm: { model: gpt-4o, cost: 6 }
        after: { text: Done, cost: 7, expect: allow }
      - llm: { model: gpt-4o, cost: 3 }
        expect: warn
      - llm: { model: gpt-4o, cost: 1 }
        expect: gate
        approved: true
`;

function workspaceOf(t: TestContext): { readonly file: string; readonly run: (...args: string[]) => SpawnSyncReturns<string>; readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'fullarc-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, '.fullarc'));
  const file = join(folder, '.fullarc', 'p.yaml');
  writeFileSync(file, POLICIES);
  return { file, folder, run: (...args) => spawnSync(process.execPath, [CLI, 'test', ...args], { cwd: folder, encoding: 'utf8' }) };
}

test('tests that pass say so, and what they leave open is listed with its place', (t) => {
  const { run } = workspaceOf(t);
  const passed = run('--coverage', '--mutants');
  assert.equal(passed.status, 0, passed.stdout + passed.stderr);
  assert.match(passed.stdout, /^ok {4}small calls add up$/m);
  assert.match(passed.stdout, /p\.yaml:7:11 {2}spend: when does not hold$/m);
  assert.match(passed.stdout, /p\.yaml:7:11 {2}spend: when: removed$/m);
  assert.match(passed.stdout, /^2 tests, 0 failed, 80 % of conditions seen, \d+ % of mutants noticed$/m);
  assert.equal(run('--min-coverage', '80').status, 0);
  const short = run('--min-coverage', '81');
  assert.equal(short.status, 1);
  assert.match(short.stderr, /80 % of conditions seen, and 81 % were asked for/);
  assert.equal(run('--min-mutation', '100').status, 1);
  assert.match(run('--filter', 'small').stdout, /^1 test, 0 failed/m);
});

test('a test that fails says where, what was expected and why it came otherwise, in text, JSON and JUnit', (t) => {
  const { file, folder, run } = workspaceOf(t);
  writeFileSync(file, POLICIES.replace('per_tree_cost_limit: 10', 'per_tree_cost_limit: 20'));
  const failed = run('--junit', join(folder, 'junit.xml'));
  assert.equal(failed.status, 1);
  assert.match(failed.stdout, /^FAIL {2}what would tip the tree over & more is held\n {6}.*p\.yaml:15:17 {2}step 1, llm\.before\n {8}expected gate, got allow\n {8}expected gate by spend, but spend looked at it and let it pass$/m);
  const xml = readFileSync(join(folder, 'junit.xml'), 'utf8');
  assert.match(xml, /<testsuites name="fullarc" tests="2" failures="2" errors="0">/);
  assert.match(xml, /<testcase name="what would tip the tree over &amp; more is held" .* line="10">\n\s*<failure type="fullarc\/test\/failed" message="expected gate, got allow">/);
  const json = JSON.parse(run('--json').stdout) as { tests: { passed: boolean; steps: { got: string }[] }[] };
  assert.deepEqual(json.tests.map(({ passed, steps }) => [passed, steps[0]!.got]), [[false, 'allow'], [false, 'allow']]);
});

test('what cannot be tested is one clear message', (t) => {
  const { file, run } = workspaceOf(t);
  writeFileSync(file, POLICIES.replace('policy: spend,', 'policy: spnd,'));
  const unknown = run();
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /No policy is named `spnd`\. Did you mean `spend`\? \[fullarc\/reference\/unknown-policy\]/);
  writeFileSync(file, POLICIES.slice(0, POLICIES.indexOf('tests:')));
  assert.match(run().stderr, /has a test/);
  assert.equal(run('--min-coverage', 'many').status, 2);
});

test('watching runs again after a change, until it is interrupted', { skip: process.platform === 'win32' }, async (t) => {
  const { file, folder } = workspaceOf(t);
  const child = spawn(process.execPath, [CLI, 'test', '--watch'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const until = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next();
      assert.ok(!done, `ended before ${pattern}`);
      if (pattern.test(value)) return value;
    }
  };
  assert.match(await until(/^\d+ tests/), /0 failed/);
  await until(/waiting for changes/);
  writeFileSync(file, POLICIES.replace('per_tree_cost_limit: 10', 'per_tree_cost_limit: 20'));
  assert.match(await until(/^\d+ tests/), /2 failed/);
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  assert.deepEqual(await ended, [130, null]);
});

test('the tests of the outreach example pass', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'test', '--workspace', join(ROOT, 'examples', 'outreach')], { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
});
