// Fitting a template: only what is taken changes, everywhere it is named, and what is left out can be read.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicySource } from './policy/api.ts';
import { compilePolicies } from './policy/index.ts';
import { fitTemplate } from './template-fit.ts';

const TEMPLATE = `tools:
  send_email: { class: once, risk: high }
  read_email:
    class: read
    # what stands in it is not vouched for
    risk: low

policies:
  - name: mail-limit # mail-limit counts
    category: safety
    rules: { max_tool_calls: 3 }
  - name: mail-limit-per-day
    category: rate-limit
    rules: { of: tool_calls, max_per_day: 3 }

tests:
  - name: a fourth call is refused
    given: { run: { tool_calls: 3 } }
    steps:
      - tool: send_email
        expect: { action: block, policy: mail-limit }
`;

const errorsOf = (sources: readonly PolicySource[]) => compilePolicies(sources).findings.filter(({ severity }) => severity === 'error');

test('a template stays as it is where nothing is taken', () => {
  assert.deepEqual(fitTemplate(TEMPLATE, [{ path: 'a.yaml', text: 'policies:\n  - name: other\n    category: audit\n' }]), { text: TEMPLATE, renamed: [], left: [], agents: [] });
});

test('a policy whose name is taken is renamed wherever it is named, and its longer namesake is not', () => {
  const taken = ['mail-limit', 'mail-limit-2'].map((name) => `  - name: ${name}\n    category: audit\n`).join('');
  const { text, renamed } = fitTemplate(TEMPLATE, [{ path: 'a.yaml', text: `policies:\n${taken}` }]);
  assert.deepEqual(renamed, [{ from: 'mail-limit', to: 'mail-limit-3' }]);
  assert.match(text, /- name: mail-limit-3 # mail-limit-3 counts/);
  assert.match(text, /- name: mail-limit-per-day\n/);
  assert.match(text, /policy: mail-limit-3 \}/);
});

test('what is declared elsewhere becomes a comment that names the file', () => {
  const workspace = [{ path: 'tools.yaml', text: 'tools:\n  read_email: { class: read }\n' }];
  const { text, left } = fitTemplate(TEMPLATE, workspace);
  assert.deepEqual(left, [{ section: 'tools', name: 'read_email', file: 'tools.yaml' }]);
  assert.match(text, / {2}# tools\.yaml says already what this is:\n {2}# read_email:\n {2}# {3}class: read\n {2}# {3}# what stands in it is not vouched for\n {2}# {3}risk: low\n\npolicies:/);
  assert.deepEqual(errorsOf([...workspace, { path: 'b.yaml', text }]), []);
});

test('a section of which everything is left out is still sound', () => {
  const workspace = [{ path: 'tools.yaml', text: 'tools:\n  read_email: { class: read }\n  send_email: { class: once }\n' }];
  assert.deepEqual(errorsOf([...workspace, { path: 'b.yaml', text: fitTemplate(TEMPLATE, workspace).text }]), []);
});

test('a test whose name is taken gets a number, each time another', () => {
  const second = fitTemplate(TEMPLATE, [{ path: 'a.yaml', text: TEMPLATE }]).text;
  const third = fitTemplate(TEMPLATE, [{ path: 'a.yaml', text: TEMPLATE }, { path: 'b.yaml', text: second }]).text;
  assert.match(second, /- name: "a fourth call is refused \(2\)"/);
  assert.match(third, /- name: "a fourth call is refused \(3\)"/);
  assert.deepEqual(errorsOf([{ path: 'a.yaml', text: TEMPLATE }, { path: 'b.yaml', text: second }, { path: 'c.yaml', text: third }]), []);
});

test('a workspace that is broken takes names all the same', () => {
  const { renamed } = fitTemplate(TEMPLATE, [{ path: 'a.yaml', text: 'policies:\n  - name: mail-limit\n    category: [\n' }]);
  assert.deepEqual(renamed.map(({ to }) => to), ['mail-limit-2']);
});

test('tests start agents that the workspace declares, as different ones as it has', () => {
  const template = 'policies:\n  - name: family-size # researcher\n    category: delegation\n    rules: { max_delegates: 1 }\n\ntests:\n  - name: a second child is refused\n    given: { run: { children: { total: 1 }, ancestors: [editor] } }\n    steps:\n      - spawn: researcher\n        expect: block\n      - spawn: { agent: editor }\n        expect: block\n';
  const workspace = [{ path: 'a.yaml', text: 'agents:\n  writer: {}\n  researcher-2: {}\n' }];
  const { text, agents } = fitTemplate(template, workspace);
  assert.deepEqual(agents, [{ from: 'researcher', to: 'writer' }, { from: 'editor', to: 'researcher-2' }]);
  assert.match(text, /# researcher\n[^]*ancestors: \[researcher-2\][^]*- spawn: writer\n[^]*agent: researcher-2 \}/);
  assert.deepEqual(errorsOf([...workspace, { path: 'b.yaml', text }]), []);
  assert.equal(fitTemplate(template, [{ path: 'a.yaml', text: 'agents:\n  editor: {}\n  researcher: {}\n' }]).text, template);
});
