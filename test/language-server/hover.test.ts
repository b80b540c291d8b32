// What the word under the cursor means.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hover } from '../../language-server/features/hover.ts';
import { open, textOf } from './support.ts';

/** `$0` stands inside the word. */
function check(source: string, word: string, ...wanted: (RegExp | string)[]): void {
  const { document, cursor, set } = open(source);
  const info = hover(document, cursor.offset, set);
  assert.ok(info, `nothing to say about ${word}`);
  assert.equal(textOf(document, info.range), word);
  for (const each of wanted) assert.match(info.markdown, typeof each === 'string' ? new RegExp(each.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : each);
}

function checkNothing(source: string): void {
  const { document, cursor, set } = open(source);
  assert.equal(hover(document, cursor.offset, set), undefined);
}

test('a category shows its page', () => {
  check('policies:\n  - category: co$0st\n', 'cost', '**Cost**', 'Operational guardrails', 'On violation', 'per_run_cost_limit', '```yaml');
});

test('a field shows its unit, its type and its default', () => {
  check('policies:\n  - category: cost\n    rules:\n      per_run_co$0st_limit: 5\n', 'per_run_cost_limit', 'USD', 'number');
  check('policies:\n  - category: cost\n    rules: { warning_threshold_per$0cent: 50 }\n', 'warning_threshold_percent', 'percent', 'default `80`');
  check('policies:\n  - category: llm\n    rules:\n      temperature_range:\n        m$0ax: 1\n', 'max', 'Highest temperature');
  check('age$0nts: {}\n', 'agents', 'Agents that run here');
  check('policies:\n  - na$0me: x\n', 'name', 'required');
});

test('a disposition shows what it does and how strong it is', () => {
  check('policies:\n  - category: cost\n    on_violation: ga$0te\n', 'gate', 'waits until a person', 'warn < **gate** < block');
});

const SET = 'agents:\n  writer: { description: Drafts., fleet: outreach, owner: sales }\n  writer-eu: { fleet: outreach }\n  reader: {}\nfleets:\n  outreach: { description: Talks to customers. }\n';

test('a name shows its declaration, a glob what it matches', () => {
  check(`${SET}policies:\n  - scope: { agents: [wri$0ter] }\n`, 'writer', 'Drafts.', 'owner: `sales`');
  check(`${SET}policies:\n  - scope: { fleets: [out$0reach] }\n`, 'outreach', 'Talks to customers.', 'Agents: `writer`, `writer-eu`');
  check(`${SET}policies:\n  - scope: { agents: ["wri$0ter*"] }\n`, '"writer*"', '2 of 3 declared agents: `writer`, `writer-eu`');
  check(`${SET}policies:\n  - scope: { agents: [gh$0ost] }\n`, 'ghost', 'no file declares');
  check('agents:\n  wri$0ter: { owner: sales }\n', 'writer', 'owner: `sales`');
});

test('a scope shows whom it reaches', () => {
  check(`${SET}policies:\n  - sco$0pe: { fleets: [outreach], except: { agents: [writer-eu] } }\n`, 'scope', 'Applies to 1 of 3 declared agents: `writer`');
  check(`${SET}policies:\n  - sco$0pe: { agents: ["*"], users: [bob] }\n`, 'scope', '3 of 3', 'as far as users match');
  check(`${SET}policies:\n  - sco$0pe: { agents: [writer], except: { agents: [writer], users: [bob] } }\n`, 'scope', '1 of 3');
});

test('hover works in broken text, and says nothing where nothing is known', () => {
  check('policies:\n  - name: "x\n    category: co$0st\n', 'cost', '**Cost**');
  checkNothing('# comm$0ent\n');
  checkNothing('policies:\n  - unkn$0own: 1\n');
  checkNothing('policies:\n  $0\n');
});
