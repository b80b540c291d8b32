// Launch configurations: which command line follows from them, and which are refused before anything starts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandLine, runArguments, wrongWith } from './configuration.ts';

test('a script is run by its interpreter, a program by itself', () => {
  assert.deepEqual(commandLine({ program: '/w/a.mjs', args: ['-x'] }), ['node', '/w/a.mjs', '-x']);
  assert.deepEqual(commandLine({ program: '/w/a.PY' }), ['python3', '/w/a.PY']);
  assert.deepEqual(commandLine({ program: '/w/agent' }), ['/w/agent']);
  assert.deepEqual(commandLine({ command: 'npx', args: ['tsx', 'a.ts'] }), ['npx', 'tsx', 'a.ts']);
});

test('options of the launcher never swallow arguments of the agent', () => {
  const args = runArguments({ request: 'launch', agent: 'writer', fleet: 'outreach', command: 'node', args: ['--agent', 'other'] }, '/w');
  assert.deepEqual(args, ['run', '--json', '--workspace', '/w', '--agent', 'writer', '--fleet', 'outreach', '--', 'node', '--agent', 'other']);
});

test('the context of a configuration reaches the launcher, entry by entry', () => {
  const args = runArguments({ request: 'launch', agent: 'writer', command: 'node', context: { purpose: 'customer support', region: 'eu' } }, '/w');
  assert.deepEqual(args.slice(6, 9), ['--context=purpose=customer support', '--context=region=eu', '--']);
  assert.equal(wrongWith({ request: 'launch', agent: 'a', command: 'y', context: { purpose: 'x' } }), undefined);
  for (const context of [['purpose'], 'purpose=x', null, { purpose: 1 }]) assert.equal(wrongWith({ request: 'launch', agent: 'a', command: 'y', context })?.field, 'context');
});

test('a configuration that cannot be launched says which field is wrong', () => {
  assert.equal(wrongWith({ request: 'launch', agent: 'a', program: 'x.mjs' }), undefined);
  assert.equal(wrongWith({ request: 'attach', run: 'r1' }), undefined);
  assert.equal(wrongWith({ request: 'attach' })?.field, 'run');
  assert.equal(wrongWith({ request: 'launch', program: 'x.mjs' })?.field, 'agent');
  assert.equal(wrongWith({ request: 'launch', agent: 'a' })?.field, 'program');
  assert.equal(wrongWith({ request: 'launch', agent: 'a', program: 'x', command: 'y' })?.field, 'program');
  assert.equal(wrongWith({ request: 'launch', agent: 'a', command: 'y', args: 'no list' })?.field, 'args');
});
