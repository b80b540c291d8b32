// `npm run bench`: every benchmark beside its peer or baseline in one run, into docs/benchmarks.md. Name some to run only those: npm run bench -- decision

import { readdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { buildAll } from '../../scripts/build.ts';
import type { BenchResult } from './bench.ts';

interface Bench { readonly run: () => Promise<readonly BenchResult[]> }

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
const sections: string[] = [];
for (const name of wanted.length ? wanted : available) {
  console.log(`\n== ${name}`);
  const bench = await import(join(here, `${name}.ts`)) as Partial<Bench>;
  if (!bench.run) continue;
  const table = tableOf(await bench.run());
  console.log(table);
  sections.push(`## ${name}\n\n${table}`);
}
if (!wanted.length) {
  const page = `# Benchmarks\n\nWritten by \`npm run bench\` on ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.versions.node}. Each table is one run in which the peers took turns; medians, and ratios where there is a baseline. Read the ratios and the growth: the machine is shared.\n\n${sections.join('\n\n')}\n`;
  writeFileSync(join(here, '..', '..', 'docs', 'benchmarks.md'), page);
}
process.exit(0);

function tableOf(results: readonly BenchResult[]): string {
  const rows = results.map(({ name, value, unit, ratio, note }) => `| ${name} | ${rounded(value)} ${unit} | ${ratio === undefined ? '' : `${rounded(ratio)}×`} | ${note ?? ''} |`);
  return ['| | median | ratio | |', '|---|---|---|---|', ...rows].join('\n');
}

const rounded = (value: number): string => (Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3)).toString());
