// Puts one policy in shadow mode, or back, by the smallest edit of its file: comments, order and layout stay.

import { isDeepStrictEqual } from 'node:util';
import { isMap } from 'yaml';
import { FullarcError } from '../protocol/control.ts';
import type { PolicyText } from '../protocol/policy-versions.ts';
import { openDocument } from './policy/index.ts';
import { closest } from './policy/suggest.ts';

type Mode = 'enforce' | 'shadow';
type Document = ReturnType<typeof openDocument>;
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The set with the policy in that mode; the same set when it is already. Throws `no-such-policy`, and `bad-command` for a policy that is switched off or is written so that nothing small would do. */
export function withMode(sources: readonly PolicyText[], name: string, mode: Mode): readonly PolicyText[] {
  const names: string[] = [];
  for (const source of sources) {
    const document = openDocument(source.text);
    for (const { index, value } of document.policies) {
      const written = value as Readonly<Record<string, unknown>> | null | undefined;
      if (typeof written?.['name'] === 'string') names.push(written['name']);
      if (written?.['name'] !== name) continue;
      const now = written['mode'] ?? 'enforce';
      if (now === mode) return sources;
      if (mode === 'enforce' && now !== 'shadow') throw new FullarcError('bad-command', `policy ${name} is not in shadow mode: its mode is ${String(now)}`, `Write its mode in ${source.path} by hand.`);
      const text = applied(source, document, index, mode);
      return sources.map((each) => (each === source ? { path: each.path, text } : each));
    }
  }
  const near = closest(name, names);
  throw new FullarcError('no-such-policy', `no policy ${name} is in force${near ? `; did you mean ${near}?` : ''}`, '`fullarc policies` prints the policies in force.');
}

function applied({ path, text }: PolicyText, document: Document, index: number, mode: Mode): string {
  const edit = modeEdit(document, index, mode);
  const edited = edit && text.slice(0, edit.start) + edit.text + text.slice(edit.end);
  const wanted = document.policies.map(({ value }, at) => (at === index ? { ...value as object, mode } : value));
  if (edited !== undefined && isDeepStrictEqual(plain(openDocument(edited).policies.map(({ value }) => value)), plain(wanted))) return edited;
  throw new FullarcError('bad-command', `the mode of this policy cannot be set by a small edit of ${path}`, `Write \`mode: ${mode}\` into the policy by hand: it may come from an alias or a merged key.`);
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function modeEdit(document: Document, index: number, mode: Mode): Edit | undefined {
  const written = document.locate(['policies', index, 'mode']);
  if (written?.key) return written.value.start === written.value.end ? { ...written.value, text: ` ${mode}` } : { ...written.value, text: mode };
  const name = document.locate(['policies', index, 'name']);
  const { node } = document.policies[index]!;
  if (!name?.key || !isMap(node)) return undefined;
  if (node.flow) return { start: name.value.end, end: name.value.end, text: `, mode: ${mode}` };
  const { text } = document;
  const newline = text.indexOf('\n', name.value.end);
  const end = newline < 0 ? text.length : newline > 0 && text[newline - 1] === '\r' ? newline - 1 : newline;
  const lineBreak = text.includes('\r\n') ? '\r\n' : '\n';
  return { start: end, end, text: `${lineBreak}${' '.repeat(document.position(name.key.start).column - 1)}mode: ${mode}` };
}
