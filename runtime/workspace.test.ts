// Whatever way a governance file is saved, added or taken away, the newest text governs.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openWorkspace } from './workspace.ts';

const policy = (name: string): string => `policies:\n  - { name: ${name}, category: safety, rules: { blocked_tools: [x] } }\n`;

const STEPS: readonly { readonly what: string; readonly act: (folder: string) => void; readonly expect: readonly string[] }[] = [
  { what: 'saved in place', act: (folder) => writeFileSync(join(folder, 'a.fullarc.yaml'), policy('second')), expect: ['second'] },
  {
    what: 'saved by rename', expect: ['third'],
    act: (folder) => {
      writeFileSync(join(folder, 'new'), policy('third'));
      renameSync(join(folder, 'new'), join(folder, 'a.fullarc.yaml'));
    },
  },
  { what: 'a file beside it', act: (folder) => writeFileSync(join(folder, 'b.fullarc.yaml'), policy('beside')), expect: ['beside', 'third'] },
  {
    what: 'a folder of governance files', expect: ['beside', 'inside', 'third'],
    act: (folder) => {
      mkdirSync(join(folder, '.fullarc'));
      writeFileSync(join(folder, '.fullarc', 'c.yaml'), policy('inside'));
    },
  },
  { what: 'saved in that folder', act: (folder) => writeFileSync(join(folder, '.fullarc', 'c.yaml'), policy('deeper')), expect: ['beside', 'deeper', 'third'] },
  { what: 'taken away', act: (folder) => rmSync(join(folder, 'b.fullarc.yaml')), expect: ['deeper', 'third'] },
];

test('a workspace follows its files', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fullarc-workspace-'));
  writeFileSync(join(folder, 'a.fullarc.yaml'), policy('first'));
  let told = (): void => {};
  const workspace = await openWorkspace(folder, () => told());
  const alive = setInterval(() => {}, 60_000); // watchers do not keep a process going
  try {
    const names = (): string[] => workspace.engine.policies.map(({ name }) => name).sort();
    assert.deepEqual(names(), ['first']);
    for (const { what, act, expect } of STEPS) {
      const followed = new Promise<void>((resolve) => {
        told = () => (names().join() === expect.join() ? resolve() : undefined);
      });
      act(folder);
      await followed;
      assert.deepEqual(names(), expect, what);
    }
  } finally {
    clearInterval(alive);
    workspace.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
