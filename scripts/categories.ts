// `npm run categories`: every category as the code has it. The examples are asked and counted here, not believed.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { EVENT_NAMES, PHASES, PHASE_OF } from '../protocol/action.ts';
import type { Category } from '../runtime/policy/category.ts';
import { fieldsOf } from '../runtime/policy/describe.ts';
import { CATEGORIES } from '../runtime/policy/registry.ts';
import { disagreements, EXAMPLE_NAME } from '../runtime/policy/testing.ts';

interface Row {
  readonly category: string;
  readonly fields: number;
  readonly events: readonly string[];
  readonly phases: readonly string[];
  readonly dispositions: string;
  readonly examples: number;
  readonly wrong: readonly string[];
  readonly tests: number;
}

const rows = CATEGORIES.map(rowOf);
if (process.argv.includes('--json')) console.log(JSON.stringify(rows, null, 2));
else print(rows);
if (rows.some(({ wrong }) => wrong.length > 0)) process.exitCode = 1;

function rowOf(category: Category): Row {
  const events = EVENT_NAMES.filter((event) => watched(category).has(event));
  return {
    category: category.id, fields: fieldsOf(category.rules).length, events, phases: PHASES.filter((phase) => events.some((event) => PHASE_OF[event] === phase)),
    dispositions: category.dispositions.join(' '), examples: category.examples.length, wrong: disagreements(category), tests: testsOf(category.id),
  };
}

/** Events that the category's own examples make it look at: what a policy watches depends on its rules. */
function watched(category: Category): ReadonlySet<string> {
  const header = { name: EXAMPLE_NAME, onViolation: category.onViolation };
  return new Set(category.examples.flatMap(({ rules }) => Object.keys(category.checks(category.rules.parse(parse(rules)), header))));
}

/** Tests written beside the category; one in a loop counts once, and the examples are not among them. */
function testsOf(id: string): number {
  const text = readFileSync(join(import.meta.dirname, `../runtime/policy/categories/${id}.test.ts`), 'utf8');
  return [...text.matchAll(/^\s*(?:test|it)\(/gm)].length;
}

function print(rows: readonly Row[]): void {
  const head = ['category', 'fields', 'events', 'phases', 'dispositions', 'examples', 'tests'];
  const cells = rows.map((row) => [row.category, row.fields, row.events.length, row.phases.join(' '), row.dispositions, row.wrong.length > 0 ? `${row.examples - row.wrong.length} of ${row.examples}` : row.examples, row.tests].map(String));
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd();
  for (const row of [head, widths.map((width) => '-'.repeat(width)), ...cells]) console.log(line(row));
  const examples = rows.reduce((sum, row) => sum + row.examples, 0);
  console.log(`\n${rows.length} categories, ${rows.reduce((sum, row) => sum + row.fields, 0)} fields, ${examples} examples asked, ${rows.reduce((sum, row) => sum + row.tests, 0)} tests beside them.`);
  for (const { category, wrong } of rows) for (const each of wrong) console.error(`${category}: ${each}`);
}
