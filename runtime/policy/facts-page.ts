// docs/facts.md, made of the typed environments: which facts a condition may name, in which events, and with which functions.

import { ACTION_KINDS, EVENT_NAMES, kindOf } from '../../protocol/action.ts';
import type { FactField, FactFields, FactType } from './cel/expression.ts';
import { FUNCTIONS, METHODS } from './cel/functions.ts';
import { MACROS } from './cel/macros.ts';
import { ROW } from './domains.ts';
import { eventsWith, unitedFacts } from './fact-catalogue.ts';

export function factsPage(): string {
  const all = unitedFacts(EVENT_NAMES);
  const kinds = ACTION_KINDS.filter((kind) => kind !== 'run');
  const common = Object.fromEntries(Object.entries(all).filter(([name]) => !(kinds as readonly string[]).includes(name)));
  return [
    '# Facts', '',
    'What `when:` may name. A fact exists in some events and not in others; a policy whose condition reads it looks at those alone. One that *may be absent*',
    'is asked for with `has(...)` first: where it is missing, the policy cannot be judged, and `on_error` says what happens.', '',
    '## In every event', '', ...table(common),
    ...kinds.flatMap((kind) => ['', `## ${kind}`, '', `In ${EVENT_NAMES.filter((event) => kindOf(event) === kind).map((event) => `\`${event}\``).join(' and ')}.`, '', ...table({ [kind]: all[kind]! })]),
    '', '## Rows and documents', '', 'What `where:` of a grant may name.', '', ...table(ROW.variables, false),
    '', '## Functions', '', '| Written | Meaning |', '|---|---|',
    '| `has(path)` | Whether a fact that may be absent is there. |',
    ...Object.entries(FUNCTIONS).map(([name, { description }]) => `| \`${name}(…)\` | ${cell(description)} |`),
    ...Object.entries(METHODS).map(([name, { description }]) => `| \`x.${name}(…)\` | ${cell(description)} |`),
    ...Object.keys(MACROS).map((name) => `| \`list.${name}(item, …)\` | A macro over a list: \`item\` names each of its items in turn. |`), '',
  ].join('\n');
}

function table(fields: FactFields, withEvents = true): readonly string[] {
  return ['| Fact | Type | Meaning |', '|---|---|---|', ...rows(fields, '', withEvents)];
}

function rows(fields: FactFields, prefix: string, withEvents: boolean): readonly string[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const inner = membersOf(field.type);
    if (inner && typeof field.type === 'object' && 'fields' in field.type) return rows(inner, `${path}.`, withEvents);
    return [`| \`${path}\` | ${typeText(field.type)} | ${cell(meaning(path, field, withEvents))} |`, ...(inner ? rows(inner, `${path}[].`, false) : [])];
  });
}

function meaning(path: string, field: FactField, withEvents: boolean): string {
  const kind = path.slice(0, path.indexOf('.'));
  const whole = EVENT_NAMES.filter((event) => !(ACTION_KINDS as readonly string[]).includes(kind) || kind === 'run' || kindOf(event) === kind);
  const having = withEvents ? eventsWith(path, whole) : whole;
  const only = having.length < whole.length ? ` Only in ${having.map((event) => `\`${event}\``).join(', ')}.` : '';
  return `${field.description}${/[.!?]$/.test(field.description) ? '' : '.'}${field.optional ? ' May be absent.' : ''}${only}`;
}

/** Fields of a group, or of each item of a list of groups. */
function membersOf(type: FactType): FactFields | undefined {
  if (typeof type === 'string') return undefined;
  if ('fields' in type) return type.fields;
  return 'list' in type ? membersOf(type.list) : undefined;
}

function typeText(type: FactType): string {
  if (typeof type === 'string') return type === 'dyn' ? 'any value' : type;
  if ('list' in type) return `list of ${typeText(type.list)}`;
  return 'map' in type ? `map of ${typeText(type.map)}` : 'group';
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
