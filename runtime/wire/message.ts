// JSON-RPC 2.0 messages as one line each, and errors as they cross the wire. Format: https://www.jsonrpc.org/specification (no batches).

import { ERROR_CODES, FullarcError } from '../../protocol/control.ts';
import type { ErrorCode } from '../../protocol/control.ts';

export type Id = number | string;
export interface WireError {
  readonly code: number;
  readonly message: string;
  readonly data?: { readonly code?: unknown; readonly remedy?: unknown };
}

export type Message =
  | { readonly kind: 'request'; readonly id: Id; readonly method: string; readonly params: unknown }
  | { readonly kind: 'notification'; readonly method: string; readonly params: unknown }
  | { readonly kind: 'result'; readonly id: Id; readonly result: unknown }
  /** `id` is null when the other side could not read what it was sent. */
  | { readonly kind: 'error'; readonly id: Id | null; readonly error: WireError };

/** Reads one line. Undefined for anything that is not a JSON-RPC 2.0 message; never throws. */
export function parseMessage(line: string): Message | undefined {
  const value = parseJson(line);
  if (!isRecord(value) || value['jsonrpc'] !== '2.0') return undefined;
  const { id, method, params, result, error } = value;
  if (typeof method === 'string') {
    if (params !== undefined && !isRecord(params)) return undefined;
    if (id === undefined) return { kind: 'notification', method, params: params ?? {} };
    return isId(id) ? { kind: 'request', id, method, params: params ?? {} } : undefined;
  }
  if (isRecord(error) && (id === null || isId(id))) return isWireError(error) ? { kind: 'error', id, error } : undefined;
  return isId(id) && result !== undefined ? { kind: 'result', id, result } : undefined;
}

export const requestLine = (id: Id, method: string, params: unknown): string => JSON.stringify({ jsonrpc: '2.0', id, method, params }) + '\n';
export const notificationLine = (method: string, params: unknown): string => JSON.stringify({ jsonrpc: '2.0', method, params }) + '\n';
export const resultLine = (id: Id, result: unknown): string => JSON.stringify({ jsonrpc: '2.0', id, result: result ?? null }) + '\n';
export const errorLine = (id: Id | null, error: FullarcError): string =>
  JSON.stringify({ jsonrpc: '2.0', id, error: { code: NUMBERS[error.code] ?? -32000, message: error.message, data: { code: error.code, remedy: error.remedy } } }) + '\n';

/** The error that the other side raised. A code this version does not know reads as `internal`. */
export function receivedError({ message, data }: WireError): FullarcError {
  const code = ERROR_CODES.find((known) => known === data?.code) ?? 'internal';
  return new FullarcError(code, message, typeof data?.remedy === 'string' ? data.remedy : '');
}

/** Numbers that JSON-RPC itself reserves; every other code is -32000. */
const NUMBERS: { readonly [C in ErrorCode]?: number } = { 'bad-message': -32600, 'unknown-method': -32601, internal: -32603 };

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isId = (value: unknown): value is Id => typeof value === 'number' || typeof value === 'string';
const isWireError = (value: Record<string, unknown>): value is Record<string, unknown> & WireError =>
  typeof value['code'] === 'number' && typeof value['message'] === 'string' && (value['data'] === undefined || isRecord(value['data']));
