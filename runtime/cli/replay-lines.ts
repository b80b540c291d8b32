// What a replay found, as lines for people.

import { printable } from '../../protocol/printable.ts';
import type { RecordedReason } from '../../protocol/recorded-call.ts';
import { CHANGES, type Change, type Difference, type Replay, type Side } from '../policy/replay.ts';

/** `limit` bounds the runs that are told of one by one. */
export function replayLines({ calls, runs, changed, undecided, differences }: Replay, limit: number): readonly string[] {
  if (calls === 0) return ['No recorded call matches. Calls are recorded while agents run under the governor.'];
  const kinds = CHANGES.filter((change) => changed[change] > 0).map((change) => `${changed[change]} ${SAID[change]}`);
  const head = changed.calls === 0
    ? `would have changed none of ${counted(calls, 'call')} in ${counted(runs, 'run')}`
    : `would have changed ${changed.calls} of ${counted(calls, 'call')} in ${changed.runs} of ${counted(runs, 'run')}: ${kinds.join(', ')}`;
  const more = differences.length - limit;
  return [
    head,
    ...(undecided.calls > 0 ? [`cannot be decided for ${counted(undecided.calls, 'call')}:`, ...undecided.why.map((each) => `  ${each.calls} × ${printable(each.reason)}`)] : []),
    ...differences.slice(0, limit).flatMap(linesOf),
    ...(more > 0 ? [`… and ${counted(more, 'more run')}; --limit shows them`] : []),
  ];
}

const SAID: Readonly<Record<Change, string>> = { refused: 'newly refused', allowed: 'newly allowed', gated: 'newly held for a person', redacted: 'newly redacted', other: 'with another disposition' };
const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function linesOf({ run, node, agent, event, at, before, after, calls }: Difference): string[] {
  return [
    `${run}  ${printable(agent)}: first at ${node}, ${event}, ${new Date(at).toISOString()}${calls > 1 ? `, ${counted(calls - 1, 'later call')} after it` : ''}`,
    ...sideLines('was', before), ...sideLines('would be', after),
  ];
}

const sideLines = (word: string, { disposition, reasons }: Side): string[] => [`  ${word} ${disposition}`, ...reasons.map(because)];
const because = ({ policy, field, message, disposition, shadow }: RecordedReason): string => `    ${printable(policy)}${shadow ? ' in shadow' : ''} → ${disposition}: ${printable(message)} [${printable(field)}]`;
