// A governor over a real store and a temporary workspace, with a clock that the test moves.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ActionEvent } from '../../protocol/action.ts';
import type { RunEvent } from '../../protocol/run-graph.ts';
import { Governor, type OpenedRun } from '../../runtime/governor.ts';
import { credentialScrub } from '../../runtime/scrub.ts';
import { storeFailed } from '../../runtime/store/sqlite-errors.ts';
import { openSqlite } from '../../runtime/store/sqlite.ts';
import type { Store } from '../../runtime/store/store.ts';

export interface Governed {
  readonly governor: Governor;
  readonly workspace: string;
  readonly home: string;
  readonly events: RunEvent[];
  now: number;
  /** While true every transaction fails at its end, as on a full disk. */
  full: boolean;
  /** Replaces the workspace's policy file and has it read. */
  policies(text: string): Promise<void>;
  /** Opens a root run of `agent`. */
  run(agent?: string): Promise<OpenedRun>;
  /** Closes the governor and opens another one on the same store. */
  restart(): Promise<Governed>;
}

export async function governed(t: TestContext, policies: string): Promise<Governed> {
  const root = mkdtempSync(join(tmpdir(), 'fullarc-governed-'));
  const workspace = join(root, 'workspace');
  mkdirSync(join(workspace, '.fullarc'), { recursive: true });
  writeFileSync(join(workspace, '.fullarc', 'policies.yaml'), policies);
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return open(t, workspace, join(root, 'home'), Date.UTC(2026, 0, 5, 12));
}

async function open(t: TestContext, workspace: string, home: string, now: number): Promise<Governed> {
  const events: RunEvent[] = [];
  const self: { now: number; full: boolean } = { now, full: false };
  const governor = await Governor.open({ store: failing(openSqlite(join(home, 'fullarc.db')), self), clock: () => self.now, scrub: credentialScrub });
  governor.listen({ event: (event) => events.push(event) });
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= governor.close());
  t.after(close);
  return Object.assign(self, {
    governor, workspace, home, events,
    policies: async (text: string) => {
      writeFileSync(join(workspace, '.fullarc', 'policies.yaml'), text);
      await governor.policies(workspace, true);
    },
    run: (agent = 'writer') => governor.openRun({ workspace, agent, user: 'ana' }, ['node', 'agent.ts'], 'L1'),
    restart: async () => {
      await close();
      return open(t, workspace, home, self.now);
    },
  });
}

const failing = (store: Store, disk: { readonly full: boolean }): Store => ({
  ...store,
  transaction: (work) => store.transaction(async (tx) => {
    const result = await work(tx);
    if (disk.full) throw storeFailed('The store has no room left to grow.', 'Free space on the disk.');
    return result;
  }),
});

/** A call of a model: `gpt-4o` costs $2.50 per million tokens in and $10 out. */
export const llmBefore = (over: Partial<ActionEvent & { event: 'llm.before' }> = {}): ActionEvent =>
  ({ event: 'llm.before', wire: 'openai-chat', provider: 'api.openai.com', model: 'gpt-4o', stream: true, hasSystemPrompt: true, inputTokens: 1000, maxOutputTokens: 1000, tools: [], texts: [{ at: '/messages/0/content', role: 'user', text: 'Hello' }], ...over });

export const llmAfter = (input: number, output: number, over: Partial<ActionEvent & { event: 'llm.after' }> = {}): ActionEvent =>
  ({ event: 'llm.after', model: 'gpt-4o', status: 'ok', usage: { input, output }, texts: [{ at: '/choices/0', role: 'assistant', text: 'Hi' }], toolRequests: [], ...over });

export const toolBefore = (name: string, args: Record<string, unknown> = {}): ActionEvent => ({ event: 'tool.before', name, args });
export const toolAfter = (name: string, text: string): ActionEvent => ({ event: 'tool.after', name, args: {}, texts: [{ at: '/content', role: 'tool', text }] });
