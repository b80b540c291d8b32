// The life of a policy set: what a version is, what changed between two, and what may be asked of the governor about them.

import type { Finding } from './finding.ts';

/** How a set came into force. */
export const VERSION_ORIGINS = ['start', 'file', 'api', 'activate', 'rollback', 'shadow'] as const;
export type VersionOrigin = (typeof VERSION_ORIGINS)[number];

export interface PolicyText {
  /** Relative to the workspace, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** One acceptance of a policy set. The same set accepted again is another entry with the same hash. */
export interface PolicyVersion {
  /** Counts the workspace's acceptances from 1. */
  readonly number: number;
  /** Hash of the set: what verdicts carry. */
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Who: as the client said; `file` for a saved file, whose author only the system knows. */
  readonly by: string;
  readonly how: VersionOrigin;
  /** The version it replaced; absent for the first. */
  readonly parent?: string;
  readonly note?: string;
  /** Content of each file, by SHA-256 in hex. */
  readonly files: readonly { readonly path: string; readonly hash: string }[];
}

/** A named thing that differs between two sets. Values are JSON as compiled, defaults included; `undefined` is not set. */
export interface PolicyChange {
  readonly kind: 'policy' | 'agent' | 'fleet' | 'tool';
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Of a policy, after the change where there is an after. */
  readonly category?: string;
  readonly keys: readonly { readonly key: string; readonly before?: unknown; readonly after?: unknown }[];
}

export interface PolicyVersionLine extends PolicyVersion {
  /** In force now. */
  readonly active: boolean;
  readonly counts: { readonly added: number; readonly removed: number; readonly changed: number };
}

/** What came, or would come, of a change. */
export interface PolicyOutcome {
  /** False when the set does not compile: nothing was written, and `findings` says why. */
  readonly accepted: boolean;
  /** Hash of the set that was asked for: in force when `accepted`, unless it was a trial. */
  readonly version: string;
  /** Hash of the set that was in force before. */
  readonly before: string;
  /** The recorded version; absent for a trial, for what was refused, and when the set was in force already. */
  readonly entry?: PolicyVersion;
  readonly changes: readonly PolicyChange[];
  /** Files that the change writes or removes. */
  readonly files: readonly { readonly path: string; readonly change: 'added' | 'removed' | 'changed' }[];
  readonly findings: readonly Finding[];
}

/** What every change may say. */
export interface ChangeTerms {
  /** Absolute folder. */
  readonly workspace: string;
  /** Who asks; the name of the client when absent. */
  readonly by?: string;
  readonly note?: string;
  /** The version that the caller believes in force: when it is another, the change is refused with `conflict`. */
  readonly expect?: string;
  /** Overwrites files whose newest text is not in force. */
  readonly force?: boolean;
  /** Answers what would happen, and does nothing. */
  readonly dryRun?: boolean;
}

/** A version is named by its hash, by at least four characters with which only one begins, or by `#` and its number. Errors: `no-such-version`. */
export interface PolicyVersionRequests {
  /** Newest first. */
  'policies.versions': { params: { readonly workspace: string; readonly limit?: number }; result: readonly PolicyVersionLine[] };
  'policies.version': { params: { readonly workspace: string; readonly version: string }; result: PolicyVersionLine & { readonly sources: readonly PolicyText[]; readonly changes: readonly PolicyChange[] } };
  /** Without `to`, to the one in force; without `from`, from the one before `to`. An absent `from` in the answer is the empty set before the first version. */
  'policies.diff': { params: { readonly workspace: string; readonly from?: string; readonly to?: string }; result: { readonly from?: PolicyVersion; readonly to: PolicyVersion; readonly changes: readonly PolicyChange[] } };
  /** Puts a whole set in force and writes it to the workspace's files. Answered once it is in force. Errors: `conflict`, `bad-message`, `store-failed`. */
  'policies.put': { params: ChangeTerms & { readonly sources: readonly PolicyText[] }; result: PolicyOutcome };
  'policies.activate': { params: ChangeTerms & { readonly version: string }; result: PolicyOutcome };
  /** To the version before the one in force; again, one further back. */
  'policies.rollback': { params: ChangeTerms; result: PolicyOutcome };
  /** Puts one policy in shadow mode; `off` puts it back to being enforced. Errors: `no-such-policy`. */
  'policies.shadow': { params: ChangeTerms & { readonly policy: string; readonly off?: boolean }; result: PolicyOutcome };
}
