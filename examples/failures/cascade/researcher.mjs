// A researcher who reads all of a dossier before it answers. Usage: node researcher.mjs <company>

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { converse } from '../messages.mjs';
import { main, texts } from '../tools.mjs';

const PASSAGE = /[^]{1,3500}(?:\n|$)/g;

const tools = {
  read_dossier: { description: 'A part of the dossier of a company: report or interviews.', parameters: texts('company', 'part'), run: read },
};

async function read({ company, part }) {
  const text = await readFile(join('dossiers', company, `${part}.md`), 'utf8');
  return { passages: text.match(PASSAGE).map((passage, index) => ({ id: `${company}/${part}/${index + 1}`, text: passage })) };
}

await main(converse({
  model: 'claude-opus-4-1',
  system: 'You research companies. Read both parts of the dossier with read_dossier, then answer in one sentence.',
  task: `How many people does ${process.argv[2]} employ?`,
  tools,
}));
