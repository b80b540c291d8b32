// Holds the house in order: who may import whom, how files begin, how long they may be, what no file may do.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { COMMANDS, DEBUG_TYPE, LANGUAGE_ID, SETTINGS, VIEWS } from '../protocol/ids.ts';

const root = join(import.meta.dirname, '..');
const ROOMS = ['protocol', 'runtime', 'language-server', 'extension', 'webview', 'examples', 'scripts', 'test'];

/** For the files that a folder's row is the longest match of: which of our folders and which packages they may import. `node` stands for all built-in modules. */
const DIRECTIONS: Readonly<Record<string, { readonly ours: readonly string[]; readonly packages: readonly string[] }>> = {
  protocol: { ours: ['protocol'], packages: [] },
  'runtime/policy': { ours: ['protocol', 'runtime/policy'], packages: ['zod', 'yaml', 'picomatch', '@marcbachmann/cel-js', 'unbash', 'pgsql-ast-parser', 'node-sql-parser', '@cfworker/json-schema', 'jsonc-parser', 'temporal-polyfill', 'flourite', 're2js', 'ipaddr.js', '@noble/hashes', 'libphonenumber-js', 'fastest-levenshtein'] },
  'runtime/wire': { ours: ['protocol', 'runtime/wire'], packages: ['node'] },
  runtime: { ours: ['protocol', 'runtime'], packages: ['node', 'zod', 'commander', 'canonicalize', '@pydantic/genai-prices', 'gpt-tokenizer', 'eventsource-parser', 'esbuild', 'picomatch', 'diff', 'yaml'] },
  'language-server/features': { ours: ['protocol', 'runtime/policy', 'language-server'], packages: ['yaml'] },
  'language-server/lints': { ours: ['protocol', 'runtime/policy', 'language-server'], packages: ['yaml'] },
  'language-server': { ours: ['protocol', 'runtime/policy', 'language-server'], packages: ['node', 'yaml', 'vscode-languageserver', 'vscode-languageserver-textdocument', 'vscode-jsonrpc', 'vscode-languageserver-types', 'vscode-languageserver-protocol'] },
  extension: { ours: ['protocol', 'runtime/wire', 'extension'], packages: ['node', 'vscode', 'vscode-languageclient', 'esbuild', '@vscode/debugprotocol'] },
  webview: { ours: ['protocol', 'webview'], packages: ['preact', 'uplot', '@vscode/codicons', 'esbuild', 'node'] },
  examples: { ours: ['examples'], packages: ['node', 'openai', '@anthropic-ai/sdk', 'gpt-tokenizer'] },
};

interface Source { readonly path: string; readonly text: string; readonly imports: readonly string[]; readonly isTest: boolean }

const sources: readonly Source[] = ROOMS.flatMap((room) => globSync(`${room}/**/*.{ts,tsx,mjs}`, { cwd: root, exclude: (name) => name === 'node_modules' })).sort().map((path) => {
  const text = readFileSync(join(root, path), 'utf8');
  const imports = [...text.matchAll(/^(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]|\bimport\(['"]([^'"]+)['"]\)/gm)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
  return { path, text, imports, isTest: /\.test\.tsx?$/.test(path) || path.startsWith('test/') || path.startsWith('scripts/') };
});
const product = sources.filter((source) => !source.isTest);

describe('the house', () => {
  it('lets each part import only what its row allows', () => {
    const wrong = product.flatMap(({ path, imports }) => {
      const row = Object.keys(DIRECTIONS).filter((folder) => path.startsWith(`${folder}/`)).sort((a, b) => b.length - a.length)[0];
      const allowed = row === undefined ? undefined : DIRECTIONS[row];
      return allowed ? imports.filter((target) => !permitted(path, target, allowed)).map((target) => `${path} imports ${target}`) : [];
    });
    assert.deepEqual(wrong, []);
  });

  it('never imports tests or scripts from the product', () => {
    const wrong = product.flatMap(({ path, imports }) => imports.filter((target) => target.startsWith('.') && /^(test|scripts)\//.test(resolved(path, target))).map((target) => `${path} imports ${target}`));
    assert.deepEqual(wrong, []);
  });

  it('says in the first line of each file what lives there', () => {
    const silent = sources.filter(({ text }) => !/^(#!.*\n)?(\/\/ |\/\*\* ).{10,}/.test(text)).map(({ path }) => path);
    assert.deepEqual(silent, []);
  });

  it('keeps files short', () => {
    assert.deepEqual(sources.filter(({ text }) => text.split('\n').length > 401).map(({ path }) => path), []);
  });

  it('has no mutable state at module level', () => {
    assert.deepEqual(product.filter(({ text }) => /^(export )?(let|var) /m.test(text)).map(({ path }) => path), []);
  });

  it('has no `any`', () => {
    const wrong = product.filter(({ text }) => /[:<|&(,]\s*any\b(?!\w)(?=\s*[;,)>|&=[\]}])/.test(withoutComments(text)) || /\bas any\b/.test(withoutComments(text)));
    assert.deepEqual(wrong.map(({ path }) => path), []);
  });

  it('uses none of the empty words in its names', () => {
    const wrong = sources.flatMap(({ path, text }) => [...text.matchAll(/\b(?:class|interface|type|function)\s+(\w*(?:Manager|Helper|Util|Utils|Service|Impl))\b/g)].map((match) => `${path}: ${match[1]}`));
    assert.deepEqual(wrong, []);
  });

  it('names commands, views, settings, language and debug type in the manifest exactly as in protocol/ids.ts', () => {
    const { contributes } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { contributes: Contributes };
    assert.deepEqual(contributes.commands.map(({ command }) => command).sort(), Object.values(COMMANDS).sort());
    assert.deepEqual(Object.values(contributes.views).flat().map(({ id }) => id).sort(), Object.values(VIEWS).filter((id) => id !== VIEWS.container).sort());
    assert.deepEqual(Object.keys(contributes.configuration.properties).sort(), Object.values(SETTINGS).sort());
    assert.ok(contributes.languages.some(({ id }) => id === LANGUAGE_ID) && contributes.debuggers.some(({ type }) => type === DEBUG_TYPE));
  });

  it('keeps registry addresses out of the lockfiles', () => {
    for (const lock of ['package-lock.json', 'toolchain/package-lock.json']) assert.doesNotMatch(readFileSync(join(root, lock), 'utf8'), /"resolved": "http/);
  });
});

interface Contributes {
  readonly commands: readonly { readonly command: string }[];
  readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
  readonly configuration: { readonly properties: Readonly<Record<string, unknown>> };
  readonly languages: readonly { readonly id: string }[];
  readonly debuggers: readonly { readonly type: string }[];
}

const resolved = (path: string, target: string): string => relative(root, join(root, dirname(path), target)).replaceAll('\\', '/');

function permitted(path: string, target: string, allowed: { readonly ours: readonly string[]; readonly packages: readonly string[] }): boolean {
  if (target.startsWith('.')) return allowed.ours.some((folder) => `${resolved(path, target)}/`.startsWith(`${folder}/`));
  if (isBuiltin(target)) return allowed.packages.includes('node');
  return allowed.packages.some((name) => target === name || target.startsWith(`${name}/`));
}

/** What the compiler sees: without comments, strings and regular expressions. */
const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|\/(?![*/ ])(?:[^/\\\n]|\\.)+\/[a-z]*/gm, '');
