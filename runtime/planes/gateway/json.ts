// Loosely typed JSON as it comes from agents and providers: reading it without trusting its shape, and editing it at a JSON pointer (RFC 6901).

import { mergeRedactions, redactText, type Redaction } from '../../../protocol/verdict.ts';

export interface JsonObject {
  [key: string]: unknown;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as an object; an empty one when it is anything else. */
export function object(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** The value as a list; an empty one when it is anything else. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The objects of a list with their true places in it. */
export function objects(value: unknown): [number, JsonObject][] {
  return list(value).flatMap((each, index): [number, JsonObject][] => (isObject(each) ? [[index, each]] : []));
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The number, or undefined when it is none. */
export function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The text as JSON, or undefined when it is none. */
export function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** The value at a pointer, or undefined. */
export function valueAt(root: unknown, pointer: string): unknown {
  return steps(pointer).reduce<unknown>((at, step) => (typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? (at as JsonObject)[step] : undefined), root);
}

/** Replaces the value at a pointer that exists; anything else is left alone. */
export function replaceAt(root: unknown, pointer: string, value: unknown): void {
  const path = steps(pointer);
  const last = path.pop();
  const parent = path.reduce<unknown>((at, step) => (typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? (at as JsonObject)[step] : undefined), root);
  if (last !== undefined && typeof parent === 'object' && parent !== null && Object.hasOwn(parent, last)) (parent as JsonObject)[last] = value;
}

/** A copy in which every span is replaced by its label. Spans that point at no text are left out. */
export function redactAt<T>(root: T, redactions: readonly Redaction[]): T {
  if (redactions.length === 0) return root;
  const copy = structuredClone(root);
  for (const [at, spans] of Map.groupBy(mergeRedactions(redactions), (each) => each.at)) {
    const found = valueAt(copy, at);
    if (typeof found === 'string') replaceAt(copy, at, redactText(found, spans));
  }
  return copy;
}

/** A copy without the token probabilities of OpenAI's wires: they spell out once more what was redacted. */
export function withoutLogprobs<T>(reply: T): T {
  return JSON.parse(JSON.stringify(reply, (key, value: unknown) => (key === 'logprobs' ? (Array.isArray(value) ? [] : null) : value))) as T;
}

/** Adds up two usage reports of the same provider, number by number. */
export function sum(a: unknown, b: unknown): unknown {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (!isObject(a) || !isObject(b)) return b ?? a;
  return Object.fromEntries([...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => [key, sum(a[key], b[key])]));
}

const steps = (pointer: string): string[] => pointer.split('/').slice(1).map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
