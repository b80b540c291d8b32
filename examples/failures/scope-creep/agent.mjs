// A documentation agent that is sent to correct a word, and then begins to tidy.

import { converse } from '../messages.mjs';
import { main } from '../tools.mjs';
import { files, others, tickets } from './work.mjs';

await main(converse({
  system: 'You keep the documentation of a project. Change it with write_file, ask the tickets with task_sql, and delegate what others can do.',
  task: `Correct what ticket 41 complains about in all twenty pages under ${process.env.PROJECT}/docs, and set the ticket to fixed.`,
  tools: { ...files, ...tickets, ...others }, maxTokens: 2000,
}));
