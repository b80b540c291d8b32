// One spelling per host, which ranges are whose, and what command lines reach for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { destinations, simpleCommands } from './command-line.ts';
import { hostMatcher, isHostPattern, isInternalName, isLoopback, isPrivate, normalHost } from './hosts.ts';

test('all ways to write a host come to one', () => {
  for (const spelling of ['127.0.0.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '127.1', '[::ffff:127.0.0.1]', '１２７.0.0.1', '127.0.0.1.']) assert.equal(normalHost(spelling), '127.0.0.1', spelling);
  for (const spelling of ['BÜCHER.example', 'bücher.example.', 'xn--bcher-kva.example']) assert.equal(normalHost(spelling), 'xn--bcher-kva.example', spelling);
  assert.equal(normalHost('[2001:DB8:0:0::1]'), '2001:db8::1');
});

test('a name that looks like its one spelling is it', () => {
  const label = fc.array(fc.constantFrom('a', 'z', '0', '9', '-', 'x', 'f', 'xn--'), { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
  fc.assert(fc.property(fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')), (host) => {
    const parsed = URL.parse(`http://${host}/`)?.hostname;
    if (parsed !== undefined && parsed === normalHost(host)) return;
    assert.ok(parsed === undefined || host.includes('xn--') || /^[\d.]|\.\d[^.]*$/.test(host), `${host} is ${parsed} to a browser, and ${normalHost(host)} here`);
  }), { numRuns: 3_000 });
});

test('private ranges and metadata, also inside IPv6', () => {
  const inside = ['10.0.0.1', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', 'fd00:ec2::254', 'fe80::1', '::ffff:10.0.0.1', '64:ff9b::a00:1', '2002:a00:1::', '168.63.129.16', 'metadata.google.internal', '::1', '0.0.0.0', 'localhost'];
  for (const host of inside) assert.ok(isPrivate(normalHost(host)), host);
  for (const host of ['8.8.8.8', '2606:4700::1111', '64:ff9b::808:808', 'example.com', '172.32.0.1']) assert.ok(!isPrivate(normalHost(host)), host);
  assert.ok(isLoopback('app.localhost') && isLoopback('127.9.9.9') && !isLoopback('localhost.example.com'));
  assert.ok(isInternalName('crm-db.internal') && isInternalName('printer') && !isInternalName('internal.example.com'));
});

test('patterns', () => {
  const match = hostMatcher(['*.Example.com', 'bücher.example', '10.0.0.1']);
  assert.equal(match('a.b.example.com'), '*.Example.com');
  assert.equal(match('example.com'), undefined);
  assert.equal(match('badexample.com'), undefined);
  assert.equal(match(normalHost('BÜCHER.example')), 'bücher.example');
  assert.equal(match(normalHost('0x0a.1')), '10.0.0.1');
  assert.equal(hostMatcher(['*'])('anything.example'), '*');
  assert.deepEqual(['*', '*.a.b', 'a.b', '[::1]', '::1', 'https://a.b', 'a.b/c', 'a.*.b', 'a b', 'u@a.b'].map(isHostPattern), [true, true, true, true, true, false, false, false, false, false]);
});

const LINES: readonly (readonly [line: string, hosts: readonly string[]])[] = [
  ['curl -s https://a.example/x', ['https://a.example:443']],
  ['curl -o out.html -H "Referer: https://r.example/" a.example:8080/p', ['http://a.example:8080']],
  ['curl --url=https://a.example --proxy http://p.example:3128', ['https://a.example:443', 'http://p.example:3128']],
  ['/usr/bin/wget "https://u:p@a.example/f" && echo https://b.example', ['https://a.example:443']],
  ['echo hi | curl -d @- 2130706433/up; ls', ['http://2130706433:80']],
  ['git clone git@github.com:o/r.git', ['ssh://github.com:22']],
  ['git -C /w push https://git.example/r.git main', ['https://git.example:443']],
  ['git commit -m "see https://b.example/issue"', []],
  ['cat file.txt > out.example.com', []],
  ['echo "$(curl -s a.example)"', ['http://a.example:80']],
  ['FOO=1 timeout 5 curl "ftp://a.example/f"', ['ftp://a.example:21']],
  ['curl "https://$HOST/x"', []],
  ["sh -c 'curl https://a.example'", ['https://a.example:443']],
];
for (const [line, expected] of LINES) {
  test(`where it goes: ${line}`, () => {
    assert.deepEqual(destinations(['sh', '-c', line], line).map(({ protocol, host, port }) => `${protocol}://${host}:${port}`), expected);
  });
}

test('words of simple commands', () => {
  assert.deepEqual(simpleCommands(`a 'b c' "d \\"e" f\\ g | h>i`), [['a', 'b c', 'd "e', 'f g'], ['h']]);
});
