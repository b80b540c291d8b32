// The outline of a governance file, and search over it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentSymbols, matchingSymbols } from '../../language-server/features/symbols.ts';
import type { OutlineSymbol } from '../../language-server/features/symbols.ts';
import { open, textOf } from './support.ts';

const FILE = `
agents:
  writer: { fleet: outreach }
  reader:
    description: Reads.
tools:
  send_email: { class: once }
policies:
  - name: spend
    category: cost
    rules:
      per_run_cost_limit: 5
      on: { a: 1 }

  # about the next one
  - category: llm
`;

function render(source: string): string {
  const { document } = open(source);
  const line = (symbol: OutlineSymbol, depth: number): string[] => [`${'  '.repeat(depth)}${symbol.sort} ${symbol.name}${symbol.detail ? ` (${symbol.detail})` : ''} <${textOf(document, symbol.selection)}>`, ...symbol.children.flatMap((child) => line(child, depth + 1))];
  return documentSymbols(document).flatMap((symbol) => line(symbol, 0)).join('\n');
}

test('sections hold their declarations, policies their rules', () => {
  assert.equal(render(FILE), `section agents <agents>
  agent writer (agents) <writer>
  agent reader (agents) <reader>
section tools <tools>
  tool send_email (tools) <send_email>
policy spend (cost) <spend>
  rule per_run_cost_limit <per_run_cost_limit>
  rule on <on>
policy (unnamed policy) (llm) <- category: llm>`);
});

test('every selection lies in its range, and every child in its parent, in broken text too', () => {
  for (const text of [FILE, FILE.replace('{ fleet', '{ fleet: ['), FILE.replace('name: spend', 'name: "spend'), 'policies:\n  -\n  - name:\n', 'policies: [{ name: a, category: cost }]\nagents: {a: {}, b: }\n', '']) {
    const inside = (outer: OutlineSymbol['range'], inner: OutlineSymbol['range']): boolean => (inner.line > outer.line || (inner.line === outer.line && inner.column >= outer.column)) && (inner.endLine < outer.endLine || (inner.endLine === outer.endLine && inner.endColumn <= outer.endColumn));
    const visit = (symbol: OutlineSymbol): void => {
      assert.ok(inside(symbol.range, symbol.selection), `${symbol.name} in ${text}`);
      symbol.children.forEach((child) => { assert.ok(inside(symbol.range, child.range), `${child.name} of ${symbol.name} in ${text}`); visit(child); });
    };
    documentSymbols(open(text).document).forEach(visit);
  }
});

test('search takes letters in order and answers declarations and policies', () => {
  const { document } = open(FILE);
  assert.deepEqual(matchingSymbols(document, 'SEM').map(({ name }) => name), ['send_email']);
  assert.deepEqual(matchingSymbols(document, 'spd').map(({ name }) => name), ['spend']);
  assert.equal(matchingSymbols(document, '').length, 5);
});
