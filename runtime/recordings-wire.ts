// What the control wire answers about recorded calls.

import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { FullarcError } from '../protocol/control.ts';
import type { ReplayRequests } from '../protocol/recorded-call.ts';
import type { Recordings } from './recordings.ts';

type Handlers = { [M in keyof ReplayRequests]: (params: ReplayRequests[M]['params']) => Promise<ReplayRequests[M]['result']> };

export function replayHandlers(recordings: Recordings): Handlers {
  return {
    'replay.records': async (params) => {
      const { success, data, error } = REQUEST.safeParse(params);
      if (!success) throw new FullarcError('bad-message', `the request is not understood: ${error.issues[0]?.path.join('.') || 'it'}: ${error.issues[0]?.message}`, 'Client and governor may be of different versions; restart the governor.');
      return recordings.page(data);
    },
  };
}

const name = z.string().min(1).max(1024);
const REQUEST: z.ZodType<ReplayRequests['replay.records']['params']> = z.object({
  workspace: z.string().max(4096).refine(isAbsolute, { error: 'the workspace is an absolute path' }),
  since: z.number().int().nonnegative().optional(), agent: name.optional(), run: name.optional(),
  after: z.number().int().nonnegative().optional(), limit: z.number().int().positive().max(100_000).optional(),
});
