// Governance files as they lie on disk: which there are under a folder, and what they hold.

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isGovernanceFile, SKIPPED_FOLDERS } from '../protocol/ids.ts';

export interface Disk {
  /** Absolute paths of the governance files under a folder. A folder that cannot be read holds none. */
  list(folder: string): Promise<readonly string[]>;
  /** Undefined when the file is gone, unreadable or larger than the governor reads. */
  read(path: string): Promise<string | undefined>;
}

export async function governanceFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(entries.map(async (entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED_FOLDERS.has(entry.name) ? [] : governanceFiles(path);
    return entry.isFile() && isGovernanceFile(path) ? [path] : [];
  }));
  return found.flat().sort();
}

export async function readGovernanceFile(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).size > MAX_BYTES ? undefined : await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}

const MAX_BYTES = 50 * 1024 * 1024;
