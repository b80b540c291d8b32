// What is found in a governance file, where, and what its fix makes of the text.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { codeActions, fixAll } from '../../language-server/features/code-actions.ts';
import { PolicySet } from '../../language-server/policy-set.ts';
import { openDocument } from '../../runtime/policy/document.ts';
import { assertFindings } from '../support/fixture.ts';
import { annotationsOf, applyEdits, open } from './support.ts';

const check = (annotated: string): void => assertFindings(annotated, annotationsOf);

/** Takes the only action whose title holds the words, at the cursor. */
function checkFix(source: string, words: string, expected: string): void {
  const { document, cursor, set } = open(source);
  const { line, column } = document.position(cursor.offset);
  const actions = codeActions(set.findings(cursor.path), { line, column, endLine: line, endColumn: column }).filter(({ title }) => title.includes(words));
  assert.equal(actions.length, 1, `${words}: ${actions.map(({ title }) => title).join(' | ')}`);
  assert.equal(applyEdits(document, actions[0]?.edits ?? []), expected);
}

test('a whole file has nothing wrong with it', () => {
  check(`
agents:
  writer: { fleet: outreach }
fleets:
  outreach: {}
policies:
  - name: spend
    category: cost
    scope: { fleets: [outreach] }
    rules: { per_tree_cost_limit: 10, warning_threshold_percent: 80 }
`);
});

test('structure: keys, values, types, names', () => {
  check(`
polices: []
#<^^^^^ error[fullarc/structure/unknown-key]: Did you mean \`policies\`?
policies:
  - name: one
    category: cots
    #         ^^^^ error[fullarc/structure/unknown-category]: Did you mean \`cost\`?
  - name: two
    category: cost
    on_violation: skip
    #             ^^^^ error[fullarc/disposition/not-allowed]
    rules:
      per_run_cost_limt: 5
#     ^^^^^^^^^^^^^^^^^ error[fullarc/structure/unknown-key]: Did you mean \`per_run_cost_limit\`?
      per: nobody
      #    ^^^^^^ error[fullarc/structure/bad-value]
      daily_cost_limit: "5"
      #                 ^^^ error[fullarc/structure/wrong-type]
`);
});

test('references: what nobody declares', () => {
  check(`
agents: { writer: {} }
policies:
  - name: one
    category: cost
    scope: { agents: [writr, "x*"] }
    #                 ^^^^^ error[fullarc/reference/unknown-agent]: Did you mean \`writer\`?
    #                        ^^^^ warning[fullarc/reference/glob-matches-nothing]
    rules: { per_run_cost_limit: 5 }
`);
});

test('one broken policy does not hide or disturb the others', () => {
  const broken = annotationsOf('policies:\n  - name: "one\n    category: cost\n  - name: two\n    category: cots\n');
  assert.ok(broken.some(({ code, line }) => code === 'fullarc/structure/unknown-category' && line === 4));
  assert.ok(broken.every(({ code, line }) => line === 4 || code.startsWith('fullarc/syntax/')));
});

test('lint: a gate that silence opens', () => {
  check(`
policies:
  - name: mail
    category: approval
    rules:
      require_approval_for: [send_email]
      action_on_timeout: allow
      #                  ^^^^^ warning[fullarc/meaning/silence-approves]
`);
  checkFix('policies:\n  - name: mail\n    category: approval\n    rules: { require_approval_for: [a], action_on_timeout: al$0low }\n', 'block', 'policies:\n  - name: mail\n    category: approval\n    rules: { require_approval_for: [a], action_on_timeout: block }\n');
});

test('lint: a quorum of nobody in particular', () => {
  check(`
policies:
  - name: mail
    category: approval
    rules: { require_approval_for: [send_email], quorum: 2 }
    #                                                    ^ information[fullarc/meaning/anyone-approves]
`);
  checkFix('policies:\n  - name: mail\n    category: approval\n    rules:\n      require_approval_for: [a]\n      quorum: $02\n', 'approvers', 'policies:\n  - name: mail\n    category: approval\n    rules:\n      require_approval_for: [a]\n      approvers: []\n      quorum: 2\n');
});

