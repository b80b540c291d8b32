// Names that tests use and nothing declares: a test of a policy that does not exist would pass for the wrong reason.

import type { Finding } from '../../../protocol/finding.ts';
import { issueFinding } from '../findings.ts';
import type { Path } from '../parse.ts';
import { closest } from '../suggest.ts';
import type { Code } from '../issues.ts';
import type { PlacedTest } from './run.ts';

/** Names of agents, fleets and policies; one that nothing at all declares is not asked for. An unknown agent is a warning: the tests of a template name agents of their own, and keep no workspace from running. */
export function testReferences(tests: readonly PlacedTest[], policies: readonly string[], declared: { readonly agents: ReadonlySet<string>; readonly fleets: ReadonlySet<string> }): Finding[] {
  const known = { agent: declared.agents, fleet: declared.fleets, policy: new Set(policies) };
  return tests.flatMap((test) => namesIn(test).flatMap(({ what, name, path, on = 'value' as const }) => {
    if (known[what].has(name) || isBuiltIn(what, name) || (what !== 'policy' && known[what].size === 0)) return [];
    const near = closest(name, known[what]);
    const message = what === 'policy' ? `No policy is named \`${name}\`.` : `No ${what} \`${name}\` is declared under \`${what}s:\`.`;
    return [issueFinding(test.file, test.path, { path, on, code: CODE[what], severity: what === 'agent' ? 'warning' : 'error', message: `${message}${near ? ` Did you mean \`${near}\`?` : ''}`, ...(near && { mend: { title: `Change to \`${near}\``, replace: near } }) })];
  }));
}

interface Named {
  readonly what: 'agent' | 'fleet' | 'policy';
  readonly name: string;
  readonly path: Path;
  readonly on?: 'key';
}

const CODE: Readonly<Record<Named['what'], Code>> = { agent: 'fullarc/reference/unknown-agent', fleet: 'fullarc/reference/unknown-fleet', policy: 'fullarc/reference/unknown-policy' };

/** What the data layer, the kill switch and the ledger refuse has no policy of its own. */
const isBuiltIn = (what: Named['what'], name: string): boolean => what === 'policy' && /^(domains\..+|tools\..+|signals|kill-switch)$/.test(name);

function namesIn({ file, path: base, value: { agent, fleet, given = {}, steps } }: PlacedTest): Named[] {
  const written = (path: Path): Path => (file.document.locate([...base, ...path]) ? path : path.slice(0, -1));
  const keys = (of: object | undefined, path: Path): Named[] => Object.keys(of ?? {}).map((name) => ({ what: 'policy', name, path: [...path, name], on: 'key' }));
  return [
    ...(agent === undefined ? [] : [{ what: 'agent', name: agent, path: ['agent'] } as const]),
    ...(fleet === undefined ? [] : [{ what: 'fleet', name: fleet, path: ['fleet'] } as const]),
    ...keys(given.violations, ['given', 'violations']), ...keys(given.breakers, ['given', 'breakers']),
    ...(given.granted ?? []).map((name, at): Named => ({ what: 'policy', name, path: ['given', 'granted', at] })),
    ...(given.incidents ?? []).map(({ policy }, at): Named => ({ what: 'policy', name: policy, path: ['given', 'incidents', at, 'policy'] })),
    ...steps.flatMap(({ expect, after, spawn }, at): Named[] => [
      ...(expect?.policy === undefined ? [] : [{ what: 'policy', name: expect.policy, path: ['steps', at, 'expect', 'policy'] } as const]),
      ...(after?.expect?.policy === undefined ? [] : [{ what: 'policy', name: after.expect.policy, path: ['steps', at, 'after', 'expect', 'policy'] } as const]),
      ...(spawn === undefined ? [] : [{ what: 'agent', name: spawn.agent, path: written(['steps', at, 'spawn', 'agent']) } as const]),
    ]),
  ];
}
