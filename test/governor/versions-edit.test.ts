// What one edit of a mode does to a file, and what counts as a change between two sets.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FullarcError } from '../../protocol/control.ts';
import { compilePolicies } from '../../runtime/policy/index.ts';
import { changesBetween } from '../../runtime/versions-diff.ts';
import { withMode } from '../../runtime/versions-shadow.ts';

const file = (text: string) => [{ path: 'p.fullarc.yaml', text }];
const shadowed = (text: string): string | undefined => withMode(file(text), 'x', 'shadow')[0]?.text;

const EDITS: readonly { readonly what: string; readonly before: string; readonly after: string }[] = [
  { what: 'a block policy, after its name and comment', before: 'policies:\n  - name: x # why\n    category: safety\n    rules: {}\n', after: 'policies:\n  - name: x # why\n    mode: shadow\n    category: safety\n    rules: {}\n' },
  { what: 'a name that does not come first', before: 'policies:\n- category: safety\n  # who\n  name: "x"\n', after: 'policies:\n- category: safety\n  # who\n  name: "x"\n  mode: shadow\n' },
  { what: 'a mode that is written', before: 'policies:\n  - name: x\n    category: safety\n    mode:   enforce   # yes\n', after: 'policies:\n  - name: x\n    category: safety\n    mode:   shadow   # yes\n' },
  { what: 'a policy on one line', before: 'policies:\n  - { name: x, category: safety }\n', after: 'policies:\n  - { name: x, mode: shadow, category: safety }\n' },
  { what: 'lines that end as on Windows', before: 'policies:\r\n  - name: x\r\n    category: safety\r\n', after: 'policies:\r\n  - name: x\r\n    mode: shadow\r\n    category: safety\r\n' },
  { what: 'the last line of a file without an end', before: 'policies:\n  - category: safety\n    name: x', after: 'policies:\n  - category: safety\n    name: x\n    mode: shadow' },
];

describe('the mode of a policy', () => {
  for (const { what, before, after } of EDITS) it(`is set in ${what}`, () => {
    assert.equal(shadowed(before), after);
    assert.equal(compilePolicies(file(after)).engine.policies[0]?.mode, 'shadow');
  });

  it('is left as it is where it is that already', () => {
    const sources = file('policies:\n  - { name: x, category: safety, mode: shadow }\n');
    assert.equal(withMode(sources, 'x', 'shadow'), sources);
  });

  it('is not taken for enforced when it is switched off', () => {
    assert.throws(() => withMode(file('policies:\n  - { name: x, category: safety, mode: off }\n'), 'x', 'enforce'), (error) => error instanceof FullarcError && error.code === 'bad-command');
  });
});

describe('a change', () => {
  const set = (text: string) => file(`agents: { a: { fleet: f } }\nfleets: { f: {} }\ntools: { t: { class: read } }\npolicies:\n${text}`);
  const base = '  - { name: x, category: safety, rules: { blocked_tools: [a] } }\n';

  it('is none where only comments, order, layout or the file differ', () => {
    const other = '  - name: y\n    category: safety\n';
    assert.deepEqual(changesBetween(set(base + other), [{ path: 'q.fullarc.yaml', text: set(`${other}  # moved\n${base}`)[0]!.text }]), []);
  });

  it('names each key with its value before and after', () => {
    const after = '  - { name: x, category: safety, mode: shadow, scope: { agents: [a] }, rules: { blocked_tools: [a, b] } }\n';
    assert.deepEqual(changesBetween(set(base), set(after)), [{
      kind: 'policy', name: 'x', change: 'changed', category: 'safety',
      keys: [{ key: 'mode', before: 'enforce', after: 'shadow' }, { key: 'rules.blocked_tools', before: ['a'], after: ['a', 'b'] }, { key: 'scope.agents', before: undefined, after: ['a'] }],
    }]);
  });

  it('of the condition counts', () => {
    const narrower = base.replace('rules:', "when: 'agent == \"a\"', rules:");
    assert.deepEqual(changesBetween(set(base), set(narrower)).map(({ keys }) => keys), [[{ key: 'when', before: undefined, after: 'agent == "a"' }]]);
  });

  it('of what an agent, a fleet or a tool is counts as well', () => {
    const text = set(base)[0]!.text;
    const changes = changesBetween(set(base), file(text.replace('class: read', 'class: once').replace('fleets: { f: {} }', 'fleets: { f: {}, g: {} }').replace('fleet: f', 'fleet: g')));
    assert.deepEqual(changes.map(({ kind, name, change }) => [kind, name, change]), [['agent', 'a', 'changed'], ['fleet', 'g', 'added'], ['tool', 't', 'changed']]);
  });
});
