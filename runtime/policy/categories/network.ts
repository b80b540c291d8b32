// The `network` category: which machines an agent may reach, by which protocols and ports.

import { z } from 'zod';
import type { ActionEvent } from '../../../protocol/action.ts';
import { defineCategory, type Checks, type Violation } from '../category.ts';
import { destinations } from '../detect/command-line.ts';
import { hostMatcher, isHostPattern, isInternalName, isLoopback, isPrivate, normalHost } from '../detect/hosts.ts';

const domains = (text: string, examples: readonly string[]) => z.array(z.string().refine(isHostPattern, { error: 'is no host: write a name such as api.example.com, *.example.com for every name below it, an address, or *' }))
  .min(1).optional().describe(text).meta({ examples: [examples] });

const rules = z.strictObject({
  allowed_domains: domains('Hosts that may be reached, and no others: names, `*.` for every name below one, addresses. Case, a final dot and the spelling of international names make no difference.', ['api.openai.com', '*.example.com']),
  blocked_domains: domains('Hosts that are never reached. Stronger than all other rules.', ['*.paste.example']),
  allowed_protocols: z.array(z.string().regex(/^[a-z][a-z0-9+.-]*$/, { error: 'is no protocol: write it in lower case and without `://`' })).min(1).default(['https']).describe('Protocols that may be used.').meta({ examples: [['https', 'wss']] }),
  allowed_ports: z.array(z.int().min(1).max(65535)).min(1).optional().describe('Ports that may be used.').meta({ unit: 'port', examples: [[443]] }),
  allow_loopback: z.boolean().default(true).describe('Whether this machine itself may be reached whatever the other rules say, `blocked_domains` excepted: local model servers and databases live there, mostly without TLS.').meta({ examples: [false] }),
  block_external: z.boolean().default(false).describe('Refuse everything that is neither in a private network nor under `allowed_domains`.').meta({ examples: [true] }),
  block_private: z.boolean().default(false).describe('Refuse addresses of private networks, link-local ones and cloud metadata services, also when a public name leads there. An address written under `allowed_domains` is still reached.').meta({ examples: [true] }),
});
type Rules = z.output<typeof rules>;

interface Target {
  readonly protocol: string;
  /** In normal spelling. */
  readonly host: string;
  readonly port: number;
  readonly addresses: readonly string[];
}

export const network = defineCategory({
  id: 'network',
  title: 'Network',
  group: 'Data and security boundaries',
  why: 'What an agent can reach decides where your data can go and what a tricked agent can touch. These rules are checked on the request before it leaves, and on the command lines of programs that fetch. Names and addresses are compared in one spelling, so that 0x7f.1, a final dot or a look-alike encoding is no way around them.',
  rules,
  dispositions: ['warn', 'gate', 'block'],
  onViolation: 'block',
  checks(rules): Checks {
    const judge = judgeOf(rules);
    return {
      'http.before': (event) => judge({ protocol: event.protocol.replace(/:$/, '').toLowerCase(), host: normalHost(event.host), port: event.port, addresses: (event.addresses ?? []).map(normalHost) }),
      'exec.before': (event) => {
        for (const { protocol, host, port } of destinations(event.argv, event.shell ? event.command : undefined)) {
          const violation = judge({ protocol, host: normalHost(host), port, addresses: [] });
          if (violation) return violation;
        }
        return undefined;
      },
    };
  },
  examples: [
    { title: 'A host outside the list', rules: 'allowed_domains: [api.example.com]', event: get('https://paste.example/x'), expect: 'block', field: 'allowed_domains' },
    { title: 'A host on the list', rules: 'allowed_domains: [api.example.com]', event: get('https://api.example.com/v1'), expect: 'allow' },
    { title: 'A name below a listed one', rules: 'allowed_domains: ["*.example.com"]', event: get('https://eu.api.example.com/v1'), expect: 'allow' },
    { title: 'A name that only ends alike', rules: 'allowed_domains: ["*.example.com"]', event: get('https://badexample.com/'), expect: 'block', field: 'allowed_domains' },
    { title: 'A blocked host', rules: 'blocked_domains: [paste.example]', event: get('https://PASTE.example./x'), expect: 'block', field: 'blocked_domains' },
    { title: 'A host that is not blocked', rules: 'blocked_domains: [paste.example]', event: get('https://api.example.com/'), expect: 'allow' },
    { title: 'Without encryption', rules: 'allowed_protocols: [https]', event: get('http://api.example.com/'), expect: 'block', field: 'allowed_protocols' },
    { title: 'With encryption', rules: 'allowed_protocols: [https]', event: get('https://api.example.com/'), expect: 'allow' },
    { title: 'An odd port', rules: 'allowed_ports: [443]', event: get('https://api.example.com:8443/'), expect: 'block', field: 'allowed_ports' },
    { title: 'The usual port', rules: 'allowed_ports: [443]', event: get('https://api.example.com/'), expect: 'allow' },
    { title: 'A model server on this machine', rules: 'allowed_domains: [api.example.com]', event: get('http://127.0.0.1:11434/v1'), expect: 'allow' },
    { title: 'This machine, when it is closed', rules: '{ allow_loopback: false, allowed_domains: [api.example.com] }', event: get('https://localhost:3000/'), expect: 'block', field: 'allowed_domains' },
    { title: 'This machine, when it is open', rules: 'allow_loopback: true', event: get('http://localhost:3000/'), expect: 'allow' },
    { title: 'Loopback in hexadecimal, when it is closed', rules: '{ allow_loopback: false, block_private: true }', event: { ...get('https://127.0.0.1/'), host: '0x7f.1' }, expect: 'block', field: 'block_private' },
    { title: 'Out of the house', rules: 'block_external: true', event: get('https://api.example.com/'), expect: 'block', field: 'block_external' },
    { title: 'Inside the house', rules: 'block_external: true', event: get('https://10.1.2.3/'), expect: 'allow' },
    { title: 'Credentials of the cloud machine', rules: '{ block_private: true, allowed_protocols: [http, https] }', event: get('http://169.254.169.254/latest/meta-data/'), expect: 'block', field: 'block_private' },
    { title: 'A public name that leads inside', rules: 'block_private: true', event: { ...get('https://rebind.example/'), addresses: ['10.0.0.7'] }, expect: 'block', field: 'block_private' },
    { title: 'A public address', rules: 'block_private: true', event: { ...get('https://api.example.com/'), addresses: ['93.184.216.34'] }, expect: 'allow' },
    { title: 'The same rules for curl', rules: 'allowed_domains: [api.example.com]', event: run('curl', '-s', '-o', 'out.html', 'https://paste.example/x'), expect: 'block', field: 'allowed_domains' },
    { title: 'A clone from a listed host', rules: 'allowed_domains: [github.com]', event: run('git', 'clone', 'https://github.com/o/r.git'), expect: 'allow' },
  ],
});

