// A lead that has eight companies researched, each by an agent of its own, and then an article written.

import { execFile } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { converse } from '../chat.mjs';
import { main, texts } from '../tools.mjs';

const tools = {
  research: { description: 'Has a researcher find out how many people a company employs.', parameters: texts('company'), run: async ({ company }) => keep(await start('researcher.mjs', company)) },
  write_article: { description: 'Has a writer publish what was found out.', parameters: texts(), run: () => start('writer.mjs') },
};

/** The last line that another agent says. One that fails has said nothing. */
async function start(...command) {
  const { stdout } = await promisify(execFile)(process.execPath, command);
  return stdout.trim().split('\n').at(-1);
}

async function keep(finding) {
  await appendFile('findings.md', `- ${finding}\n`);
  return finding;
}

await main(converse({
  model: 'gpt-4o-mini',
  system: 'You lead a newsroom. Have companies researched with research, and the article written with write_article.',
  task: 'Publish an article on how many people our eight advertisers employ.',
  tools,
}));
