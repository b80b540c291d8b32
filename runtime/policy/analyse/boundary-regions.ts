// Regions of the categories that bound where an agent reaches: `network`, `communication`, `scope` and `data-access`.

import { microUsd } from '../../../protocol/money.ts';
import { normalHost } from '../detect/hosts.ts';
import { isPathPattern } from '../detect/places.ts';
import { isGlob } from '../globs.ts';
import { namesOf, numberOf, setRules, type Coverage, type Region, type Rules } from './coverage.ts';
import { above, aboveIfAny, atLeast, holds, named, notNamed, type Box } from './regions.ts';

/** Requests exactly. What a command line reaches is read from its text, which no box describes. */
export function networkRegions(rules: Rules): Coverage {
  const [blocked, allowed, ports] = [namesOf(rules, 'blocked_domains'), namesOf(rules, 'allowed_domains'), rules['allowed_ports'] as readonly number[] | undefined];
  const listed = hostGlobs(allowed ?? []);
  const elsewhere: Box = rules['allow_loopback'] ? { loopback: holds(false) } : {};
  const boxes: Box[] = [{ ...elsewhere, protocol: notNamed(...namesOf(rules, 'allowed_protocols')!) }];
  if (blocked) boxes.push({ host: named(...hostGlobs(blocked)) });
  if (rules['block_private']) boxes.push({ ...elsewhere, 'private address': { need: [['*']], avoid: hostGlobs((allowed ?? []).filter((each) => each !== '*')) } });
  if (rules['block_external']) boxes.push({ ...elsewhere, inside: holds(false), host: notNamed(...listed) });
  if (allowed) boxes.push({ ...elsewhere, host: notNamed(...listed) });
  if (ports) boxes.push({ ...elsewhere, port: notNamed(...ports.map(String)) });
  return { regions: boxes.map((box) => ({ event: 'http.before', box })), uncovered: [], beside: 'what programs reach by their command lines is not covered' };
}

/** Patterns over hosts as globs over their normal spelling; a name below another has at least one letter more. */
function hostGlobs(patterns: readonly string[]): readonly string[] {
  return patterns.map((each) => (each === '*' ? each : each.startsWith('*.') ? `?*.${normalHost(each.slice(2))}` : normalHost(each)));
}

export function communicationRegions(rules: Rules): Coverage {
  const boxes: Box[] = [];
  const [allowed, blocked, people, messages] = [namesOf(rules, 'allowed_channels'), namesOf(rules, 'blocked_channels'), numberOf(rules, 'max_recipients'), numberOf(rules, 'max_messages_per_execution')];
  if (allowed) boxes.push({ channel: notNamed(...allowed) });
  if (blocked) boxes.push({ channel: named(...blocked) });
  if (people !== undefined) boxes.push({ recipients: above(people) });
  if (messages !== undefined) boxes.push({ [`${rules['per'] as string} messages`]: atLeast(messages) });
  const disclaimer = rules['require_disclaimer'] ? ['require_disclaimer', 'disclaimer_text', 'disclaimer_position', 'on_missing_disclaimer'] : [];
  return { regions: boxes.map((box) => ({ event: 'message.before', box })), uncovered: [...setRules(rules, 'allowed_recipients', 'blocked_recipients'), ...disclaimer] };
}

const CHANGING_METHODS = named('POST', 'PUT', 'PATCH', 'DELETE');
const CHANGING_FILES = notNamed('read', 'list');

/** Counts are whole: one more than `limit - 1` is one too many. */
export function scopeRegions(rules: Rules): Coverage {
  const regions: Region[] = [];
  const per = rules['per'] as string;
  const limit = (name: string, event: Region['event'], effect: string, box: Box): void => {
    const most = numberOf(rules, name);
    if (most !== undefined) regions.push({ event, box: { ...box, [`${per} ${effect}`]: atLeast(most) } });
  };
  limit('max_files_changed', 'file.before', 'files changed', { 'file operation': CHANGING_FILES });
  limit('max_api_writes', 'http.before', 'api writes', { method: CHANGING_METHODS });
  limit('max_messages', 'message.before', 'messages', {});
  const [amount, hosts, paths] = [numberOf(rules, 'max_transaction_amount'), namesOf(rules, 'allowed_hosts'), namesOf(rules, 'allowed_paths')];
  if (amount !== undefined) regions.push({ event: 'message.before', box: { [`${per} amount with this message`]: aboveIfAny(microUsd(amount)) } });
  if (hosts) regions.push({ event: 'http.before', box: { method: CHANGING_METHODS, host: notNamed(...hostGlobs(hosts)) } });
  const known = !paths?.some(isWindowsPath);
  if (paths && known) regions.push({ event: 'file.before', box: { 'file operation': CHANGING_FILES, path: notNamed(...pathGlobs(paths)) } });
  return { regions, uncovered: [...setRules(rules, 'max_records_modified', 'max_records_deleted', 'require_rollback_capability', 'dry_run_first'), ...(known ? [] : ['allowed_paths'])] };
}

const isWindowsPath = (pattern: string): boolean => /^(?:[a-z]:|\\\\)/i.test(pattern);

/** A directory covers what is below it. */
function pathGlobs(patterns: readonly string[]): readonly string[] {
  return patterns.flatMap((each) => {
    if (isGlob(each)) return [each];
    const directory = each.replace(/(?<=.)\/$/, '');
    return [directory, directory.endsWith('/') ? `${directory}*` : `${directory}/*`];
  });
}

/** Files exactly, and operations of calls that bring no statement. What a statement touches is read from its text. */
export function dataAccessRegions(rules: Rules): Coverage {
  const regions: Region[] = [];
  const uncovered = new Set(setRules(rules, 'blocked_columns', 'require_filter', 'max_records_per_query', ...(rules['max_records_per_query'] === undefined ? [] : ['on_surplus'])));
  const files = (name: string, box: (globs: readonly string[]) => Box): void => {
    const patterns = namesOf(rules, name) ?? [];
    const paths = patterns.filter(isPathPattern);
    if (paths.length < patterns.length || paths.some((each) => isWindowsPath(each) || isAnything(each))) uncovered.add(name);
    if (paths.length > 0 && !paths.some(isWindowsPath)) regions.push({ event: 'file.before', box: box(pathGlobs(paths)) });
  };
  files('blocked_data_sources', (globs) => ({ 'path in lower case': named(...lower(globs)) }));
  files('allowed_data_sources', (globs) => ({ path: notNamed(...globs) }));
  files('read_only_sources', (globs) => ({ 'file operation': CHANGING_FILES, 'path in lower case': named(...lower(globs)) }));
  const operations = namesOf(rules, 'allowed_operations');
  if (operations) regions.push({ event: 'data.before', box: { statement: holds(false), 'data operation': notNamed(...operations) } });
  if (operations) uncovered.add('allowed_operations');
  return { regions, uncovered: [...uncovered] };
}

/** Bounds data calls as well as files. */
const isAnything = (pattern: string): boolean => /^\*+$/.test(pattern);
const lower = (patterns: readonly string[]): readonly string[] => patterns.map((each) => each.toLowerCase());
