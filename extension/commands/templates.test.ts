// The templates as the editor offers them: all that ship, and with names that are free in the workspace.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { templates } from '../../runtime/templates.ts';
import { fittedText, shippedTemplates } from './templates.ts';

const root = join(import.meta.dirname, '..', '..');
const SHIPPED = { cli: join(root, 'runtime', 'cli.ts'), templates: join(root, 'templates') };

test('the editor offers what the command lists, failures first', async () => {
  const offered = await shippedTemplates(SHIPPED.templates);
  assert.deepEqual(offered.map(({ name }) => name).sort(), templates().map(({ name }) => name).sort());
  assert.deepEqual(offered.slice(0, 2).map(({ title }) => title), ['Cascade', 'Data leakage']);
});

test('a file that is no template is not offered, and the others are', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fullarc-shipped-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(SHIPPED.templates, 'cost.fullarc.yaml'), join(folder, 'cost.fullarc.yaml'));
  writeFileSync(join(folder, 'torn.fullarc.yaml'), 'policies:\n');
  writeFileSync(join(folder, 'notes.txt'), '# Notes: none\n');
  assert.deepEqual((await shippedTemplates(folder)).map(({ name, title }) => [name, title]), [['cost', 'Cost']]);
});

test('a name that is taken in the workspace is another in the text', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fullarc-shipped-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const cost = (await shippedTemplates(SHIPPED.templates)).find(({ name }) => name === 'cost')!;
  assert.equal(await fittedText(SHIPPED, cost, folder, process.env), cost.text);
  writeFileSync(join(folder, 'own.fullarc.yaml'), 'policies:\n  - name: job-spend\n    category: audit\n');
  assert.match(await fittedText(SHIPPED, cost, folder, process.env), /- name: job-spend-2\n/);
});
