// What the control wire answers about policy versions. Every request is checked: these are the ones that write files.

import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { FullarcError } from '../protocol/control.ts';
import type { PolicyVersionRequests } from '../protocol/policy-versions.ts';
import type { Lifecycle } from './versions-lifecycle.ts';

type Handlers = { [M in keyof PolicyVersionRequests]: (params: PolicyVersionRequests[M]['params']) => Promise<PolicyVersionRequests[M]['result']> };

/** As for one policy file that is read from disk: nobody writes a set larger than this by hand. */
const MOST_FILES = 10_000;

/** `client` is who asks, where a request does not say. */
export function versionHandlers(lifecycle: Lifecycle, client: string): Handlers {
  const by = <T extends { readonly by?: string }>(params: T): T & { readonly by: string } => ({ ...params, by: params.by ?? client });
  return {
    'policies.versions': async (params) => {
      const { workspace, limit } = checked(REQUESTS['policies.versions'], params);
      return lifecycle.list(workspace, limit);
    },
    'policies.version': async (params) => {
      const { workspace, version } = checked(REQUESTS['policies.version'], params);
      return lifecycle.version(workspace, version);
    },
    'policies.diff': async (params) => {
      const { workspace, from, to } = checked(REQUESTS['policies.diff'], params);
      return lifecycle.diff(workspace, from, to);
    },
    'policies.put': async (params) => {
      const { sources, ...terms } = checked(REQUESTS['policies.put'], params);
      return lifecycle.put(by(terms), sources);
    },
    'policies.activate': async (params) => {
      const { version, ...terms } = checked(REQUESTS['policies.activate'], params);
      return lifecycle.activate(by(terms), version);
    },
    'policies.rollback': async (params) => lifecycle.rollback(by(checked(REQUESTS['policies.rollback'], params))),
    'policies.shadow': async (params) => {
      const { policy, off = false, ...terms } = checked(REQUESTS['policies.shadow'], params);
      return lifecycle.shadow(by(terms), policy, off);
    },
  };
}

const workspace = z.string().max(4096).refine(isAbsolute, { error: 'the workspace is an absolute path' });
const name = z.string().min(1).max(1024);
const terms = { workspace, by: name.optional(), note: z.string().max(10_000).optional(), expect: name.optional(), force: z.boolean().optional(), dryRun: z.boolean().optional() };

const REQUESTS: { readonly [M in keyof PolicyVersionRequests]: z.ZodType<PolicyVersionRequests[M]['params']> } = {
  'policies.versions': z.object({ workspace, limit: z.number().int().positive().max(1_000_000).optional() }),
  'policies.version': z.object({ workspace, version: name }),
  'policies.diff': z.object({ workspace, from: name.optional(), to: name.optional() }),
  'policies.put': z.object({ ...terms, sources: z.array(z.object({ path: name, text: z.string() })).max(MOST_FILES) }),
  'policies.activate': z.object({ ...terms, version: name }),
  'policies.rollback': z.object(terms),
  'policies.shadow': z.object({ ...terms, policy: name, off: z.boolean().optional() }),
};

function checked<T>(schema: z.ZodType<T>, params: unknown): T {
  const { success, data, error } = schema.safeParse(params);
  if (success) return data;
  const [issue] = error.issues;
  throw new FullarcError('bad-message', `the request is not understood: ${issue?.path.join('.') || 'it'}: ${issue?.message}`, 'Client and governor may be of different versions; restart the governor.');
}
