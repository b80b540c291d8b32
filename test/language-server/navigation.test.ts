// Declarations, uses and renaming across files.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definitions, references, rename, renameRange } from '../../language-server/features/navigation.ts';
import type { Location } from '../../language-server/features/navigation.ts';
import { applyEdits, open, textOf } from './support.ts';

const SET = `# file: people.fullarc.yaml
agents:
  writer: { fleet: outreach }
  writer-eu: {}
fleets:
  outreach: {}
# file: rules.fullarc.yaml
policies:
  - name: spend
    category: cost
    scope: { agents: [writer], except: { fleets: [outreach] } }
  - name: tight
    category: cost
    scope: { agents: ["writer*"] }
`;

const at = (mark: string): string => {
  const index = SET.lastIndexOf(mark);
  assert.ok(index >= 0);
  return `${SET.slice(0, index + 1)}$0${SET.slice(index + 1)}`;
};

function found(source: string, feature: typeof definitions): string[] {
  const { document, cursor, set, documents } = open(source);
  return feature(document, cursor.offset, set).map((place: Location) => `${place.file}:${place.line} ${textOf(documents.get(place.file) ?? document, place)}`).sort();
}

test('a name leads to its declaration, a glob to all it matches', () => {
  assert.deepEqual(found(at('writer]'), definitions), ['people.fullarc.yaml:2 writer']);
  assert.deepEqual(found(at('writer*'), definitions), ['people.fullarc.yaml:2 writer', 'people.fullarc.yaml:3 writer-eu']);
  assert.deepEqual(found(at('outreach }\n  writer-eu'), definitions), ['people.fullarc.yaml:5 outreach']);
  assert.deepEqual(found(at('cost\n'), definitions), []);
});

test('references are the declaration, the uses and the globs that match', () => {
  assert.deepEqual(found(at('writer:'), references), ['people.fullarc.yaml:2 writer', 'rules.fullarc.yaml:4 writer', 'rules.fullarc.yaml:7 "writer*"']);
  assert.deepEqual(found(at('outreach:'), references), ['people.fullarc.yaml:2 outreach', 'people.fullarc.yaml:5 outreach', 'rules.fullarc.yaml:4 outreach']);
});

test('renaming changes the declaration and exact uses in every file', () => {
  const { document, cursor, set, documents } = open(at('writer: {'));
  const edits = rename(document, cursor.offset, set, 'author');
  const text = [...documents].map(([path, each]) => applyEdits(each, edits.filter(({ file }) => file === path))).join('');
  assert.match(text, /^  author: \{ fleet/m);
  assert.match(text, /agents: \[author\]/);
  assert.match(text, /writer-eu[^]*"writer\*"/);
});

test('a glob, an undeclared name and a name that needs quotes are not renamed', () => {
  const glob = open(at('writer*'));
  assert.equal(renameRange(glob.document, glob.cursor.offset, glob.set), undefined);
  const stray = open('policies:\n  - scope: { agents: [gh$0ost] }\n');
  assert.equal(renameRange(stray.document, stray.cursor.offset, stray.set), undefined);
  const policy = open(at('spend\n    category'));
  assert.deepEqual(rename(policy.document, policy.cursor.offset, policy.set, 'a: b'), []);
});

test('domains, tools and overridden policies are found and renamed wherever they are named', () => {
  const set = 'domains:\n  cr$0m: { kind: sql }\ntools:\n  run_sql: { is: data, source: crm, statement: args.crm }\n  find: { is: retrieval, store: args.crm }\npolicies:\n  - name: a\n    category: data-access\n    overridable: true\n    rules: { read_only_sources: [crm, crm.leads] }\n  - name: b\n    category: input-validation\n    rules: { tool_schemas: { run_sql: { type: object } } }\n  - name: c\n    category: data-access\n    overrides: a\n    rules: { read_only_sources: [crm] }\n';
  assert.deepEqual(found(set, references).map((place) => place.slice(place.indexOf(':'))), [':10 crm', ':17 crm', ':2 crm', ':4 crm']);
  const bare = set.replace('$0', '');
  assert.equal(found(bare.replace('  run_sql:', '  run$0_sql:'), references).length, 2);
  assert.deepEqual(found(bare.replace('overrides: a', 'overrides: $0a'), definitions).map((place) => place.slice(place.indexOf(':'))), [':7 a']);
});
