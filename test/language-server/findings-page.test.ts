// docs/findings.md: a section for every code, and each example has the finding that it is an example of.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SEVERITIES } from '../../protocol/finding.ts';
import { CODES } from '../../runtime/policy/issues.ts';
import { open } from './support.ts';

const ROOT = join(import.meta.dirname, '../..');
const sections = readFileSync(join(ROOT, 'docs/findings.md'), 'utf8').split(/^### /m).slice(1).map((section) => ({
  code: /^`([^`]+)`/.exec(section)![1]!,
  severities: SEVERITIES.filter((severity) => new RegExp(`\\b${severity}\\b`).test(/^\*([^*]+)\*/m.exec(section)![1]!)),
  example: /```yaml\n([^]*?)```/.exec(section)?.[1],
  mend: /^\*\*Mend:\*\* \S/m.test(section),
}));

/** Codes written in sources beside the list: those of lints, and of the governor that reads the files. */
const written = globSync(['language-server/lints/*.ts', 'runtime/workspace.ts'], { cwd: ROOT }).flatMap((path) => [...readFileSync(join(ROOT, path), 'utf8').matchAll(/'(fullarc\/[a-z]+\/[a-z-]+)'/g)].map((match) => match[1]!));

test('every code has one section that says how to mend it, and no section is of another', () => {
  assert.ok(written.length >= 6, written.join());
  assert.deepEqual(sections.map(({ code }) => code).sort(), [...new Set([...CODES, ...written])].sort());
  assert.deepEqual(sections.filter(({ mend, severities }) => !mend || severities.length === 0).map(({ code }) => code), []);
});

/** Findings that need more than a text of a few lines: a huge file, a disk, a run of the tests. */
const UNSHOWN = /^fullarc\/(syntax\/(depth|size)|structure\/too-many|test\/.*|file\/.*)$/;

for (const { code, severities, example } of sections.filter(({ code }) => !UNSHOWN.test(code))) {
  test(`the example of ${code} has that finding`, () => {
    assert.ok(example);
    const { set } = open(example);
    const found = set.findings('policies.fullarc.yaml');
    const own = found.find((finding) => finding.code === code);
    assert.ok(own, found.map((finding) => `${finding.code}: ${finding.message}`).join('\n'));
    assert.ok(severities.includes(own.severity), own.severity);
  });
}
