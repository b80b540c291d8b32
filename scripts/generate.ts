// Writes what is derived from the category literals and the templates: docs/categories/*.md, docs/schema.json and docs/templates.md. With --check it writes nothing, and fails when a file is not what it would write.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedPages } from '../runtime/policy/pages.ts';
import { TEMPLATES_PAGE, templatesPage } from './templates-page.ts';

const root = join(import.meta.dirname, '..');
const pages = new Map([...generatedPages(), [TEMPLATES_PAGE, templatesPage()]]);
const check = process.argv.includes('--check');
const stale = [...pages].filter(([path, text]) => read(path) !== text).map(([path]) => path);
const left = readdirSync(ensured('docs/categories')).map((name) => `docs/categories/${name}`).filter((path) => !pages.has(path));

if (check && stale.length + left.length > 0) {
  for (const path of stale) console.error(`${path} is not what its source says. Run: node scripts/generate.ts`);
  for (const path of left) console.error(`${path} belongs to no category. Run: node scripts/generate.ts`);
  process.exitCode = 1;
} else if (!check) {
  for (const path of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), pages.get(path)!);
    console.log(`wrote ${path}`);
  }
  for (const path of left) {
    rmSync(join(root, path));
    console.log(`removed ${path}`);
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return undefined;
  }
}

function ensured(folder: string): string {
  const path = join(root, folder);
  if (!check) mkdirSync(path, { recursive: true });
  return path;
}
