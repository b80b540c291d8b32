// A refunds agent: looks orders up, writes down what it decides, and pays money back.

import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { converse } from '../messages.mjs';
import { main, texts } from '../tools.mjs';

const tools = {
  lookup_order: { description: 'Finds orders by words.', parameters: texts('query'), run: lookup },
  note_decision: { description: 'Writes down what was decided about a tool, and why.', parameters: texts('decision', 'tool', 'reason'), run: async (decision) => appendFile('decisions.jsonl', `${JSON.stringify(decision)}\n`).then(() => 'Noted.') },
  issue_refund: { description: 'Pays the price of an order back.', parameters: texts('order', 'amount'), run: async (refund) => (await fetch(`${process.env.BANK}/refunds`, { method: 'POST', body: JSON.stringify(refund) })).text() },
};

/** The orders that hold the most of the words. */
async function lookup({ query }) {
  const orders = JSON.parse(await readFile(join('shop', 'orders.json'), 'utf8'));
  const words = query.toLowerCase().split(/\W+/);
  const scored = orders.map((order) => ({ ...order, score: words.filter((word) => order.text.toLowerCase().includes(word)).length / words.length }));
  return { hits: scored.filter(({ score }) => score > 0.5).sort((a, b) => b.score - a.score) };
}

await main(converse({
  system: 'You pay customers their money back when they returned what they bought. Look orders up with lookup_order, write down why with note_decision, and pay with issue_refund.',
  task: 'Ada Fischer has sent everything back that she bought in October. Pay her money back.',
  tools,
}));
