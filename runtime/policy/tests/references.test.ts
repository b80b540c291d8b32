// What tests name and nothing declares: said where it stands, and an error only where the test would pass for the wrong reason.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicies } from '../index.ts';

const found = (text: string): readonly string[] => compilePolicies([{ path: 'shop.fullarc.yaml', text }]).findings
  .filter(({ code }) => code.startsWith('fullarc/reference/')).map(({ line, severity, code, message }) => `${line} ${severity} ${code.slice('fullarc/reference/'.length)}: ${message}`);

const shop = (agents: string, ...tests: readonly string[]): string => `agents: ${agents}
policies:
  - { name: spend, category: cost, rules: { per_tree_cost_limit: 5 } }
tests:
${tests.map((each) => `  - ${each}\n`).join('')}`;

test('an agent that nobody declares is a warning, so that the tests of a template keep no workspace from running', () => {
  assert.deepEqual(found(shop('{ writer: {} }', '{ name: a child begins, steps: [{ spawn: researcher, expect: allow }] }', '{ name: another begins, agent: writr, steps: [{ tool: search, expect: allow }] }')), [
    '5 warning unknown-agent: No agent `researcher` is declared under `agents:`.',
    '6 warning unknown-agent: No agent `writr` is declared under `agents:`. Did you mean `writer`?',
  ]);
});

test('without any agent, none is asked for', () => {
  assert.deepEqual(found(shop('{}', '{ name: a child begins, steps: [{ spawn: researcher, expect: allow }] }')), []);
});

test('a policy that does not exist is an error', () => {
  assert.deepEqual(found(shop('{}', '{ name: too dear, given: { tree: { cost: 6 } }, steps: [{ tool: search, expect: { action: block, policy: spnd } }] }')), [
    '5 error unknown-policy: No policy is named `spnd`. Did you mean `spend`?',
  ]);
});
