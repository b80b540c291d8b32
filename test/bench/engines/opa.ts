// Open Policy Agent as WebAssembly in the decision benchmark: opa.rego, compiled by OPA itself, with the rules as data, which is its fastest form. OPA's compiler is no npm package of its own, so what it made is kept beside the source.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { loadPolicy } from '@open-policy-agent/opa-wasm';
import { type Build, filesPattern, type Rule } from './rule-set.ts';

interface OneRule {
  readonly glob?: string;
  readonly over?: number;
  readonly path?: string;
}
interface Group {
  readonly named: Record<string, OneRule[]>;
  readonly globs: OneRule[];
}

export const opa: Build = async (rules, questions) => {
  const policy = await loadPolicy(gunzipSync(readFileSync(join(import.meta.dirname, 'opa.wasm.gz'))));
  policy.setData(dataOf(rules));
  return (index) => {
    const [answer] = policy.evaluate(questions[index]!) as readonly { readonly result: boolean }[];
    if (!answer) throw new Error('OPA gave no answer.');
    return !answer.result;
  };
};

function dataOf(rules: readonly Rule[]): { agents: Record<string, Group>; fleets: Record<string, Group> } {
  const data = { agents: {} as Record<string, Group>, fleets: {} as Record<string, Group> };
  for (const { who, tool, over, files } of rules) {
    const group = 'agent' in who ? (data.agents[who.agent] ??= emptyGroup()) : (data.fleets[who.fleet] ??= emptyGroup());
    const rule: OneRule = { ...(over !== undefined && { over }), ...(files && { path: filesPattern(files) }) };
    if (tool.endsWith('*')) group.globs.push({ ...rule, glob: tool });
    else (group.named[tool] ??= []).push(rule);
  }
  return data;
}

function emptyGroup(): Group {
  return { named: {}, globs: [] };
}
