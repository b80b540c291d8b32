// `fullarc policies` as its users meet it: versions, differences, changes, trials, and one clear message for what cannot be done.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PolicyOutcome, PolicyVersionLine } from '../../protocol/policy-versions.ts';

const CLI = join(import.meta.dirname, '..', '..', 'runtime', 'cli.ts');
const POLICIES = 'policies:\n  - name: spend # ours\n    category: cost\n    rules: { per_tree_cost_limit: 10 }\n';

test('policies are listed, compared, put in shadow and rolled back from the command line', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fullarc-versions-'));
  const workspace = join(folder, 'workspace');
  const file = join(workspace, '.fullarc', 'p.yaml');
  mkdirSync(join(workspace, '.fullarc'), { recursive: true });
  writeFileSync(file, POLICIES);
  const env = { ...process.env, FULLARC_HOME: join(folder, 'home') };
  const governor = spawn(process.execPath, [CLI, 'governor'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(async () => {
    const ended = once(governor, 'exit');
    governor.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  await once(governor.stderr, 'data');
  const policies = (...args: string[]) => spawnSync(process.execPath, [CLI, 'policies', ...args], { cwd: workspace, env, encoding: 'utf8' });
  const json = <T>(...args: string[]): T => JSON.parse(policies(...args, '--json').stdout) as T;

  assert.match(policies().stdout, /spend {2}cost, enforce, block/);
  assert.match(policies('shadow', 'spend', '--note', 'a week of looking', '--by', 'ana').stdout, /mode: enforce → shadow/);
  assert.equal(readFileSync(file, 'utf8'), POLICIES.replace('# ours\n', '# ours\n    mode: shadow\n'));
  const list = json<PolicyVersionLine[]>('list');
  assert.deepEqual(list.map(({ number, how, by, active, note }) => [number, how, by, active, note]), [[2, 'shadow', 'ana', true, 'a week of looking'], [1, 'start', 'file', false, undefined]]);
  assert.match(policies('list').stdout, /^\* #2 .* shadow .* ana {2}\+0 -0 ~1 {2}a week of looking\n {2}#1 /);
  assert.match(policies('diff', '--text').stdout, /^\+ {4}mode: shadow$/m);
  assert.match(policies('diff', '#2', '#1').stdout, /mode: shadow → enforce/);
  assert.match(policies('show', list[1]!.version.slice(0, 6), '--text').stdout, /spend # ours/);
  assert.ok(json<PolicyOutcome>('rollback', '--dry-run').accepted);
  assert.match(readFileSync(file, 'utf8'), /mode: shadow/);
  assert.equal(policies('rollback').status, 0);
  assert.equal(readFileSync(file, 'utf8'), POLICIES);

  const refused = policies('activate', '#2', '--expect', list[0]!.version);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /is in force, not .*\n.*policies diff/);
  assert.equal(json<{ code: string }>('shadow', 'spnd').code, 'no-such-policy');
  const agent = spawnSync(process.execPath, [CLI, 'policies', 'rollback'], { cwd: workspace, env: { ...env, FULLARC_RUN: 'run-1' }, encoding: 'utf8' });
  assert.equal(agent.status, 1);
  assert.match(agent.stderr, /a governed agent may not change the policies that govern it/);
});
