// What only shows when all files are read together, and the fixes that reach into another file.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeActions } from '../../language-server/features/code-actions.ts';
import type { Action } from '../../language-server/features/code-actions.ts';
import { toCodeAction } from '../../language-server/to-lsp.ts';
import { assertFindings } from '../support/fixture.ts';
import { annotationsOf, applyEdits, open } from './support.ts';

const check = (annotated: string): void => assertFindings(annotated, annotationsOf);

test('grants and signals name agents and fleets that are declared', () => {
  check(`
agents: { writer: { fleet: outreach } }
fleets: { outreach: {} }
domains:
  crm:
    kind: sql
    grants:
      - agents: [writr]
        #        ^^^^^ warning[fullarc/reference/unknown-agent]: Did you mean \`writer\`?
        fleets: [sales, "out*"]
        #        ^^^^^ warning[fullarc/reference/unknown-fleet]
signals:
  lead:
    starts: { agent: wrter }
    #                ^^^^^ error[fullarc/reference/unknown-agent]
`);
});

test('fields of a grant that the domain does not list', () => {
  check(`
domains:
  crm:
    kind: sql
    fields: { leads.email: { class: pii }, leads.ssn: { class: restricted } }
    grants:
      - fields: [leads.emial, email, "leads.*", leads.region_of_the_account, "deals.*"]
        #        ^^^^^^^^^^^ warning[fullarc/reference/unknown-field]: Did you mean \`leads.email\`?
        #                                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^ information[fullarc/reference/unknown-field]: has no class
        #                                                                    ^^^^^^^^^ warning[fullarc/reference/unknown-field]: matches none
        where: rwo.region == "EU"
        #      ^^^ error[fullarc/expression/unknown-name]: Did you mean \`row\`?
  open: { kind: sql, grants: [{ fields: [anything] }] }
`);
});

test('a source that is no domain is said only where there are domains', () => {
  check(`
domains: { crm: { kind: sql } }
tools:
  run_sql: { is: data, source: crn, statement: args.sql }
  #                            ^^^ information[fullarc/reference/unknown-domain]: Did you mean \`crm\`?
  find: { is: retrieval, store: args.store, source: item.path }
  ask: { is: data, source: crm, statement: args.sql }
`);
  check('tools:\n  run_sql: { is: data, source: anything, statement: args.sql }\n');
});

test('a policy that no declared agent is in scope of', () => {
  check(`
agents: { writer: { fleet: outreach }, reader: { fleet: research }, free: {} }
policies:
  - { name: a, category: cost, scope: { agents: [writer], fleets: [research] }, rules: { per_run_cost_limit: 1 } }
    #                          ^^^^^ warning[fullarc/meaning/unreachable]
  - { name: b, category: cost, scope: { agents: [free], fleets: [research] }, rules: { per_run_cost_limit: 2 } }
  - { name: c, category: cost, scope: { agents: [writer], except: { agents: ["wri*"] } }, rules: { per_run_cost_limit: 3 } }
    #                          ^^^^^ warning[fullarc/meaning/unreachable]
  - { name: d, category: cost, scope: { agents: [writer], except: { agents: ["wri*"], users: [bob] } }, rules: { per_run_cost_limit: 4 } }
`);
});

test('two policies that ask the same of the same runs', () => {
  const two = (more: string): string => `policies:\n  - name: one\n    category: cost\n    description: First.\n    rules: { per_run_cost_limit: 5, per: run }\n  - name: two\n    category: budget\n    ${more}\n    rules: { per: run, per_run_cost_limit: 5 }\n`.replaceAll(', per: run', '').replaceAll('per: run, ', '');
  const codes = (more: string): readonly string[] => open(two(more)).set.findings('policies.fullarc.yaml').map(({ code, line, related }) => `${code} ${line} ${related?.[0]?.line}`);
  assert.deepEqual(codes('owner: finance'), ['fullarc/meaning/redundant 6 2']);
  assert.deepEqual(codes('on_violation: warn'), ['fullarc/meaning/redundant 6 2']);
  for (const more of ['scope: { agents: [x] }', 'mode: shadow', 'when: run.depth > 0', 'on_error: warn', 'overridable: true', 'escalate: [{ after: 2, on_violation: block }]\n    on_violation: warn']) assert.deepEqual(codes(more), [], more);
});

test('of two that differ in strength the weaker one is told, wherever it stands', () => {
  const { set } = open('policies:\n  - { name: weak, category: cost, on_violation: warn, rules: { per_run_cost_limit: 5 } }\n  - { name: strong, category: cost, on_violation: block, rules: { per_run_cost_limit: 5 } }\n');
  assert.deepEqual(set.findings('policies.fullarc.yaml').map(({ line, code }) => [line, code]), [[2, 'fullarc/meaning/redundant']]);
});

const OVERRIDE = '# file: a.fullarc.yaml\npolicies:\n  - name: company\n    category: cost\n    rules: { per_run_cost_limit: 5 }\n# file: b.fullarc.yaml\npolicies:\n  - name: team\n    category: cost\n    overrides: comp$0any\n    rules: { per_run_cost_limit: 9 }\n';

function actionsAt(source: string): { readonly actions: readonly Action[]; readonly texts: (action: Action) => readonly string[] } {
  const { set, cursor, document, documents } = open(source);
  const { line, column } = document.position(cursor.offset);
  const actions = codeActions(set.findings(cursor.path), { line, column, endLine: line, endColumn: column });
  return { actions, texts: ({ edits }) => [...documents].map(([path, each]) => applyEdits(each, edits.filter(({ file }) => (file ?? cursor.path) === path))) };
}

test('what may not be overridden: allowed there, in the other file, or not overridden here', () => {
  const { actions, texts } = actionsAt(OVERRIDE);
  assert.deepEqual(actions.map(({ title }) => title), ['Declare `overridable: true` in `company`', 'Remove `overrides`']);
  const [allowed, removed] = actions.map(texts);
  assert.match(allowed![0]!, /- name: company\n    overridable: true\n    category: cost\n/);
  assert.match(removed![1]!, /category: cost\n    rules: \{ per_run_cost_limit: 9 \}\n/);
  const lsp = toCodeAction(actions[0]!, 'file:///b.yaml', (file) => `file:///${file}`);
  assert.deepEqual(Object.keys(lsp.edit?.changes ?? {}), ['file:///a.fullarc.yaml']);
});

test('the fix leaves a set without findings, in every style', () => {
  for (const company of ['  - { name: company, category: cost, rules: { per_run_cost_limit: 5 } }', '  - category: cost\n    name: company\n    rules: { per_run_cost_limit: 5 }', '  - name: company\n    category: cost\n    overridable: false\n    rules: { per_run_cost_limit: 5 }']) {
    const { actions, texts } = actionsAt(`policies:\n${company}\n  - name: team\n    category: cost\n    overrides: comp$0any\n    rules: { per_run_cost_limit: 9 }\n`);
    for (const action of actions) assert.deepEqual(open(texts(action)[0]!).set.findings('policies.fullarc.yaml'), [], `${action.title}: ${texts(action)[0]}`);
    assert.equal(actions.length, 2);
  }
});
