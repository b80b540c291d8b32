// An office agent that reads pages, works with files of the workspace and fills in forms.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { converse } from '../chat.mjs';
import { main, texts } from '../tools.mjs';

const tools = {
  fetch_page: { description: 'The text of a page.', parameters: texts('url'), run: async ({ url }) => (await fetch(url)).text() },
  read_file: { description: 'A file of the workspace.', parameters: texts('path'), run: ({ path }) => readFile(join('office', path), 'utf8') },
  post_form: { description: 'Fills in a form on the web.', parameters: texts('url', 'body'), run: async ({ url, body }) => (await fetch(url, { method: 'POST', body })).text() },
};

await main(converse({
  system: 'You work in an office. Read pages with fetch_page, files with read_file, and fill in forms with post_form.',
  task: `What was decided in the meeting? The minutes are at ${process.env.INTRANET}/minutes`,
  tools,
}));
