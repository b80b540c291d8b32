// The outreach example through the `fullarc` command: the main job end to end, with the real SDKs, real processes and a wire-true model server.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { graphOf } from '../../protocol/reduce.ts';
import type { RunEvent } from '../../protocol/run-graph.ts';
import { installation, type Installation, type Launched } from '../support/launched.ts';

const PERSONAL = /ada\.fischer|219-09-9999|212 555/;
const mailTo = (here: Installation, lead: string): string => join(here.workspace, 'outbox', `${lead}.eml`);
const start = (here: Installation, agent: string, args: readonly string[] = [], flags: readonly string[] = []): Launched => here.run(['node', agent, ...args], { agent: 'outreach', flags });
const eventsOf = (run: Launched): RunEvent[] => run.lines.flatMap((line) => (line.type === 'event' ? [line.event] : []));
const policyFile = (here: Installation): string => join(here.workspace, '.fullarc', 'outreach.yaml');

for (const [sdk, agent] of [['openai', 'agent.ts'], ['@anthropic-ai/sdk', 'agent-anthropic.ts']] as const) {
  describe(`the outreach agent on ${sdk}`, () => {
    it('sends the mail when a person approves, with its researcher in the same tree and no personal data in the model', async (t) => {
      const here = installation(t, { example: 'outreach' });
      const run = start(here, agent);
      const { gate } = await run.line('waiting');
      const shown = here.fullarc('gates', 'show', gate).stdout;
      assert.match(shown, /"subject": "An idea for Northwind Trading"/);
      assert.match(shown, /Would a short call next week suit you\?/);
      assert.ok(!existsSync(mailTo(here, 'L-1050')));
      here.fullarc('gates', 'approve', gate);
      assert.equal(await run.ended, 0, run.output());
      assert.match(readFileSync(mailTo(here, 'L-1050'), 'utf8'), /Subject: An idea for Northwind Trading/);

      const graph = graphOf(eventsOf(run));
      const [root, child] = [...graph.runs.values()];
      assert.deepEqual([root?.agent, root?.state, child?.agent, child?.parent, child?.state], ['outreach', 'completed', 'researcher', root?.id, 'completed']);
      assert.ok(graph.edges.some((edge) => edge.type === 'spawned' && edge.to === `${child?.id}/run`));
      const redacted = [...graph.nodes.values()].find((node) => node.name === 'search_leads');
      assert.equal(redacted?.disposition, 'redact');
      const budget = [...graph.balances.values()].find((balance) => balance.account === `run:${root?.id}` && balance.unit === 'usd_micro');
      assert.equal(budget?.reserved, 0);
      assert.equal(budget?.spent, (root?.cost ?? 0) + (child?.cost ?? 0));
      assert.doesNotMatch(JSON.stringify(eventsOf(run)), PERSONAL);
      assert.equal(here.fullarc('runs', 'verify').status, 0);
    });

    it('does not send it when a person rejects, and the model is told why', async (t) => {
      const here = installation(t, { example: 'outreach' });
      const run = start(here, agent, [], ['--reject', 'wrong quarter']);
      assert.equal(await run.ended, 0, run.output());
      assert.ok(!existsSync(mailTo(here, 'L-1050')));
      assert.match(run.output(), /I did not send the e-mail\. \[governance\] tool send_email was not executed: .*wrong quarter/);
    });

    it('is refused a model that is not on the list, in its own error', async (t) => {
      const here = installation(t, { example: 'outreach' });
      const run = start(here, agent, ['--model', 'gpt-4-turbo']);
      assert.notEqual(await run.ended, 0);
      assert.match(run.output(), /\[governance\] .*gpt-4-turbo/);
      const ended = await run.line('ended');
      assert.equal(ended.state, 'blocked');
    });

    it('is broken out of a loop', async (t) => {
      const here = installation(t, { example: 'outreach' });
      const run = start(here, agent, ['Search until you find a lead called Zacharias.']);
      assert.equal(await run.ended, 0, run.output());
      const calls = [...graphOf(eventsOf(run)).nodes.values()].filter((node) => node.name === 'search_leads');
      assert.deepEqual(calls.map((call) => call.state), ['done', 'done', 'done', 'refused']);
      assert.match(run.output(), /so I stop here/);
    });

    it('is stopped by the budget of its tree in the middle of a campaign, at a call that is fine on its own', async (t) => {
      const here = installation(t, { example: 'outreach' });
      const run = start(here, agent, ['Write to every lead.'], ['--approve']);
      assert.notEqual(await run.ended, 0);
      const graph = graphOf(eventsOf(run));
      const last = [...graph.nodes.values()].findLast((node) => node.state === 'refused');
      const reason = last?.verdicts.at(-1)?.verdict.reasons[0];
      assert.deepEqual([reason?.policy, reason?.field], ['campaign-spend', 'per_tree_cost_limit']);
      assert.ok((last?.estimate ?? Infinity) < 50_000, 'the call alone is within the limit');
      assert.match(run.output(), /campaign-spend/);
      const tree = [...graph.balances.values()].find((balance) => balance.unit === 'usd_micro');
      assert.ok((tree?.spent ?? Infinity) <= 50_000);
      assert.equal((await run.line('ended')).state, 'blocked');
    });
  });
}

