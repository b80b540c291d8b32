// `npm run bench`: every benchmark beside its peer or baseline in one run, into docs/benchmarks.md. Name some to run, and to write anew, only those: npm run bench -- decision

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { buildAll } from '../../scripts/build.ts';
import type { BenchResult } from './bench.ts';

interface Bench {
  /** What is measured against what, in a sentence or two for the reader of the page. */
  readonly ABOUT: string;
  readonly run: () => Promise<readonly BenchResult[]>;
}

const here = import.meta.dirname;
const NOT_A_BENCH = new Set(['bench', 'run']);
const available = readdirSync(here).filter((file) => /\.ts$/.test(file) && !file.includes('.test.')).map((file) => file.slice(0, -3)).filter((name) => !NOT_A_BENCH.has(name)).sort();
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !available.includes(name));
if (unknown.length) {
  console.error(`There is no benchmark ${unknown.join(', ')}; there are ${available.join(', ')}.`);
  process.exit(2);
}

await buildAll();
const page = join(here, '..', '..', 'docs', 'benchmarks.md');
/** By name; those that are not run stay as they are. */
const sections = new Map(readFileSync(page, 'utf8').split(/^## /m).slice(1).map((text) => [text.slice(0, text.indexOf('\n')), text.slice(text.indexOf('\n')).trim()]));
const failed: string[] = [];
for (const name of wanted.length ? wanted : available) {
  console.log(`\n== ${name}`);
  const start = performance.now();
  const bench = await import(join(here, `${name}.ts`)) as Bench;
  try {
    const table = tableOf(await bench.run());
    console.log(`${table}\n(${Math.round((performance.now() - start) / 1000)} s)`);
    sections.set(name, `${bench.ABOUT}\n\n${table}`);
  } catch (error) {
    failed.push(name);
    console.error(error);
  }
}
if (failed.length) console.error(`\nFailed: ${failed.join(', ')}. docs/benchmarks.md stays as it was.`);
else {
  const text = available.flatMap((name) => (sections.has(name) ? [`## ${name}\n\n${sections.get(name)}`] : [])).join('\n\n');
  writeFileSync(page, `# Benchmarks\n\nWritten by \`npm run bench\` on ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.versions.node}. Each table is one run in which we and the peer or baseline took turns; values are medians unless a row says otherwise. A ratio says how many times better a row is than the baseline that the section names: above 1× is better, below is worse. The machine is shared, so read the ratios and the growth rather than the figures.\n\n${text}\n`);
}
process.exit(failed.length ? 1 : 0);

function tableOf(results: readonly BenchResult[]): string {
  const rows = results.map(({ name, value, unit, ratio, note }) => `| ${name} | ${rounded(value)} ${unit} | ${ratio === undefined ? '' : `${rounded(ratio)}×`} | ${note ?? ''} |`);
  return ['| what | median | ratio | |', '|---|--:|--:|---|', ...rows].join('\n');
}

function rounded(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3)).toString();
}
