// Where things live, on every platform.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { home, securePath, socketPath } from './paths.ts';

test('home follows FULLARC_HOME, then the platform', () => {
  assert.equal(home({ FULLARC_HOME: '/x/y', XDG_STATE_HOME: '/s' }, 'linux'), '/x/y');
  assert.equal(home({ XDG_STATE_HOME: '/s' }, 'linux'), '/s/fullarc');
  assert.match(home({}, 'linux'), /\/\.local\/state\/fullarc$/);
  assert.match(home({}, 'darwin'), /Library\/Application Support\/fullarc$/);
  assert.match(home({ LOCALAPPDATA: 'C:\\L' }, 'win32'), /^C:\\L.fullarc$/);
});

test('a socket lies in its home, and a path too long for the system is short, stable and apart', () => {
  assert.equal(socketPath('/h', 'linux'), '/h/governor.sock');
  const long = (letter: string): string => socketPath(`/${letter.repeat(120)}`, 'linux');
  assert.ok(Buffer.byteLength(long('a')) <= 100);
  assert.equal(long('a'), long('a'));
  assert.notEqual(long('a'), long('b'));
  assert.ok(Buffer.byteLength(socketPath(`/${'é'.repeat(48)}`, 'linux')) <= 100);
  assert.match(socketPath('/h', 'win32'), /^\\\\\.\\pipe\\fullarc-[0-9a-f]{16}$/);
});

test('the folder of a socket is this user\'s alone, or refused', { skip: process.platform === 'win32' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'fullarc-paths-'));
  const made = join(folder, 'made');
  securePath(join(made, 'governor.sock'));
  assert.equal(statSync(made).mode & 0o777, 0o700);
  securePath(join(made, 'governor.sock'));
  chmodSync(made, 0o755);
  assert.throws(() => securePath(join(made, 'governor.sock')), { code: 'store-failed' });
  chmodSync(made, 0o700);
  symlinkSync(made, join(folder, 'link'));
  assert.throws(() => securePath(join(folder, 'link', 'governor.sock')), { code: 'store-failed' });
  rmSync(folder, { recursive: true });
});
