// A support agent that looks into the customer database and writes into the team's chat.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { converse } from '../chat.mjs';
import { main, texts } from '../tools.mjs';

const database = new DatabaseSync(join('support', 'customers.db'), { readOnly: true });
const tools = {
  query_customers: { description: 'Asks the customer database: customers(id, name, email, phone, ssn, country), orders(id, customer, total, status).', parameters: texts('sql'), run: ({ sql }) => ({ rows: database.prepare(sql).all() }) },
  read_ticket: { description: 'What a customer wrote.', parameters: texts('ticket'), run: ({ ticket }) => readFile(join('support', `${ticket}.txt`), 'utf8') },
  post_chat: { description: 'Writes into a channel of the chat, where everybody reads it.', parameters: texts('channel', 'text'), run: async (message) => (await fetch(`${process.env.CHAT}/messages`, { method: 'POST', body: JSON.stringify(message) })).text() },
};

await main(converse({
  system: 'You help a support team. Look customers up with query_customers, their letters with read_ticket, and tell the team with post_chat.',
  task: 'Which customers in Germany have open orders, and what is ticket 881 about? Tell the team in #support.',
  tools,
}));
