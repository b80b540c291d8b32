// Outbound requests of real agents: model traffic goes to the gateway, everything else is judged, on every Node at hand and through every client.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { GO, NO, nodes, openGovernor, openStand, runAgent } from './stand.ts';
import type { Stand, TestGovernor } from './stand.ts';

let stand: Stand;
let gateway: Site;
let site: Site;
let evil: Site;

interface Site {
  readonly origin: string;
  readonly port: number;
  readonly seen: string[];
  close(): void;
}

async function openSite(answer: (request: IncomingMessage) => { readonly status?: number; readonly headers?: Record<string, string>; readonly body: string }): Promise<Site> {
  const seen: string[] = [];
  const server: Server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    request.resume().on('end', () => {
      const { status = 200, headers = {}, body } = answer(request);
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, port, seen, close: () => void (server.close(), server.closeAllConnections()) };
}

const CHAT = { id: 'c', object: 'chat.completion', created: 0, model: 'm', choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'from the gateway' } }] };

before(async () => {
  stand = await openStand();
  gateway = await openSite(() => ({ body: JSON.stringify(CHAT) }));
  evil = await openSite(() => ({ body: '"evil"' }));
  site = await openSite(({ url }) => (url?.startsWith('/away') ? { status: 302, headers: { location: `${evil.origin}/loot` }, body: '' } : { body: '"site"' }));
});
after(() => {
  for (const each of [gateway, site, evil]) each.close();
  stand.dispose();
});

let sockets = 0;
async function governed(t: TestContext, decide: Parameters<typeof openGovernor>[1]): Promise<TestGovernor> {
  const governor = await openGovernor(join(stand.folder, `h${(sockets += 1)}.sock`), decide);
  t.after(() => governor.die());
  return governor;
}
/** Refuses whatever is for the evil site. */
const guarded = (t: TestContext): Promise<TestGovernor> => governed(t, (event) => (event.event === 'http.before' && event.port === evil.port ? NO : GO));

/** Each client as an expression of `url` and `init` that gives the body's text; thrown errors are printed by `print`. */
const CLIENTS = {
  fetch: `(await fetch(url)).text()`,
  'http.get': `await new Promise((yes, no) => http.get(url, (r) => { let t = ''; r.on('data', (c) => t += c).on('end', () => yes(t)); }).on('error', no))`,
  'http.request with a body and parts': `await new Promise((yes, no) => { const u = new URL(url); const q = http.request({ host: u.hostname, port: u.port, path: u.pathname, method: 'POST' }, (r) => { let t = ''; r.on('data', (c) => t += c).on('end', () => yes(t)); }); q.on('error', no); q.write('a'); q.end('b'); })`,
  'http.request with agent: false': `await new Promise((yes, no) => http.request(url, { agent: false }, (r) => { let t = ''; r.on('data', (c) => t += c).on('end', () => yes(t)); }).on('error', no).end())`,
  'undici request': `(await undici.request(url)).body.text()`,
  'undici fetch': `(await undici.fetch(url)).text()`,
  'undici Client': `(await new undici.Client(new URL(url).origin).request({ path: new URL(url).pathname, method: 'GET' })).body.text()`,
  'undici Pool': `(await new undici.Pool(new URL(url).origin).request({ path: new URL(url).pathname, method: 'GET' })).body.text()`,
  'undici Agent with redirects': `(await undici.request(url, { dispatcher: new undici.Agent().compose(undici.interceptors.redirect({ maxRedirections: 3 })) })).body.text()`,
} as const;

const agent = (client: string, url: string): string => `
import http from 'node:http'; import https from 'node:https';
const undici = ${client.includes('undici') ? "await import('undici')" : 'undefined'};
const url = ${JSON.stringify(url)};
try { console.log('got', await (async () => ${client})()); }
catch (error) { const cause = error.cause ?? error; console.log(error.name, cause.code, cause.message); }`;

/** undici 7 itself wants Node 20. */
const undiciRuns = (node: string): boolean => Number(execFileSync(node, ['-p', 'parseInt(process.versions.node)']).toString()) >= 20;

