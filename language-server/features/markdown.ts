// Explanations in Markdown, for hover and for the documentation beside completions.

import { DISPOSITIONS } from '../../protocol/verdict.ts';
import type { Disposition } from '../../protocol/verdict.ts';
import { flowText } from '../../runtime/policy/describe.ts';
import type { CategoryDescription, Field } from '../../runtime/policy/describe.ts';
import type { Declaration } from '../names.ts';

/** What each disposition does to the action. */
const MEANING = {
  allow: 'The action goes on.',
  warn: 'The action goes on, and the violation is recorded.',
  redact: 'What was found is replaced, and the action goes on without it.',
  throttle: 'The action is refused for now; the agent is told when to try again.',
  retry: 'The result is withheld, and the agent is asked to try again with the reason.',
  skip: 'The action does not happen; the agent is told so and goes on.',
  gate: 'The action waits until a person approves or rejects it.',
  block: 'The action is refused, and the agent is told why.',
} as const satisfies Record<Disposition, string>;

export function fieldMarkdown(field: Field): string {
  const facts = [
    `*${field.type}*`,
    field.required ? 'required' : '',
    field.default === undefined ? '' : `default \`${flowText(field.default)}\``,
  ].filter(Boolean).join(' · ');
  const examples = field.examples.length > 0 ? fence(`${field.name}: ${flowText(field.examples[0])}`) : '';
  const formerly = field.formerly.length > 0 ? `Elsewhere called ${field.formerly.map((name) => `\`${name}\``).join(', ')}.` : '';
  return paragraphs(`**${field.name}** — ${facts}`, field.description, formerly, examples);
}

export function categoryMarkdown(category: CategoryDescription): string {
  const fields = category.fields.map((field) => `- \`${field.name}\`: ${field.description}`).join('\n');
  const dispositions = category.dispositions.map((each) => (each === category.onViolation ? `**${each}** (default)` : each)).join(', ');
  const example = category.examples.find(({ expect }) => expect !== 'allow');
  return paragraphs(
    `**${category.title}** (\`${category.id}\`) · ${category.group}`,
    category.why,
    `On violation: ${dispositions}`,
    fields,
    example ? `${example.title}: ${example.expect}.\n${fence(rulesText(example.rules))}` : '',
  );
}

/** A disposition with its place among the others; `allowed` are those that the policy's category honours. */
export function dispositionMarkdown(name: Disposition, allowed: readonly Disposition[] = DISPOSITIONS): string {
  const scale = DISPOSITIONS.filter((each) => each === name || allowed.includes(each)).map((each) => (each === name ? `**${each}**` : each)).join(' < ');
  return paragraphs(`**${name}** — ${MEANING[name]}`, `Weakest to strongest: ${scale}. The strongest of all policies in scope wins.`);
}

/** An agent, a fleet, a tool or a policy as it is declared. */
export function declarationMarkdown({ kind, name, value }: Pick<Declaration, 'kind' | 'name' | 'value'>, file: string): string {
  const keys = isRecord(value) ? value : {};
  const description = typeof keys['description'] === 'string' ? keys['description'] : '';
  const facts = Object.entries(keys).filter(([key]) => SHOWN.has(key)).map(([key, fact]) => `- ${key}: \`${flowText(fact)}\``).join('\n');
  return paragraphs(`**${name}** — ${kind} declared in ${file}`, description, facts);
}

export const paragraphs = (...texts: readonly string[]): string => texts.filter(Boolean).join('\n\n');
export const isDisposition = (word: string): word is Disposition => (DISPOSITIONS as readonly string[]).includes(word);

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const SHOWN: ReadonlySet<string> = new Set(['fleet', 'owner', 'entry', 'class', 'risk', 'category', 'mode', 'on_violation']);

const fence = (yaml: string): string => `\`\`\`yaml\n${yaml}\n\`\`\``;
const rulesText = (rules: string): string => (rules.startsWith('{') ? `rules: ${rules}` : `rules:\n${rules.split('\n').map((line) => `  ${line}`).join('\n')}`);