function judgeOf(rules: Rules): (target: Target) => Violation | undefined {
  const blocked = hostMatcher(rules.blocked_domains ?? []);
  const allowed = hostMatcher(rules.allowed_domains ?? []);
  const named = hostMatcher((rules.allowed_domains ?? []).filter((each) => each !== '*'));
  const protocols = new Set(rules.allowed_protocols);
  const ports = rules.allowed_ports && new Set(rules.allowed_ports);
  return (target) => {
    const { host, protocol, port } = target;
    const pattern = blocked(host);
    if (pattern !== undefined) return refused('blocked_domains', `The host ${host} may not be reached.`, pattern, 'host', host, 'Use another source.');
    if (rules.allow_loopback && isLoopback(host) && target.addresses.every(isLoopback)) return undefined;
    if (!protocols.has(protocol)) return refused('allowed_protocols', `${protocol} may not be used to reach ${host}.`, rules.allowed_protocols, 'protocol', protocol, `Use one of: ${rules.allowed_protocols.join(', ')}.`);
    const inside = rules.block_private && privateOf(target);
    if (inside && named(inside) === undefined) return refused('block_private', inside === host ? `${host} is an address of a private network.` : `${host} leads to ${inside}, an address of a private network.`, true, 'address', inside, 'Reach a public address, or list this one under allowed_domains.');
    const listed = allowed(host);
    if (rules.block_external && listed === undefined && !isInside(target)) return refused('block_external', `${host} is outside the private network.`, true, 'host', host, 'Reach a machine of the private network, or list the host under allowed_domains.');
    if (rules.allowed_domains && listed === undefined) return refused('allowed_domains', `The host ${host} is not among those that may be reached: ${rules.allowed_domains.join(', ')}.`, rules.allowed_domains, 'host', host, `Use one of: ${rules.allowed_domains.join(', ')}.`);
    if (ports && !ports.has(port)) return refused('allowed_ports', `Port ${port} of ${host} may not be used.`, rules.allowed_ports, 'port', port, `Use one of the ports ${[...ports].join(', ')}.`);
    return undefined;
  };
}

function refused(field: string, message: string, limit: unknown, fact: string, value: unknown, remedy: string): Violation {
  return { field, message, limit, fact, value, remedy };
}

/** The private address that a target is or leads to. */
function privateOf({ host, addresses }: Target): string | undefined {
  return isPrivate(host) ? host : addresses.find(isPrivate);
}

function isInside({ host, addresses }: Target): boolean {
  if (addresses.length > 0) return addresses.every(isPrivate);
  return isPrivate(host) || isInternalName(host);
}

function get(url: string): ActionEvent<'http.before'> {
  const { protocol, hostname, port, href } = new URL(url);
  return { event: 'http.before', method: 'GET', url: href, protocol: protocol.slice(0, -1), host: hostname, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) };
}

function run(command: string, ...args: string[]): ActionEvent<'exec.before'> {
  return { event: 'exec.before', command, argv: [command, ...args], shell: false, cwd: '/work' };
}
