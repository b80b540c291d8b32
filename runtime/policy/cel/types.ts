// Static types: how facts are declared to the checker, and what the generator reads from the checked tree.

import type { FactField, FactFields, FactType } from './expression.ts';
import type { Kind } from './values.ts';

/** A type as the generator sees it. Ints, timestamps and durations of a known type are not boxed: Int, milliseconds, Duration. */
export interface Static {
  readonly kind: Kind | 'dyn' | 'group';
  /** Of a list: its items. Of a map: its values. */
  readonly element?: Static;
  readonly fields?: FactFields;
}

export const DYN: Static = { kind: 'dyn' };
export const BOOL: Static = { kind: 'bool' };
export const INT: Static = { kind: 'int' };
export const STRING: Static = { kind: 'string' };

/** The part of the parser's tree that we use. `checkedType` is set by its type checker. */
export interface Ast {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
  readonly end: number;
  readonly checkedType?: LibraryType;
}

export interface LibraryType {
  readonly kind: string;
  readonly name: string;
  readonly type: string;
  readonly keyType?: LibraryType;
  readonly valueType?: LibraryType;
}

/** Type names that the library knows, by kind. */
export const LIBRARY_NAMES = {
  bool: 'bool', int: 'int', double: 'double', string: 'string', null: 'null', timestamp: 'google.protobuf.Timestamp', duration: 'google.protobuf.Duration',
} as const;
const KINDS = new Map<string, Kind>(Object.entries(LIBRARY_NAMES).map(([kind, name]) => [name, kind as Kind]));

/** Undefined for types that expressions may not use: bytes, uint, type and optional values. */
export function staticType(type: LibraryType | undefined, groups: ReadonlyMap<string, FactFields>): Static | undefined {
  if (!type || type.kind === 'dyn' || type.kind === 'param') return DYN;
  if (type.kind === 'list' || type.kind === 'map') {
    const element = staticType(type.valueType, groups);
    return element && { kind: type.kind, element };
  }
  const fields = groups.get(type.name);
  if (fields) return { kind: 'group', fields };
  const kind = KINDS.get(type.name);
  return kind && { kind };
}

export function staticOf(type: FactType): Static {
  if (typeof type === 'string') return { kind: type };
  if ('list' in type) return { kind: 'list', element: staticOf(type.list) };
  if ('map' in type) return { kind: 'map', element: staticOf(type.map) };
  return { kind: 'group', fields: type.fields };
}

/** A type as people read it. */
export function plainType(name: string): string {
  return name.replace(/dyn<(.+?)>/g, '$1').replaceAll('google.protobuf.Timestamp', 'timestamp').replaceAll('google.protobuf.Duration', 'duration').replace(/\$[\w.]*/g, 'group of facts').replace(/map<string, /g, 'map<').replace(/\b(list|map)<(?:dyn|T|V|K, V)>/g, '$1');
}

export const fieldNamed = (fields: FactFields, name: string): FactField | undefined => (Object.hasOwn(fields, name) ? fields[name] : undefined);
