// Where an action can be intercepted, as `scope:` and `tests:` name it.

export const PLANES = ['gateway', 'node', 'sdk'] as const;
export type Plane = (typeof PLANES)[number];
