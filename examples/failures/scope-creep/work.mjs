// The tools of both agents: files of the project, its ticket database, and another agent for what is left.

import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { texts } from '../tools.mjs';

export const files = {
  write_file: { description: 'Writes a file, by its absolute path.', parameters: texts('path', 'text'), run: async ({ path, text }) => writeFile(path, text).then(() => `Written: ${path}`) },
  delete_file: { description: 'Deletes a file, by its absolute path.', parameters: texts('path'), run: async ({ path }) => rm(path).then(() => `Deleted: ${path}`) },
};

export const tickets = {
  task_sql: { description: 'Asks or changes the ticket database: tickets(id, status, text).', parameters: texts('sql'), run: ({ sql }) => answer(new DatabaseSync(join('project', 'tickets.db')), sql) },
};

export const others = {
  delegate: { description: 'Has a colleague do something.', parameters: texts('task'), run: async ({ task }) => (await promisify(execFile)(process.execPath, ['researcher.mjs', task])).stdout },
};

function answer(database, sql) {
  const statement = database.prepare(sql);
  const result = statement.columns().length > 0 ? { rows: statement.all() } : { rows: [], changes: Number(statement.run().changes) };
  database.close();
  return result;
}
