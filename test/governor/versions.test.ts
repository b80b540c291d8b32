// The life of policy sets on a real governor: what is recorded, what may be put in force, what is refused, and what a crash leaves behind.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { FullarcError } from '../../protocol/control.ts';
import { openSqlite } from '../../runtime/store/sqlite.ts';
import { Versions } from '../../runtime/versions.ts';
import { governed, toolBefore, type Governed } from '../support/governed.ts';

const block = (tool: string): string => `# by hand\npolicies:\n  - name: tools\n    category: safety\n    rules: { blocked_tools: [${tool}] }\n`;
const BROKEN = 'policies:\n  - name: tools\n    category: no-such\n';
const path = '.fullarc/policies.yaml';
const by = (g: Governed) => ({ workspace: g.workspace, by: 'ana' });
const text = (g: Governed): string => readFileSync(join(g.workspace, path), 'utf8');
const put = (g: Governed, source: string, more: object = {}) => g.governor.lifecycle.put({ ...by(g), ...more }, [{ path, text: source }]);
const history = async (g: Governed) => (await g.governor.lifecycle.list(g.workspace)).map(({ number, how, by, active }) => [number, how, by, active]);
const inForce = async (g: Governed): Promise<string> => (await g.governor.policies(g.workspace)).version;
const failed = (code: string, message: RegExp) => (error: unknown): boolean => {
  assert.ok(error instanceof FullarcError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

describe('every accepted set', () => {
  it('is a version, and what does not compile is none', async (t) => {
    const g = await governed(t, block('a'));
    await g.governor.policies(g.workspace);
    await g.policies(block('b'));
    await g.policies(BROKEN);
    await g.policies(`${block('b')}# a comment\n`);
    g.now += 1000;
    await put(g, block('c'), { note: 'because' });
    assert.deepEqual(await history(g), [[4, 'api', 'ana', true], [3, 'file', 'file', false], [2, 'file', 'file', false], [1, 'start', 'file', false]]);
    const [newest, comment, second, first] = await g.governor.lifecycle.list(g.workspace);
    assert.deepEqual([newest?.note, newest?.at, newest?.parent], ['because', g.now, comment?.version]);
    assert.deepEqual([newest, comment, second, first].map((each) => each?.counts), [{ added: 0, removed: 0, changed: 1 }, { added: 0, removed: 0, changed: 0 }, { added: 0, removed: 0, changed: 1 }, { added: 1, removed: 0, changed: 0 }]);
    assert.deepEqual((await g.governor.lifecycle.version(g.workspace, '#2')).sources, [{ path, text: block('b') }]);
    assert.equal(text(g), block('c'));
  });

  it('is there after a restart, and the same files are not recorded twice', async (t) => {
    const g = await governed(t, block('a'));
    await put(g, block('b'));
    const before = await g.governor.lifecycle.list(g.workspace);
    const next = await g.restart();
    assert.deepEqual(await next.governor.lifecycle.list(g.workspace), before);
    assert.equal(await inForce(next), before[0]?.version);
  });

  it('changed while no governor ran is recorded at its start', async (t) => {
    const g = await governed(t, block('a'));
    await g.governor.policies(g.workspace);
    await g.governor.close();
    writeFileSync(join(g.workspace, path), block('b'));
    assert.deepEqual(await history(await g.restart()), [[2, 'start', 'file', true], [1, 'start', 'file', false]]);
  });

  it('stays in force over a restart when its files are broken by then', async (t) => {
    const g = await governed(t, block('a'));
    const { run } = await g.run();
    const good = await inForce(g);
    await g.policies(BROKEN);
    const next = await g.restart();
    assert.equal((await next.governor.before(run, { key: 'k', event: toolBefore('a') })).go, false);
    assert.equal(await inForce(next), good);
    await assert.rejects(next.run(), failed('policy-errors', /no-such/));
  });

  it('is obeyed on a full disk, and recorded with the next one', async (t) => {
    const g = await governed(t, block('a'));
    const { run } = await g.run();
    g.full = true;
    await g.policies(block('b'));
    g.full = false;
    assert.equal((await g.governor.before(run, { key: 'k', event: toolBefore('b') })).go, false);
    await g.policies(block('c'));
    assert.deepEqual(await history(g), [[3, 'file', 'file', true], [2, 'file', 'file', false], [1, 'start', 'file', false]]);
  });

  it('stays: history cannot be changed', async (t) => {
    const g = await governed(t, block('a'));
    await g.governor.policies(g.workspace);
    await g.governor.close();
    const store = openSqlite(join(g.home, 'fullarc.db'));
    t.after(() => store.close());
    for (const sql of ['DELETE FROM policy_versions', "UPDATE policy_versions SET person = 'nobody'"]) await assert.rejects(store.transaction((tx) => tx.run(sql)).durable, /never/);
  });
});

describe('activate', () => {
  it('writes the version to its files, and removes those that it did not have', async (t) => {
    const g = await governed(t, block('a'));
    chmodSync(join(g.workspace, path), 0o600);
    await g.governor.policies(g.workspace);
    const added = join(g.workspace, '.fullarc', 'deep', 'more.yaml');
    await g.governor.lifecycle.put(by(g), [{ path, text: block('b') }, { path: '.fullarc/deep/more.yaml', text: block('c').replace('tools', 'more') }]);
    assert.ok(existsSync(added));
    const outcome = await g.governor.lifecycle.activate(by(g), '#1');
    assert.deepEqual(outcome.files, [{ path: '.fullarc/deep/more.yaml', change: 'removed' }, { path, change: 'changed' }]);
    assert.deepEqual([existsSync(added), text(g), statSync(join(g.workspace, path)).mode & 0o777], [false, block('a'), 0o600]);
    assert.deepEqual(outcome.changes.map(({ name, change, keys }) => [name, change, keys.filter(({ key }) => key === 'rules.blocked_tools')]), [
      ['more', 'removed', [{ key: 'rules.blocked_tools', before: ['c'], after: undefined }]], ['tools', 'changed', [{ key: 'rules.blocked_tools', before: ['b'], after: ['a'] }]],
    ]);
    assert.deepEqual(await history(g), [[3, 'activate', 'ana', true], [2, 'api', 'ana', false], [1, 'start', 'file', false]]);
  });

  it('is refused where it would take away what somebody wrote, unless forced', async (t) => {
    const g = await governed(t, block('a'));
    await put(g, block('b'));
    await g.policies(BROKEN);
    await assert.rejects(g.governor.lifecycle.activate(by(g), '#1'), failed('conflict', /policies\.yaml says now is not in force/));
    assert.equal(text(g), BROKEN);
    assert.ok((await g.governor.lifecycle.activate({ ...by(g), force: true }, '#1')).accepted);
    assert.equal(text(g), block('a'));
    writeFileSync(join(g.workspace, 'other.fullarc.yaml'), BROKEN);
    await assert.rejects(g.governor.lifecycle.activate({ ...by(g), force: true }, '#2'), failed('conflict', /other\.fullarc\.yaml belongs neither/));
  });

  it('brings back files that vanished under a run', async (t) => {
    const g = await governed(t, block('a'));
    await g.run();
    const version = await inForce(g);
    rmSync(join(g.workspace, path));
    await g.governor.policies(g.workspace, true);
    const outcome = await g.governor.lifecycle.activate({ ...by(g), force: true }, version);
    assert.deepEqual([outcome.accepted, outcome.entry, text(g)], [true, undefined, block('a')]);
    assert.deepEqual((await g.governor.policies(g.workspace)).findings, []);
  });

  it('of a name that is none, or of several, says so', async (t) => {
    const g = await governed(t, block('a'));
    for (const [name, why] of [['ffff', /begins with it/], ['xyz', /four hexadecimal/], ['#7', /of that number/]] as const) await assert.rejects(g.governor.lifecycle.activate(by(g), name), failed('no-such-version', why));
  });

  it('as a trial changes nothing', async (t) => {
    const g = await governed(t, block('a'));
    const outcome = await put(g, block('b'), { dryRun: true });
    assert.deepEqual([outcome.accepted, outcome.changes.length, text(g), (await history(g)).length], [true, 1, block('a'), 1]);
  });
});

describe('put', () => {
  it('answers findings, and leaves everything as it was, when the set does not compile', async (t) => {
    const g = await governed(t, block('a'));
    const outcome = await put(g, BROKEN);
    assert.ok(!outcome.accepted && outcome.findings.some(({ severity }) => severity === 'error'));
    assert.deepEqual([text(g), (await history(g)).length, (await g.governor.policies(g.workspace)).findings], [block('a'), 1, []]);
  });

  it('of two that know the same version, lets one through', async (t) => {
    const g = await governed(t, block('a'));
    const expect = await inForce(g);
    const results = await Promise.allSettled(['b', 'c', 'd'].map((tool) => put(g, block(tool), { expect })));
    assert.deepEqual(results.map(({ status }) => status), ['fulfilled', 'rejected', 'rejected']);
    assert.ok(results.every((each) => each.status === 'fulfilled' || failed('conflict', /is in force, not/)(each.reason)));
    assert.equal(text(g), block('b'));
  });

  for (const [wrong, why] of [['../p.fullarc.yaml', /plain path/], ['/etc/p.fullarc.yaml', /plain path/], ['a/../p.fullarc.yaml', /plain path/], ['.fullarc\\p.yaml', /plain path/], ['agent.mjs', /name says otherwise/], ['node_modules/x/p.fullarc.yaml', /never searched/]] as const) {
    it(`does not write ${wrong}`, async (t) => {
      const g = await governed(t, block('a'));
      await assert.rejects(g.governor.lifecycle.put(by(g), [{ path: wrong, text: block('b') }]), failed('bad-message', why));
    });
  }

  it('does not take an empty set, nor one file twice', async (t) => {
    const g = await governed(t, block('a'));
    await assert.rejects(g.governor.lifecycle.put(by(g), []), failed('bad-message', /nothing would be governed/));
    await assert.rejects(g.governor.lifecycle.put(by(g), [{ path, text: '' }, { path, text: '' }]), failed('bad-message', /twice/));
  });

  it('that cannot be written leaves the files as they were, and is not in force', async (t) => {
    const g = await governed(t, block('a'));
    writeFileSync(join(g.workspace, 'taken'), '');
    await assert.rejects(g.governor.lifecycle.put(by(g), [{ path, text: block('b') }, { path: 'taken/z.fullarc.yaml', text: block('c').replace('tools', 'more') }]), failed('store-failed', /taken\/z\.fullarc\.yaml cannot be written/));
    assert.deepEqual([text(g), await history(g)], [block('a'), [[1, 'start', 'file', true]]]);
  });
});

describe('rollback', () => {
  it('goes back one version each time, also past what was changed since', async (t) => {
    const g = await governed(t, block('a'));
    for (const tool of ['b', 'c']) await put(g, block(tool));
    const back = async (): Promise<string> => (await g.governor.lifecycle.rollback(by(g)), text(g));
    assert.deepEqual([await back(), await back()], [block('b'), block('a')]);
    await assert.rejects(back(), failed('no-such-version', /before the one in force/));
    await put(g, block('d'));
    assert.equal(await back(), block('a'));
  });
});

describe('shadow', () => {
  it('of one policy lets it only record, and off enforces it again', async (t) => {
    const g = await governed(t, block('a'));
    const { run } = await g.run();
    const ask = async (key: string): Promise<boolean> => (await g.governor.before(run, { key, event: toolBefore('a') })).go;
    assert.equal(await ask('1'), false);
    await g.governor.lifecycle.shadow(by(g), 'tools', false);
    assert.deepEqual([await ask('2'), text(g)], [true, block('a').replace('tools\n', 'tools\n    mode: shadow\n')]);
    await g.governor.lifecycle.shadow(by(g), 'tools', true);
    assert.deepEqual([await ask('3'), text(g)], [false, block('a').replace('tools\n', 'tools\n    mode: enforce\n')]);
    await assert.rejects(g.governor.lifecycle.shadow(by(g), 'tool', false), failed('no-such-policy', /did you mean tools/));
  });
});

describe('a write of several files that broke off', () => {
  const old = [{ path, text: block('a') }, { path: 'b.fullarc.yaml', text: block('x').replace('tools', 'b') }];
  const wanted = [{ path, text: block('c') }, { path: 'c.fullarc.yaml', text: block('y').replace('tools', 'c') }];
  async function crashed(t: TestContext, half: string): Promise<Governed> {
    const g = await governed(t, block('a'));
    await g.governor.lifecycle.put(by(g), old);
    const { version } = await g.governor.lifecycle.put({ ...by(g), dryRun: true }, wanted);
    await g.governor.close();
    const store = openSqlite(join(g.home, 'fullarc.db'));
    await store.transaction((tx) => new Versions().begin(tx, g.workspace, { version, origin: { how: 'api', by: 'ana' }, before: old, after: wanted })).durable;
    await store.close();
    writeFileSync(join(g.workspace, path), half);
    return g.restart();
  }

  it('is finished at the next start', async (t) => {
    const g = await crashed(t, block('c'));
    assert.deepEqual((await history(g))[0], [3, 'api', 'ana', true]);
    assert.deepEqual((await g.governor.lifecycle.version(g.workspace, '#3')).sources, wanted);
    assert.deepEqual([existsSync(join(g.workspace, 'b.fullarc.yaml')), existsSync(join(g.workspace, 'c.fullarc.yaml'))], [false, true]);
  });

  it('is left alone when somebody changed the files since', async (t) => {
    const g = await crashed(t, block('mine'));
    assert.deepEqual((await history(g))[0], [3, 'start', 'file', true]);
    assert.deepEqual([text(g), existsSync(join(g.workspace, 'b.fullarc.yaml'))], [block('mine'), true]);
  });
});
