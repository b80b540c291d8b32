// The writer: publishes what the researchers found out.

import { readFile } from 'node:fs/promises';
import { converse } from '../chat.mjs';
import { main, texts } from '../tools.mjs';

const tools = {
  read_findings: { description: 'What the researchers found out.', parameters: texts(), run: () => readFile('findings.md', 'utf8') },
  publish_article: { description: 'Publishes an article, for everybody to read.', parameters: texts('text'), run: async ({ text }) => (await fetch(`${process.env.PRESS}/articles`, { method: 'POST', body: text })).text() },
};

await main(converse({
  model: 'gpt-4o-mini',
  system: 'You write articles. Read the findings with read_findings, and publish them with publish_article.',
  task: 'Publish the article.',
  tools,
}));
