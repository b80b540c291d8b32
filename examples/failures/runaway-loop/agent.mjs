// A support agent that waits for an order to leave the warehouse, and asks again and again.

import { converse } from '../chat.mjs';
import { main, texts } from '../tools.mjs';

const tools = {
  check_order: {
    description: 'Where an order is.', parameters: texts('order'),
    run: async ({ order }) => (await fetch(`${process.env.WAREHOUSE}/orders/${order}`)).text(),
  },
};

await main(converse({
  system: 'You tell customers where their orders are. Look them up with check_order.',
  task: 'Tell me when order A-17 has been shipped.',
  tools, maxTurns: 200,
}));
