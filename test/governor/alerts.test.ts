// Alerts to real receivers on this machine: what they get, how it is signed, and that none is lost when a receiver or the governor fails.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { RunInfo } from '../../protocol/run-graph.ts';
import type { Disposition } from '../../protocol/verdict.ts';
import { Alerts, type AlertBody, type Incident } from '../../runtime/alerts.ts';
import { sendable, signature } from '../../runtime/alert-webhook.ts';
import type { AlertRules } from '../../runtime/policy/api.ts';
import { openSqlite } from '../../runtime/store/sqlite.ts';
import type { Store } from '../../runtime/store/store.ts';
import { governed, toolBefore } from '../support/governed.ts';

const START = Date.UTC(2026, 0, 5, 12);
const INFO: RunInfo = { id: 'run1', root: 'run1', depth: 0, workspace: '/w', agent: 'writer', fleet: 'press', user: 'ana', command: ['node', 'agent.ts'], level: 'L1' };

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly alert: AlertBody;
}

/** Something that takes alerts; it answers what the test says, 200 when it says nothing. */
async function receiver(t: TestContext, answer: (response: ServerResponse, times: number) => void = (response) => response.end()) {
  const got: Got[] = [];
  const heard = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => { body += piece; }).on('end', () => {
      got.push({ headers: request.headers, body, alert: JSON.parse(body) as AlertBody });
      heard.resolve();
      answer(response, got.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => (server.closeAllConnections(), server.close()));
  return { got, heard: heard.promise, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/secret-path` };
}

interface Bench {
  now: number;
  readonly troubles: string[];
  readonly store: Store;
  readonly alerts: Alerts;
  record(rules: Partial<AlertRules>, disposition?: Disposition, more?: Partial<Incident>): Promise<void>;
}

function bench(t: TestContext, path: string, env: NodeJS.ProcessEnv = {}): Bench {
  const store = openSqlite(path);
  const troubles: string[] = [];
  const self = { now: START };
  const alerts = new Alerts({ store, clock: () => self.now, scrub: (text) => text.replaceAll('hunter2', '##SECRET##'), env, trouble: (message) => troubles.push(message) });
  t.after(async () => {
    await alerts.close();
    await store.close();
  });
  const record = async (rules: Partial<AlertRules>, disposition: Disposition = 'block', more: Partial<Incident> = {}): Promise<void> => {
    const incident: Incident = {
      info: INFO, node: 'run1/1', event: 'tool.before', action: 'send_email', at: self.now, ...more,
      verdict: { disposition, redactions: [], policyVersion: 'v', reasons: [{ policy: 'mail', category: 'approval', disposition, field: 'never', message: 'No mail with hunter2.' }, { policy: 'quiet', category: 'content', disposition, shadow: true, field: 'f', message: 'shadow' }] },
    };
    await store.transaction((tx) => alerts.incident(tx, [{ policy: 'oncall', headers: {}, notifyOn: ['block'], cooldownMs: 0, ...rules }], incident)).durable;
  };
  return Object.assign(self, { troubles, store, alerts, record });
}

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'fullarc-alerts-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return join(made, 'fullarc.db');
}

describe('an alert', () => {
  test('says what happened, signed by the key of the governor\'s environment', async (t) => {
    const { url, got } = await receiver(t);
    const b = bench(t, folder(t), { ALERT_KEY: 'k3y' });
    await b.record({ webhook: url, secretEnv: 'ALERT_KEY', headers: { 'X-Team': 'press', 'Content-Type': 'text/evil' } });
    await b.alerts.deliver();
    const [{ headers, body, alert }] = got as [Got];
    assert.deepEqual({ ...alert, id: '' }, {
      version: 1, id: '', at: '2026-01-05T12:00:00.000Z', policy: 'oncall', workspace: '/w', run: 'run1', root: 'run1', agent: 'writer', fleet: 'press', user: 'ana', node: 'run1/1', event: 'tool.before', action: 'send_email',
      disposition: 'block', reasons: [{ policy: 'mail', category: 'approval', disposition: 'block', field: 'never', message: 'No mail with ##SECRET##.' }], suppressed: 0,
    });
    assert.deepEqual([headers['x-team'], headers['content-type'], headers['fullarc-delivery']], ['press', 'application/json', alert.id]);
    const seconds = START / 1000;
    assert.equal(headers['fullarc-signature'], `t=${seconds},v1=${createHmac('sha256', 'k3y').update(`${seconds}.${body}`).digest('hex')}`);
    assert.notEqual(signature('other', START, body), headers['fullarc-signature']);
    assert.deepEqual(b.troubles, []);
    await b.alerts.deliver();
    assert.equal(got.length, 1, 'what was delivered is not sent again');
  });

  test('is sent of what the policy names, and of nothing that is in shadow', async (t) => {
    const { url, got } = await receiver(t);
    const b = bench(t, folder(t));
    await b.record({ webhook: url, notifyOn: ['gate'] });
    await b.record({ notifyOn: ['block'] });
    await b.alerts.deliver();
    assert.equal(got.length, 0);
  });

  test('is followed by silence for the agent, and the next one says how much was missed', async (t) => {
    const { url, got } = await receiver(t);
    const b = bench(t, folder(t));
    const rules = { webhook: url, cooldownMs: 60_000 };
    for (let times = 0; times < 3; times++) await b.record(rules);
    await b.record(rules, 'block', { info: { ...INFO, agent: 'other' } });
    const verdict = { disposition: 'block', redactions: [], policyVersion: 'v', reasons: [{ policy: 'money', category: 'cost', disposition: 'block', field: 'f', message: 'No.' }] } as const;
    await b.store.transaction((tx) => b.alerts.incident(tx, [{ policy: 'oncall', headers: {}, notifyOn: ['block'], ...rules }], { info: INFO, node: 'run1/2', event: 'tool.before', action: 'buy', at: b.now, verdict })).durable;
    await b.alerts.deliver();
    assert.deepEqual(got.map(({ alert }) => `${alert.agent} ${alert.reasons[0]!.policy}`).sort(), ['other mail', 'writer mail', 'writer money'], 'another agent, or another policy that objects, is not silenced');
    b.now += 60_000;
    await b.record(rules);
    await b.alerts.deliver();
    assert.deepEqual([got.length, got[3]!.alert.suppressed], [4, 2]);
  });

  test('is tried again after a pause that grows, under the same id, until it is taken', async (t) => {
    const { url, got } = await receiver(t, (response, times) => response.writeHead(times < 3 ? 503 : 204).end());
    const b = bench(t, folder(t));
    await b.record({ webhook: url });
    for (const [pause, seen] of [[0, 1], [999, 1], [1, 2], [1_999, 2], [1, 3], [60_000, 3]] as const) {
      b.now += pause;
      await b.alerts.deliver();
      assert.equal(got.length, seen, `${pause} ms later`);
    }
    assert.equal(new Set(got.map(({ alert }) => alert.id)).size, 1);
    assert.match(b.troubles.join('\n'), /^an alert of policy oncall to 127\.0\.0\.1:\d+ could not be delivered: it answered with HTTP 503\. It is tried again\.$/);
  });

  test('is given up at last, and a person is told', async (t) => {
    const b = bench(t, folder(t));
    await b.record({ webhook: 'http://127.0.0.1:1/' });
    for (let tries = 0; tries < 20; tries++) {
      await b.alerts.deliver();
      b.now += 10 * 60_000;
    }
    assert.equal(b.troubles.length, 2);
    assert.match(b.troubles[1]!, /was given up: .*ECONNREFUSED/);
  });

  test('follows no redirect, goes to no plain address elsewhere, and is never sent unsigned when it should be signed', async (t) => {
    const elsewhere = await receiver(t);
    const { url, got } = await receiver(t, (response) => response.writeHead(307, { location: elsewhere.url }).end());
    const b = bench(t, folder(t));
    await b.record({ policy: 'led', webhook: url });
    await b.record({ policy: 'plain', webhook: 'http://example.com/' });
    await b.record({ policy: 'unsigned', webhook: elsewhere.url, secretEnv: 'NO_SUCH_KEY' });
    await b.alerts.deliver();
    assert.deepEqual([got.length, elsewhere.got.length], [1, 0]);
    const told = b.troubles.sort().join('\n');
    assert.match(told, /policy led .*HTTP 307, and redirects are not followed/);
    assert.match(told, /policy plain to example\.com was given up: it is neither https nor on this machine/);
    assert.match(told, /policy unsigned .*the governor's environment has no NO_SUCH_KEY/);
    assert.doesNotMatch(told, /secret-path/, 'a path may be a secret');
  });

  test('may go over https anywhere, and in plain to this machine alone', () => {
    for (const address of ['https://hooks.example.com/x', 'http://localhost:8/', 'http://127.8.9.1/', 'http://[::1]:9/']) assert.ok(sendable(address), address);
    for (const address of ['http://hooks.example.com/', 'http://127.0.0.1.example.com/', 'http://localhost.example.com/', 'ftp://127.0.0.1/', 'file:///etc/passwd', 'x']) assert.equal(sendable(address), undefined, address);
  });

  test('is not noted when a thousand wait, and one person is told once', async (t) => {
    const b = bench(t, folder(t));
    await b.store.transaction(async (tx) => {
      for (let n = 0; n < 1_000; n++) await tx.run('INSERT INTO alerts (id, workspace, policy, about, agent, at, quiet_until, url, headers, body, next_at) VALUES ($1, \'/w\', \'p\', \'q\', \'a\', 0, 0, \'\', \'{}\', \'\', $2)', String(n), START + 1);
    }).durable;
    await b.record({ webhook: 'http://127.0.0.1:1/' });
    await b.record({ webhook: 'http://127.0.0.1:1/' });
    assert.equal(b.troubles.length, 1);
    assert.match(b.troubles[0]!, /1000 alerts wait/);
  });
});

describe('a governor that dies', () => {
  test('while an alert is on its way sends it again after its return, under the same id', async (t) => {
    const slow = await receiver(t, () => {});
    const path = folder(t);
    const first = bench(t, path);
    await first.record({ webhook: slow.url });
    const sending = first.alerts.deliver();
    await slow.heard;
    await first.alerts.close();
    await sending;
    await first.store.close();
    const second = bench(t, path);
    const { promise, resolve } = Promise.withResolvers<void>();
    const quick = await receiver(t, (response) => (response.end(), resolve()));
    await second.store.transaction((tx) => tx.run('UPDATE alerts SET url = $1', quick.url)).durable;
    second.alerts.start();
    await promise;
    assert.equal(quick.got[0]!.alert.id, slow.got[0]!.alert.id);
    assert.deepEqual(first.troubles, []);
  });

  test('killed after the incident was recorded, and before anyone was told, loses nothing', async (t) => {
    const { url, got } = await receiver(t);
    const path = folder(t);
    const script = `
      import { Alerts } from ${JSON.stringify(join(import.meta.dirname, '../../runtime/alerts.ts'))};
      import { openSqlite } from ${JSON.stringify(join(import.meta.dirname, '../../runtime/store/sqlite.ts'))};
      const store = openSqlite(${JSON.stringify(path)});
      const alerts = new Alerts({ store, clock: () => ${START}, scrub: (text) => text, env: {}, trouble: () => {} });
      const verdict = { disposition: 'block', redactions: [], policyVersion: 'v', reasons: [{ policy: 'mail', category: 'approval', disposition: 'block', field: 'f', message: 'No.' }] };
      const incident = { info: ${JSON.stringify(INFO)}, node: 'run1/1', event: 'tool.before', action: 'send_email', verdict, at: ${START} };
      await store.transaction((tx) => alerts.incident(tx, [{ policy: 'oncall', webhook: ${JSON.stringify(url)}, headers: {}, notifyOn: ['block'], cooldownMs: 0 }], incident)).durable;
      process.kill(process.pid, 'SIGKILL');
      await new Promise(() => {});`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'inherit', 'inherit'] });
    assert.deepEqual((await once(child, 'exit'))[1], 'SIGKILL');
    assert.equal(got.length, 0);
    const b = bench(t, path);
    await b.alerts.deliver();
    assert.deepEqual(got.map(({ alert }) => alert.action), ['send_email']);
  });
});

test('an agent that runs into a policy is told of by the governor itself', async (t) => {
  const { heard, got, url } = await receiver(t);
  const g = await governed(t, `agents: { writer: { entry: agent.ts } }\npolicies:\n  - name: told\n    category: control\n    rules: { webhook: '${url}', notify_on: [block] }\n  - name: no-drops\n    category: safety\n    rules: { blocked_tools: ['drop_*'] }\n`);
  const { run } = await g.run();
  assert.equal((await g.governor.before(run, { key: 'tool:1', event: toolBefore('drop_table') })).go, false);
  await heard;
  assert.deepEqual([got[0]!.alert.agent, got[0]!.alert.action, got[0]!.alert.disposition, got[0]!.alert.reasons.map(({ policy }) => policy)], ['writer', 'drop_table', 'block', ['no-drops']]);
});
