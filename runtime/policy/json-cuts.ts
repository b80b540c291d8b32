// Rows and fields of a list inside a JSON text: found where they stand, and cut out so that the text stays JSON.

import { findNodeAtLocation, getNodeValue, parseTree, type Node } from 'jsonc-parser';
import type { TextPart } from '../../protocol/action.ts';
import type { Redaction } from '../../protocol/verdict.ts';

export interface JsonList {
  readonly at: string;
  readonly items: readonly unknown[];
  readonly nodes: readonly Node[];
}

/** What must not be seen: items by index, and fields of items. */
export interface Cuts {
  readonly drop: ReadonlySet<number>;
  /** Without a label the field is left out. */
  readonly blank: readonly { readonly index: number; readonly field: string; readonly label?: string }[];
}

/** The list at a path of the first text that is JSON. Throws when there is none: what cannot be read cannot be judged. */
export function jsonList(texts: readonly TextPart[], path: readonly (string | number)[], name: string): JsonList {
  for (const { at, text } of texts) {
    const root = strictTree(text);
    const node = root && findNodeAtLocation(root, [...path]);
    if (node?.type === 'array') return { at, items: getNodeValue(node) as unknown[], nodes: node.children ?? [] };
  }
  throw new Error(`its result has no list at result${path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')}, where \`tools:\` says its ${name} are`);
}

/** The same for rows or documents that were not read out of a text: each cut names the value that goes, by its place in the event. */
export function cutValues(event: 'data.after' | 'retrieval.after', { drop, blank }: Cuts): readonly Redaction[] {
  const list = event === 'data.after' ? '/rows' : '/documents';
  const escaped = (field: string): string => field.replaceAll('~', '~0').replaceAll('/', '~1');
  const inRow = (field: string): string => (event === 'data.after' || field === 'text' ? escaped(field) : `fields/${escaped(field)}`);
  return [
    ...[...drop].map((index): Redaction => ({ at: `${list}/${index}`, start: 0, end: 0, label: 'ROW', text: '' })),
    ...blank.filter(({ index }) => !drop.has(index)).map(({ index, field, label }): Redaction => ({ at: `${list}/${index}/${inRow(field)}`, start: 0, end: 0, label: label ?? 'FIELD', text: label === undefined ? '' : `##${label}##` })),
  ];
}

/** The value at a path of the first text that is JSON and has one there. */
export function jsonValue(texts: readonly TextPart[], path: readonly (string | number)[]): unknown {
  for (const { text } of texts) {
    const root = strictTree(text);
    const node = root && findNodeAtLocation(root, [...path]);
    if (node) return getNodeValue(node);
  }
  return undefined;
}

/** The redactions that leave out what is cut. All cuts of a list are made at once: whether a comma goes depends on what else does. */
export function cutList({ at, nodes }: JsonList, { drop, blank }: Cuts): readonly Redaction[] {
  const rows = without(nodes, (index) => drop.has(index)).map(([start, end]): Redaction => ({ at, start, end, label: 'ROW', text: '' }));
  const byRow = Map.groupBy(blank.filter(({ index }) => !drop.has(index)), ({ index }) => index);
  const fields = [...byRow].flatMap(([index, cuts]) => fieldCuts(at, nodes[index], cuts));
  return [...rows, ...fields];
}

function fieldCuts(at: string, row: Node | undefined, cuts: Cuts['blank']): Redaction[] {
  if (row?.type !== 'object') return [];
  const properties = row.children ?? [];
  const nameOf = (property: Node): string => String(property.children?.[0]?.value);
  const left = new Set(cuts.filter(({ label }) => label === undefined).map(({ field }) => field));
  const removed = without(properties, (index) => left.has(nameOf(properties[index]!))).map(([start, end]): Redaction => ({ at, start, end, label: 'FIELD', text: '' }));
  const blanked = cuts.filter(({ label, field }) => label !== undefined && !left.has(field)).flatMap(({ field, label }) => properties.filter((property) => nameOf(property) === field).flatMap((property): Redaction[] => {
    const value = property.children?.[1];
    return value ? [{ at, start: value.offset, end: value.offset + value.length, label: label!, text: JSON.stringify(`##${label}##`) }] : [];
  }));
  return [...removed, ...blanked];
}

/** Spans that leave out the chosen ones of a comma-separated row, with the commas that are then too many. */
function without(nodes: readonly Node[], isLeftOut: (index: number) => boolean): [number, number][] {
  const spans: [number, number][] = [];
  let kept = false;
  nodes.forEach((node, index) => {
    if (!isLeftOut(index)) kept = true;
    else if (kept) spans.push([endOf(nodes[index - 1]!), endOf(node)]);
    else spans.push([node.offset, nodes[index + 1]?.offset ?? endOf(node)]);
  });
  return spans;
}

const endOf = (node: Node): number => node.offset + node.length;

/** The tree of a text that is JSON as JSON.parse understands it; undefined for any other. */
function strictTree(text: string): Node | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  return parseTree(text);
}
