// Which language code is in, and which packages a command installs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { languageName, languageOfCommand, languageOfFile, languageOfShebang } from './languages.ts';
import { installOf } from './packages.ts';
import { readScript } from './shell.ts';

const first = (line: string) => readScript(line).commands[0]!;

test('language of a command', () => {
  const of = (line: string) => languageOfCommand(first(line).program!, first(line).words);
  assert.deepEqual(['python3.12 x', 'node x.mjs', 'node x.ts', 'deno run x.ts', './x.rb', 'bash x', 'psql -c "select 1"', 'Rscript x.R', 'pwsh -c ls', 'ls x.py', 'git log'].map(of), ['python', 'javascript', 'typescript', 'typescript', 'ruby', 'bash', 'sql', 'r', 'powershell', undefined, undefined]);
});

test('code in the words or on the standard input', () => {
  const of = (line: string) => readScript(line).commands.at(-1)!.code;
  assert.deepEqual(of("python3 -I -c 'print(1)' a"), { language: 'python', text: 'print(1)' });
  assert.deepEqual(of("perl -lane 'print'"), { language: 'perl', text: 'print' });
  assert.deepEqual(of('python3 -m http.server'), undefined);
  assert.deepEqual(of("echo 'print(1)' | python3"), { language: 'python', text: 'print(1)' });
  assert.equal(of('python3 - < x')?.unknown, true);
  assert.deepEqual(of('sqlite3 a.db "select 1"'), { language: 'sql', text: 'select 1' });
});

test('language of a file, a first line, a name', () => {
  assert.deepEqual(['a.py', 'A.TS', 'x', 'x.txt'].map(languageOfFile), ['python', 'typescript', undefined, undefined]);
  assert.deepEqual(['#!/usr/bin/env python3\n', '#!/bin/sh -e', '#!/usr/bin/env -S node --x', 'print(1)', '#!/bin/cat'].map(languageOfShebang), ['python', 'bash', 'javascript', undefined, undefined]);
  assert.deepEqual(['JS', 'Python3', 'sh', 'cobol', 'constructor'].map(languageName), ['javascript', 'python', 'bash', 'cobol', 'constructor']);
});

test('names of packages without versions', () => {
  const of = (line: string) => {
    const install = installOf(first(line).program!, first(line).words);
    return install && [...install.packages, ...(install.unknown ? ['?'] : [])].join(' ');
  };
  assert.deepEqual(['npm i -D @a/b@1 c', 'npm i', 'npx -y cowsay hi', 'npx --package=a b', 'pip install a==1 "b>=2" -r x.txt', 'pip install https://x/a.whl', 'apt-get install -y a=1 b', 'go install a.example/x@v1', 'cargo add serde --features derive', 'gem install a -v 1', 'npm install $X', 'npm run install', 'ls install'].map(of),
    ['@a/b c', '', 'cowsay', 'a b', 'a b ?', '?', 'a b', 'a.example/x', 'serde', 'a', '?', undefined, undefined]);
});