describe('while the outreach agent runs', () => {
  it('a lowered limit stops its very next call', async (t) => {
    const here = installation(t, { example: 'outreach' });
    const run = start(here, 'agent.ts');
    const { gate } = await run.line('waiting');
    writeFileSync(policyFile(here), readFileSync(policyFile(here), 'utf8').replace('per_tree_cost_limit: 0.05', 'per_tree_cost_limit: 0.005'));
    await run.line('event', ({ event }) => event.type === 'policy.changed');
    here.fullarc('gates', 'approve', gate);
    assert.notEqual(await run.ended, 0);
    assert.ok(existsSync(mailTo(here, 'L-1050')), 'the approved mail went out');
    assert.match(run.output(), /\[governance\].*limit is \$0\.005/);
  });

  it('killing the governor at the open gate loses nothing: the same process goes on', async (t) => {
    const here = installation(t, { example: 'outreach' });
    const run = start(here, 'agent.ts');
    const { gate } = await run.line('waiting');
    process.kill(await here.governorPid(), 'SIGKILL');
    here.fullarc('gates', 'approve', gate);
    assert.equal(await run.ended, 0, run.output());
    assert.ok(existsSync(mailTo(here, 'L-1050')));
    assert.equal(here.fullarc('runs', 'verify').status, 0);
  });

  it('a policy file that breaks leaves the last good version in force, and says so', async (t) => {
    const here = installation(t, { example: 'outreach' });
    const run = start(here, 'agent.ts');
    const { gate } = await run.line('waiting');
    writeFileSync(policyFile(here), readFileSync(policyFile(here), 'utf8').replace('category: cost', 'category: cots'));
    const status = here.fullarc('policies', '--workspace', here.workspace);
    assert.equal(status.status, 1);
    assert.match(status.stdout, /campaign-spend[\s\S]*error: .*cots/);
    here.fullarc('gates', 'approve', gate);
    assert.equal(await run.ended, 0, run.output());
  });
});

describe('two agents of one tree', () => {
  it('never overspend it together, as real processes', async (t) => {
    const here = installation(t, { example: 'outreach' });
    writeFileSync(join(here.workspace, 'two.ts'), `
import { spawn } from 'node:child_process';
const ends = await Promise.all([1, 2].map(() => new Promise((resolve) => spawn(process.execPath, ['agent.ts', 'Write to every lead.'], { stdio: 'inherit' }).once('close', resolve))));
console.log('ends', JSON.stringify(ends));
`);
    const run = here.run(['node', 'two.ts'], { agent: 'outreach', flags: ['--approve'] });
    await run.ended;
    const graph = graphOf(eventsOf(run));
    assert.equal([...graph.runs.values()].filter((each) => each.agent === 'outreach' && each.depth === 1).length, 2);
    const balances = eventsOf(run).flatMap((event) => (event.type === 'budget' && event.unit === 'usd_micro' ? [event] : []));
    assert.ok(balances.length > 10);
    for (const { spent, reserved, limit } of balances) assert.ok(spent + reserved <= (limit ?? Infinity), `${spent} + ${reserved} > ${limit}`);
    assert.match(run.output(), /ends \[1,1\]/);
  });
});