test('lint: a limit that is never reached', () => {
  check(`
policies:
  - name: spend
    category: budget
    rules:
      per_run_cost_limit: 20
      #                   ^^ warning[fullarc/meaning/limit-without-effect]
      per_tree_cost_limit: 10
      daily_cost_limit: 10
      monthly_cost_limit: 10
`);
  checkFix('policies:\n  - name: spend\n    category: cost\n    rules: { daily_cost_limit: $030, monthly_cost_limit: 10 }\n', 'Lower', 'policies:\n  - name: spend\n    category: cost\n    rules: { daily_cost_limit: 10, monthly_cost_limit: 10 }\n');
});

test('lint: allowed and blocked at once', () => {
  check(`
policies:
  - name: models
    category: llm
    rules:
      allowed_models: [gpt-4o, o3]
      #                ^^^^^^ warning[fullarc/meaning/allowed-and-blocked]
      blocked_models: [gpt-4o]
`);
  checkFix('policies:\n  - name: models\n    category: llm\n    rules: { allowed_models: [gpt$0-4o, o3], blocked_models: [gpt-4o] }\n', 'Remove', 'policies:\n  - name: models\n    category: llm\n    rules: { allowed_models: [o3], blocked_models: [gpt-4o] }\n');
});

test('fixes: did you mean, insert what is missing, another disposition', () => {
  checkFix('policies:\n  - name: a\n    category: co$0ts\n    rules: {}\n', 'cost', 'policies:\n  - name: a\n    category: cost\n    rules: {}\n');
  checkFix('policies:\n  - na$0me: a\n', 'Insert `category`', 'policies:\n  - name: a\n    category:\n');
  checkFix('policies:\n  - name: a\n    category: kill-switch\n    on_violation: wa$0rn\n', 'block', 'policies:\n  - name: a\n    category: kill-switch\n    on_violation: block\n');
});

test('the only fix of a finding is the preferred one', () => {
  const { document, set } = open('policies:\n  - name: a\n    category: cots\n');
  const [action] = codeActions(set.findings('policies.fullarc.yaml'), document.range({ start: 0, end: document.text.length }));
  assert.equal(action?.preferred, true);
});

const TWICE = 'policies:\n  - name: a\n    category: cost\n    rules: { per_run_cost_limt: 5 }\n  - name: b\n    category: cost\n    rules: { per_tree_cost_limt$0: 5 }\n';

test('all of one code in the file, and all that has one answer', () => {
  checkFix(TWICE, 'Fix all 2 of unknown-key', TWICE.replace('$0', '').replaceAll('limt', 'limit'));
  const { document, set } = open(TWICE);
  assert.equal(applyEdits(document, fixAll(set.findings('policies.fullarc.yaml'))?.edits ?? []), TWICE.replace('$0', '').replaceAll('limt', 'limit'));
});

const VALID = 'agents:\n  writer: { fleet: outreach }\nfleets:\n  outreach: {}\npolicies:\n  - name: spend\n    category: cost\n    scope: { agents: [writer] }\n    rules:\n      per_run_cost_limit: 5\n  - name: models\n    category: llm\n    rules: { allowed_models: ["gpt-*"] }\n  - name: spend\n    category: cots\n';

test('after any edits the findings are those of the same text opened afresh', () => {
  const piece = fc.oneof(fc.constantFrom('\n', '  ', '- ', '  - name: x\n', ': ', '{', ']', '"', "'", '#', 'policies:\n', 'agents:\n', '|', '\t', '&a ', '*a', '---\n', '', '\r\n', '🙂'), fc.string({ maxLength: 5 }));
  const edit = fc.record({ at: fc.nat(), length: fc.nat({ max: 30 }), text: piece });
  fc.assert(fc.property(fc.array(edit, { minLength: 1, maxLength: 12 }), (edits) => {
    const living = new PolicySet();
    let document = openDocument(VALID);
    living.put('a', document);
    for (const { at, length, text } of edits) {
      const start = at % (document.text.length + 1);
      document = document.edit(start, Math.min(document.text.length, start + length), text);
      living.put('a', document);
      const fresh = new PolicySet();
      fresh.put('a', openDocument(document.text));
      assert.deepEqual(living.findings('a'), fresh.findings('a'));
    }
  }), { numRuns: 150 });
});
