// What a launch says of itself, checked at the door: who runs, and the context that its policies may ask for.

import { z } from 'zod';
import { FullarcError, type LaunchIdentity } from '../protocol/control.ts';
import { ALWAYS_REDACTED } from './policy/categories/audit.ts';
import { credentialScrub } from './scrub.ts';

export const CONTEXT_KEY = /^[a-z][a-z0-9_.-]{0,63}$/;
/** Longest value, in UTF-16 code units. */
export const CONTEXT_VALUE = 1_000;
export const CONTEXT_KEYS = 50;

/** Keys that policies ask for, whatever they look like. */
const ASKED_FOR: ReadonlySet<string> = new Set(['consent_token']);

const identity = z.object({
  workspace: z.string().min(1), agent: z.string().min(1).max(1024), fleet: z.string().max(1024).optional(), workflow: z.string().max(1024).optional(), user: z.string().min(1).max(1024), context: z.unknown().optional(),
});

/** Who a launch says it is, without anything else that came with it. Throws `bad-message`, or `bad-command` for a context that cannot be. */
export function launchIdentity(given: unknown): LaunchIdentity {
  const parsed = identity.safeParse(given);
  if (!parsed.success) throw new FullarcError('bad-message', `this launch cannot be read: ${z.prettifyError(parsed.error)}`, 'The launcher and the governor are of different versions; restart both.');
  const { context, ...who } = parsed.data;
  return { ...who, ...(context !== undefined && { context: launchContext(context) }) };
}

/** The context of a launch. It is stored and shown, so nothing secret may be in it. Throws `bad-command`, saying which entry is wrong and why. */
export function launchContext(given: unknown): Readonly<Record<string, string>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw wrong('the context is no set of names with texts', 'Write it as `key=value`.');
  const entries = Object.entries(given);
  if (entries.length > CONTEXT_KEYS) throw wrong(`the context has ${entries.length} entries, and ${CONTEXT_KEYS} are the most`, 'Leave out what no policy asks for.');
  for (const [key, value] of entries) {
    if (!CONTEXT_KEY.test(key)) throw wrong(`${JSON.stringify(key.slice(0, 80))} is no name of a context entry`, 'Use up to 64 small letters, digits, `_`, `.` and `-`, beginning with a letter.');
    if (!ASKED_FOR.has(key) && ALWAYS_REDACTED.some((word) => key.includes(word))) throw wrong(`the context entry ${key} looks like a secret, and the context is stored and shown`, 'Give secrets to the agent in its environment.');
    if (typeof value !== 'string' || value.length > CONTEXT_VALUE) throw wrong(`the context entry ${key} is no text of at most ${CONTEXT_VALUE} characters`, 'Shorten it, or name where it can be found.');
    if (credentialScrub(value) !== value) throw wrong(`the value of the context entry ${key} looks like a credential, and the context is stored and shown`, 'Give credentials to the agent in its environment.');
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

/** Entries of a command line, each `key=value`. A key that is given twice is a mistake. */
export function contextOf(entries: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (entries.length === 0) return undefined;
  const context = new Map<string, string>();
  for (const entry of entries) {
    const at = entry.indexOf('=');
    const key = entry.slice(0, at);
    if (at < 1) throw wrong(`the context entry ${JSON.stringify(entry.slice(0, 80))} is not \`key=value\``, 'For example: --context purpose=support');
    if (context.has(key)) throw wrong(`the context entry ${key} is given twice`, 'Give it once.');
    context.set(key, entry.slice(at + 1));
  }
  return launchContext(Object.fromEntries(context));
}

const wrong = (message: string, remedy: string): FullarcError => new FullarcError('bad-command', message, remedy);
