// `fullarc policies new` as its users meet it: listed, written, refused where it would do harm.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { templates } from '../runtime/templates.ts';

const CLI = join(import.meta.dirname, '..', 'runtime', 'cli.ts');

interface Place {
  readonly folder: string;
  fullarc(...args: string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string };
  text(file: string): string;
}

function place(t: TestContext, env: NodeJS.ProcessEnv = {}): Place {
  const folder = mkdtempSync(join(tmpdir(), 'fullarc-new-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    fullarc: (...args) => spawnSync(process.execPath, [CLI, ...args], { cwd: folder, env: { ...process.env, FULLARC_RUN: '', FULLARC_HOME: join(folder, 'home'), ...env }, encoding: 'utf8' }),
    text: (file) => readFileSync(join(folder, file), 'utf8'),
  };
}

test('the templates are listed in their groups, and as JSON without their texts', (t) => {
  const { fullarc } = place(t);
  const { stdout, status } = fullarc('policies', 'new');
  assert.equal(status, 0);
  for (const { name, about, group } of templates()) assert.ok(stdout.includes(`${name} `) && stdout.includes(about) && stdout.includes(`${group}\n`), name);
  const listed = JSON.parse(fullarc('policies', 'new', '--list', '--json').stdout) as readonly Record<string, unknown>[];
  assert.deepEqual(listed.map(({ name }) => name), templates().map(({ name }) => name));
  assert.deepEqual(Object.keys(listed[0]!).sort(), ['about', 'audience', 'change', 'group', 'name', 'title']);
});

test('a template is written where the governor finds it, and checks as sound', (t) => {
  const here = place(t);
  const shown = here.fullarc('policies', 'new', 'safety', '--print').stdout;
  const { stdout, status } = here.fullarc('policies', 'new', 'safety');
  assert.equal(status, 0);
  assert.match(stdout, /^wrote \.fullarc\/safety\.fullarc\.yaml; change first: `blocked_tools`/);
  assert.equal(here.text('.fullarc/safety.fullarc.yaml'), shown);
  assert.equal(here.fullarc('check').stdout.trim(), '1 file, 0 errors, 0 other findings');
});

test('what is there is not overwritten, unless it is said', (t) => {
  const here = place(t);
  here.fullarc('policies', 'new', 'safety');
  writeFileSync(join(here.folder, '.fullarc', 'safety.fullarc.yaml'), '# mine\n');
  const refused = here.fullarc('policies', 'new', 'safety');
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /is there already\n.*--out FILE.*--force/);
  assert.equal(here.text('.fullarc/safety.fullarc.yaml'), '# mine\n');
  assert.equal(here.fullarc('policies', 'new', 'safety', '--force').status, 0);
  assert.match(here.text('.fullarc/safety.fullarc.yaml'), /agent-is-stuck/);
});

test('names that are taken become others, and it is said', (t) => {
  const here = place(t);
  writeFileSync(join(here.folder, 'own.fullarc.yaml'), 'tools:\n  query_warehouse: { class: read }\npolicies:\n  - name: tables-of-the-task\n    category: audit\n');
  const { stdout, status } = here.fullarc('policies', 'new', 'data-access', '--json');
  const { file, renamed, left, agents, findings } = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual({ file, renamed, left, agents, findings, status }, {
    file: '.fullarc/data-access.fullarc.yaml', renamed: [{ from: 'tables-of-the-task', to: 'tables-of-the-task-2' }], left: [{ section: 'tools', name: 'query_warehouse', file: 'own.fullarc.yaml' }], agents: [], findings: [], status: 0,
  });
});

test('what is wrong in the workspace afterwards is told, and is the exit code', (t) => {
  const here = place(t);
  writeFileSync(join(here.folder, 'own.fullarc.yaml'), 'policies:\n  - name: spend\n    category: cots\n');
  const { stdout, status } = here.fullarc('policies', 'new', 'safety');
  assert.equal(status, 1);
  assert.match(stdout, /wrote .*\n.*error: own\.fullarc\.yaml:3:.*cots/);
});

test('a file that would never be read, or lies elsewhere, is not written', (t) => {
  const here = place(t);
  assert.match(here.fullarc('policies', 'new', 'safety', '--out', 'safety.txt').stderr, /would never be read.*\nGovernance files are/);
  assert.match(here.fullarc('policies', 'new', 'safety', '--out', '../safety.fullarc.yaml').stderr, /outside the workspace/);
  assert.ok(!existsSync(join(here.folder, '..', 'safety.fullarc.yaml')));
  assert.equal(here.fullarc('policies', 'new', 'safety', '--out', 'policies/loops.fullarc.yaml').status, 0);
  assert.match(here.text('policies/loops.fullarc.yaml'), /agent-is-stuck/);
});

test('a name that no template has is answered with what was meant', (t) => {
  const { stdout, status } = place(t).fullarc('policies', 'new', 'saftey', '--json');
  assert.equal(status, 1);
  assert.match((JSON.parse(stdout) as { remedy: string }).remedy, /Did you mean safety\?/);
});

test('an agent that is governed writes no policies', (t) => {
  const here = place(t, { FULLARC_RUN: 'run-1' });
  assert.match(here.fullarc('policies', 'new', 'safety').stderr, /may not change the policies that govern it/);
  assert.ok(!existsSync(join(here.folder, '.fullarc')));
});
