// How a node came out, as a person tells it apart: a word, a shape and an ink for each. Never colour alone.

import type { RunNode } from '../../protocol/run-graph.ts';

/** Inks are roles; a palette gives each its colour in the current theme. */
export const INKS = ['text', 'muted', 'ground', 'panel', 'line', 'grid', 'allow', 'warn', 'redact', 'deny', 'gate', 'active', 'select', 'accent'] as const;
export type Ink = (typeof INKS)[number];

export const OUTCOMES = {
  proposed: { word: 'proposed', shape: 'ring', ink: 'muted' },
  running: { word: 'running', shape: 'play', ink: 'active' },
  done: { word: 'done', shape: 'circle', ink: 'allow' },
  warned: { word: 'warned', shape: 'triangle', ink: 'warn' },
  redacted: { word: 'redacted', shape: 'stripes', ink: 'redact' },
  waiting: { word: 'waiting', shape: 'diamond', ink: 'gate' },
  approved: { word: 'approved', shape: 'diamond-check', ink: 'gate' },
  rejected: { word: 'rejected', shape: 'diamond-cross', ink: 'deny' },
  refused: { word: 'refused', shape: 'octagon', ink: 'deny' },
  budget: { word: 'over budget', shape: 'slash', ink: 'deny' },
  failed: { word: 'failed', shape: 'cross', ink: 'deny' },
  aborted: { word: 'aborted', shape: 'square', ink: 'muted' },
  'in-doubt': { word: 'in doubt', shape: 'question', ink: 'warn' },
} as const satisfies Record<string, { word: string; shape: string; ink: Ink }>;
export type Outcome = keyof typeof OUTCOMES;
export type Shape = (typeof OUTCOMES)[Outcome]['shape'];

const BY_STATE = {
  proposed: 'proposed', waiting: 'waiting', running: 'running', refused: 'refused', failed: 'failed', aborted: 'aborted', 'in-doubt': 'in-doubt',
  approved: 'approved', 'expired-allow': 'approved', withdrawn: 'aborted', rejected: 'rejected', 'expired-block': 'rejected',
} as const satisfies Record<Exclude<RunNode['state'], 'done'>, Outcome>;

export function outcomeOf(node: RunNode): Outcome {
  if (node.state === 'refused') return isOverBudget(node) ? 'budget' : 'refused';
  if (node.state !== 'done') return BY_STATE[node.state];
  if (node.disposition === 'block') return 'refused';
  if (node.disposition === 'redact') return 'redacted';
  return node.disposition === 'warn' ? 'warned' : 'done';
}

/** True for an outcome that a reader looks for: `n` jumps to the next of these. */
export function isTrouble(outcome: Outcome): boolean {
  return OUTCOMES[outcome].ink === 'deny' || outcome === 'in-doubt';
}

function isOverBudget(node: RunNode): boolean {
  return node.verdicts.some(({ verdict }) => verdict.reasons.some((reason) => !reason.shadow && reason.disposition === 'block' && /budget|cost/.test(reason.category)));
}
