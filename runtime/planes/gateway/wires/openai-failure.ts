// How OpenAI says no, on both of its wires.

import type { JsonObject } from '../json.ts';
import type { Failure } from './wire.ts';

/** 403 rather than 400 for a refusal: every OpenAI SDK raises it as `PermissionDeniedError`. */
const STATUS = { refused: 403, throttled: 429, invalid: 400, unauthorized: 401, 'too-large': 413, unsupported: 415, upstream: 502, timeout: 504 } as const satisfies Record<Failure['kind'], number>;
const TYPE = {
  refused: 'governance_refused', throttled: 'rate_limit_exceeded', invalid: 'invalid_request_error', unauthorized: 'invalid_request_error', 'too-large': 'invalid_request_error',
  unsupported: 'invalid_request_error', upstream: 'server_error', timeout: 'timeout',
} as const satisfies Record<Failure['kind'], string>;

/** Status and body of the error. */
export function failure({ kind, message }: Failure): { readonly status: number; readonly body: JsonObject } {
  return { status: STATUS[kind], body: { error: { message: `[governance] ${message}`, type: TYPE[kind], code: kind === 'unauthorized' ? 'invalid_api_key' : TYPE[kind], param: null } } };
}
