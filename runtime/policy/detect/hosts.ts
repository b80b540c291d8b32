// Names and addresses of machines: one spelling each, which ranges they are in, and patterns over them.

import ipaddr from 'ipaddr.js';

/**
 * One spelling per host: lower case, punycode, without brackets, port or final dot; an IPv4 address in any of its forms (decimal, hex, octal,
 * short, mapped into IPv6) as four decimals, an IPv6 address in its short form.
 */
export function normalHost(host: string): string {
  if (isPlainName(host)) return host;
  const bare = host.trim().replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  if (isAddress(bare)) return ipaddr.process(bare).toString();
  const name = URL.parse(`http://${bare.replace(/\.+$/, '')}/`)?.hostname ?? bare.toLowerCase().replace(/\.+$/, '');
  return isAddress(name) ? ipaddr.process(name).toString() : name;
}

/** True for what is already the one spelling of a name. Its last label begins with a letter, so that it is no address in any notation (WHATWG URL, "ends in a number"). */
function isPlainName(host: string): boolean {
  return /^(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*$/.test(host) && !host.includes('xn--');
}

function isAddress(host: string): boolean {
  return !isPlainName(host) && ipaddr.isValid(host);
}

/** Azure's platform address: public by its number, and yet a metadata service. */
const METADATA = new Set(['168.63.129.16', 'metadata.google.internal', 'metadata.goog']);

export function isLoopback(host: string): boolean {
  if (isAddress(host)) return reachOf(host) === 'loopback';
  return host === 'localhost' || host.endsWith('.localhost');
}

/** True for addresses that belong to no public machine: private, link-local (cloud metadata among them), shared, loopback, reserved. */
export function isPrivate(host: string): boolean {
  if (METADATA.has(host)) return true;
  return isAddress(host) ? reachOf(host) !== 'unicast' : isLoopback(host);
}

/** True for names that only a private network gives out: single labels and the suffixes reserved for that (RFC 6762, RFC 8375, ICANN's `.internal`). */
export function isInternalName(host: string): boolean {
  return !isAddress(host) && (!host.includes('.') || /\.(?:internal|local|localhost|home\.arpa)$/.test(host));
}

function reachOf(host: string): string {
  const address = ipaddr.process(host);
  const inner = address.kind() === 'ipv6' ? embedded(address as ipaddr.IPv6) : undefined;
  return (inner ?? address).range();
}

/** The IPv4 address that an IPv6 address of NAT64 (RFC 6052) or 6to4 (RFC 3056) leads to. */
function embedded(address: ipaddr.IPv6): ipaddr.IPv4 | undefined {
  const range = address.range();
  const { parts } = address;
  const [high, low] = range === 'rfc6052' ? [parts[6], parts[7]] : range === '6to4' ? [parts[1], parts[2]] : [];
  return high === undefined || low === undefined ? undefined : new ipaddr.IPv4([high >> 8, high & 255, low >> 8, low & 255]);
}

/** Returns the pattern that a normal host matches: an exact name or address, `*.` for any name below it (itself excluded), `*` for any host. */
export function hostMatcher(patterns: readonly string[]): (host: string) => string | undefined {
  const exact = new Map(patterns.filter((pattern) => !pattern.includes('*')).map((pattern) => [normalHost(pattern), pattern]));
  const below = patterns.filter((pattern) => pattern.startsWith('*.')).map((pattern) => ({ pattern, suffix: `.${normalHost(pattern.slice(2))}` }));
  const any = patterns.find((pattern) => pattern === '*');
  return (host) => exact.get(host) ?? below.find(({ suffix }) => host.length > suffix.length && host.endsWith(suffix))?.pattern ?? any;
}

/** What `hostMatcher` understands. */
export function isHostPattern(pattern: string): boolean {
  const name = pattern.replace(/^\*\./, '');
  return pattern === '*' || (!/[\s/*:@]/.test(name) && URL.canParse(`http://${name}/`)) || ipaddr.isValid(name.replace(/^\[(.*)\]$/, '$1'));
}