for (const node of nodes()) describe(`requests under ${node}`, () => {
  const skip = (client: string): { readonly skip: boolean } => ({ skip: client.includes('undici') && !undiciRuns(node) });
  for (const [name, client] of Object.entries(CLIENTS)) {
    test(`${name}: allowed, reported with its status`, skip(client), async (t) => {
      const governor = await governed(t, () => GO);
      const run = await runAgent(agent(client, `${site.origin}/fine`), { node, stand, governor });
      assert.deepEqual({ ...run, stderr: '' }, { stdout: 'got "site"\n', stderr: '', code: 0 }, run.stderr);
      assert.deepEqual(governor.befores.map(({ event }) => event.event === 'http.before' && `${event.protocol} ${event.url}`), [`http ${site.origin}/fine`]);
      const ended = await governor.ended('http.after');
      assert.equal(ended.event === 'http.after' && ended.status, 200);
    });

    test(`${name}: refused as the client's own kind of error, and nothing is sent`, skip(client), async (t) => {
      const governor = await guarded(t);
      const before = evil.seen.length;
      const run = await runAgent(agent(client, `${evil.origin}/loot`), { node, stand, governor });
      assert.match(run.stdout, /^(TypeError|Error) ERR_FULLARC_REFUSED \[governance\] not allowed here \(policy p\)\n$/, run.stderr);
      if (name.includes('fetch')) assert.match(run.stdout, /^TypeError /);
      assert.equal(run.code, 0);
      assert.equal(evil.seen.length, before);
    });
  }

  for (const name of ['fetch', 'undici fetch', 'undici Agent with redirects'] as const) test(`${name}: a redirect is judged where it leads`, skip(name), async (t) => {
    const governor = await guarded(t);
    const before = evil.seen.length;
    const run = await runAgent(agent(CLIENTS[name], `${site.origin}/away`), { node, stand, governor });
    assert.match(run.stdout, /ERR_FULLARC_REFUSED/, run.stderr);
    assert.equal(evil.seen.length, before);
    assert.deepEqual(governor.befores.map(({ event }) => event.event === 'http.before' && event.redirectedFrom), [undefined, `${site.origin}/away`]);
  });

  test('a redirect that a program follows itself is known as one, once', async (t) => {
    const governor = await governed(t, () => GO);
    const run = await runAgent(`
      import http from 'node:http';
      const get = (url) => new Promise((yes, no) => http.get(url, (r) => r.resume().on('end', () => yes(r.headers.location))).on('error', no));
      const next = await get('${site.origin}/away');
      await get(next + '#there');
      await get(next);
    `, { node, stand, governor });
    assert.equal(run.stderr, '');
    assert.deepEqual(governor.befores.map(({ event }) => event.event === 'http.before' && event.redirectedFrom), [undefined, `${site.origin}/away`, undefined]);
  });

  test('undici under module hooks of the program\'s own is judged as well', skip('undici'), async (t) => {
    const governor = await governed(t, () => NO);
    const run = await runAgent(`
      import module from 'node:module';
      module.registerHooks?.({ load: (url, context, next) => next(url, context) });
      const undici = await import('undici');
      await undici.request('http://127.0.0.1:8099/').catch((error) => console.log(error.code));
      await new undici.Client('https://api.openai.com').request({ path: '/v1/responses', method: 'POST' }).then(() => console.log('gateway'), console.log);
    `, { node, stand, governor, env: { FULLARC_GATEWAY: `${gateway.origin}/r/t` } });
    assert.deepEqual(run.stdout, 'ERR_FULLARC_REFUSED\ngateway\n', run.stderr);
  });

  const LLM = {
    'fetch': `(await fetch('https://api.openai.com/v1/chat/completions', { method: 'POST', body: '{}' })).text()`,
    'fetch to a host of one\'s own': `(await fetch('http://localhost:11434/v1/chat/completions?x=1', { method: 'POST', body: '{}' })).text()`,
    'https.request': `await new Promise((yes, no) => { const q = https.request('https://api.anthropic.com/v1/messages', { method: 'POST', headers: { Host: 'api.anthropic.com' } }, (r) => { let t = ''; r.on('data', (c) => t += c).on('end', () => yes(t)); }); q.on('error', no); q.end('{}'); })`,
    'undici request': `(await undici.request('https://api.openai.com/v1/responses', { method: 'POST', body: '{}', headers: { host: 'api.openai.com' } })).body.text()`,
    'undici Client': `(await new undici.Client('https://api.openai.com').request({ path: '/v1/responses', method: 'POST', body: '{}' })).body.text()`,
    'openai': `(await new (await import('openai')).default({ apiKey: 'k' }).chat.completions.create({ model: 'm', messages: [] })).choices[0].message.content`,
    'anthropic': `(await new (await import('@anthropic-ai/sdk')).default({ apiKey: 'k' }).messages.create({ model: 'm', max_tokens: 1, messages: [] })).id`,
  };
  for (const [name, client] of Object.entries(LLM)) test(`${name}: model traffic goes to the gateway and is not an http action`, skip(client), async (t) => {
    const governor = await governed(t, () => NO);
    const run = await runAgent(agent(client, ''), { node, stand, governor, env: { FULLARC_GATEWAY: `${gateway.origin}/r/${'t'}` } });
    assert.match(run.stdout, /^got (\{"id":"c"|from the gateway|c\n)/, run.stdout + run.stderr);
    assert.match(gateway.seen.at(-1) ?? '', /^POST \/r\/t\/u\/https?\/(api\.openai\.com|api\.anthropic\.com|localhost:11434)\/v1\/(chat\/completions(\?x=1)?|messages|responses)$/);
    assert.equal(governor.befores.length, 0);
  });

  test('a request aborted while it is held ends at once, and the governor is told', async (t) => {
    const governor = await governed(t, () => new Promise(() => undefined));
    const running = runAgent(`
      import http from 'node:http';
      const request = http.get('${site.origin}/held');
      request.on('error', (error) => console.log(error.code)).on('close', () => console.log('closed'));
      process.stdin.resume().on('end', () => {});
      setInterval(() => {}, 1e6).unref();
      const { signal } = AbortSignal.timeout ? { signal: AbortSignal.timeout(100) } : {};
      signal.addEventListener('abort', () => request.destroy());
    `, { node, stand, governor });
    const held = await governor.asked(() => true);
    const run = await running;
    assert.equal(run.stdout, 'ECONNRESET\nclosed\n', run.stderr);
    assert.deepEqual(governor.abandoned, [held.key]);
  });
});
