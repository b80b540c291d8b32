// Documents made of the literals: a page for each category, the page of facts, and the JSON Schema of a governance file.

import { z } from 'zod';
import type { CategoryDescription, Field } from './describe.ts';
import { describeCategories, flowText } from './describe.ts';
import { factsPage } from './facts-page.ts';
import { CATEGORIES } from './registry.ts';
import { fileSchema, policySchema } from './schema.ts';

/** Generated files by their path from the project's root. */
export function generatedPages(): ReadonlyMap<string, string> {
  const categories = describeCategories();
  return new Map([
    ...categories.map((category) => [category.page, categoryPage(category)] as const),
    ['docs/categories/README.md', overview(categories)],
    ['docs/facts.md', factsPage()],
    ['docs/schema.json', `${JSON.stringify(jsonSchema(), null, 2)}\n`],
  ]);
}

/** JSON Schema (draft 2020-12) for editors that do not speak our language server. `rules` follows `category`. */
export function jsonSchema(): object {
  const file = z.toJSONSchema(fileSchema, { io: 'input' }) as { properties: Record<string, unknown> };
  const policy = z.toJSONSchema(policySchema, { io: 'input' }) as { properties: Record<string, unknown> };
  policy.properties['category'] = { ...(policy.properties['category'] as object), enum: CATEGORIES.flatMap(({ id, aliases }) => [id, ...(aliases ?? [])]) };
  const allOf = CATEGORIES.map(({ id, aliases, rules, dispositions }) => ({
    if: { properties: { category: { enum: [id, ...(aliases ?? [])] } }, required: ['category'] },
    then: { properties: { rules: withoutDialect(z.toJSONSchema(rules, { io: 'input' })), on_violation: { enum: dispositions } } },
  }));
  file.properties['policies'] = { ...(file.properties['policies'] as object), items: { ...withoutDialect(policy), allOf } };
  return { title: 'Fullarc governance file', ...file };
}

function categoryPage(category: CategoryDescription): string {
  const { id, aliases, title, group, why, dispositions, onViolation, fields, examples } = category;
  const names = aliases.length > 0 ? `\`${id}\` (also \`${aliases.join('`, `')}\`)` : `\`${id}\``;
  return [
    `# ${title}`, '',
    `Category ${names} · ${group} · can ${dispositions.join(', ')}; ${onViolation} unless the policy says otherwise.`, '',
    why, '',
    '## Fields of `rules`', '',
    '| Field | Type | Default | Meaning |', '|---|---|---|---|',
    ...fields.flatMap((field) => rows(field, '')), '',
    '## Examples', '',
    ...examples.flatMap((example) => [`${example.title}: **${example.expect}**${example.field ? ` by \`${example.field}\`` : ''}`, '', '```yaml', ...policyLines(id, example.rules), '```', '']),
  ].join('\n');
}

function rows(field: Field, prefix: string): string[] {
  const name = `${prefix}${field.name}`;
  const fallback = field.default === undefined ? (field.required ? 'required' : '') : `\`${flowText(field.default)}\``;
  const row = `| \`${name}\` | ${cell(field.type)} | ${cell(fallback)} | ${cell(field.description)} |`;
  const inner = field.shape.kind === 'list' || field.shape.kind === 'map' ? field.shape.item : field.shape;
  const step = { list: '[].', map: '.*.', object: '.' }[field.shape.kind as 'list' | 'map' | 'object'] ?? '.';
  return [row, ...(inner.kind === 'object' ? inner.fields.flatMap((each) => rows(each, `${name}${step}`)) : [])];
}

function policyLines(category: string, rules: string): string[] {
  const lines = rules.split('\n');
  const flow = lines.length === 1 && rules.startsWith('{');
  return ['policies:', `  - name: example`, `    category: ${category}`, ...(flow ? [`    rules: ${rules}`] : ['    rules:', ...lines.map((line) => `      ${line}`)])];
}

function overview(categories: readonly CategoryDescription[]): string {
  return ['# Categories', '', 'Each policy belongs to one of these; its `rules` have the fields of the category.', '', '| Category | Group | Can | Why |', '|---|---|---|---|',
    ...categories.map(({ id, title, group, dispositions, why }) => `| [${title}](${id}.md) \`${id}\` | ${group} | ${dispositions.join(', ')} | ${cell(why.slice(0, why.indexOf('. ') + 1) || why)} |`), ''].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function withoutDialect(schema: object): object {
  const { $schema: _, ...rest } = schema as { readonly $schema?: string };
  return rest;
}
