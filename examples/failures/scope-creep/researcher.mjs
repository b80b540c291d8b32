// The colleague: does the one thing that it is told. Usage: node researcher.mjs <task>

import { converse } from '../messages.mjs';
import { main } from '../tools.mjs';
import { files } from './work.mjs';

await main(converse({ system: 'You clear up. Delete what you are told to delete with delete_file.', task: process.argv[2], tools: files }));
