// Where expressions stand in a governance file, what each may name there, and its text up to the cursor as CEL reads it.

import { categoryNamed } from '../../runtime/policy/registry.ts';
import type { FactFields } from '../../runtime/policy/cel/expression.ts';
import type { GovernanceDocument, Path } from '../../runtime/policy/document.ts';
import { ROW } from '../../runtime/policy/domains.ts';
import { unitedFacts, watchedEvents } from '../../runtime/policy/fact-catalogue.ts';
import { MEANING_KEYS, MEANINGS } from '../../runtime/policy/tool-schema.ts';
import type { Reading } from '../../runtime/policy/tool-schema.ts';
import type { EventName } from '../../protocol/action.ts';
import { isRecord } from './markdown.ts';
import type { Place } from './place.ts';

export interface ExpressionSite {
  /** What may be named at its root. */
  readonly variables: FactFields;
  /** Events in which it is read; none for one that belongs to no action. */
  readonly events: readonly EventName[];
  /** False where only a path may stand. */
  readonly calls: boolean;
  /** Text of the expression before the cursor, freed from YAML's quotes. */
  readonly before: string;
}

/** The expression around the offset; undefined outside of any. */
export function expressionSite(document: GovernanceDocument, offset: number, { cursor, category }: Place): ExpressionSite | undefined {
  const terms = termsAt(document, cursor.path, category);
  const key = terms && document.keys(cursor.part).findLast(({ path, key: span }) => span.end <= offset && path.length === cursor.path.length && path.every((step, at) => step === cursor.path[at]));
  const before = key && scalarText(document.text.slice(key.key.end, offset));
  if (!terms || before === undefined) return undefined;
  return terms.constant && !/^args\b/.test(before) ? undefined : { ...terms, before };
}

interface Terms extends Pick<ExpressionSite, 'variables' | 'events' | 'calls'> {
  /** True for a plain name, unless it begins with `args`. */
  readonly constant?: boolean;
}

function termsAt(document: GovernanceDocument, path: Path, category: string | undefined): Terms | undefined {
  const [top, name, third] = path;
  if (top === 'policies' && path.length === 3 && third === 'when') return conditionTerms(document, Number(name), category);
  if (top === 'domains' && path.length === 5 && third === 'grants' && path[4] === 'where') return { variables: ROW.variables, events: [], calls: true };
  if (top === 'tools' && path.length === 3) return toolTerms(entry(document, 'tools', name), String(third));
  if (top === 'signals' && path.length === 3 && third === 'idempotency_key') return { variables: payloadOf(entry(document, 'signals', name)), events: [], calls: true };
  return undefined;
}

/** Without a category nothing is known of the events; then every fact is offered that some event has. */
function conditionTerms(document: GovernanceDocument, index: number, category: string | undefined): Terms | undefined {
  const found = category === undefined ? undefined : categoryNamed(category);
  if (!found) return undefined;
  const policy = document.policies[index]?.value;
  const events = watchedEvents(found, isRecord(policy) ? policy['rules'] : undefined);
  return { variables: unitedFacts(events), events, calls: true };
}

const ROOT: Readonly<Record<Reading, 'args' | 'item' | 'result'>> = { name: 'args', args: 'args', 'args-path': 'args', 'result-path': 'result', 'result-value': 'result', item: 'item' };
const ROOTS = { args: 'Arguments of the call', item: 'One document of the result', result: 'What the tool answered' } as const;

function toolTerms(tool: unknown, key: string): Terms | undefined {
  const is = isRecord(tool) ? tool['is'] : undefined;
  const kind = MEANINGS.find((each) => each === is) ?? MEANINGS.find((each) => Object.hasOwn(MEANING_KEYS[each], key));
  const reading = kind && (MEANING_KEYS[kind] as Readonly<Record<string, Reading>>)[key];
  if (!reading) return undefined;
  const root = ROOT[reading];
  return { variables: { [root]: { type: 'dyn', description: `${ROOTS[root]}.` } }, events: [], calls: reading === 'name' || reading === 'args' || reading === 'item', constant: reading === 'name' };
}

function payloadOf(signal: unknown): FactFields {
  const schema = isRecord(signal) && isRecord(signal['schema']) ? signal['schema'] : {};
  const fields = Object.fromEntries(Object.entries(schema).map(([name, field]) => [name, { type: 'dyn', description: isRecord(field) && typeof field['description'] === 'string' ? field['description'] : `A field of the payload${typeof field === 'string' ? `: ${field}` : ''}.` } as const]));
  return { payload: { type: Object.keys(fields).length > 0 ? { fields } : 'dyn', description: 'What the signal carries.' } };
}

function entry(document: GovernanceDocument, section: string, name: string | number | undefined): unknown {
  const value = document.sections.findLast(({ key }) => key === section)?.value;
  return isRecord(value) && name !== undefined && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** What stands between a key and the cursor, as the text that YAML makes of it. Undefined when that is no scalar, or the scalar has ended. */
function scalarText(raw: string): string | undefined {
  const value = /^["']?[ \t]*:[ \t]*(?:\r?\n[ \t]*)?([^]*)$/.exec(raw)?.[1];
  if (value === undefined || /^[[{&*]/.test(value)) return undefined;
  const block = /^[|>][^\n]*\n([^]*)$/.exec(value);
  if (block) return block[1];
  if (/^[|>]/.test(value)) return undefined;
  if (value.startsWith('"')) return /^"(?:[^"\\]|\\[^])*$/.test(value) ? value.slice(1).replace(/\\([^])/g, '$1') : undefined;
  if (value.startsWith("'")) return /^'(?:[^']|'')*$/.test(value) ? value.slice(1).replaceAll("''", "'") : undefined;
  return value;
}
