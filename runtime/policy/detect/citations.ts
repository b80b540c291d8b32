// Citations in a text, in the forms that people and models write them, and what each points to.

import { compilePattern } from './custom.ts';

/** One citation: where it stands, in UTF-16 code units, and the source it names. */
export interface Citation {
  readonly start: number;
  readonly end: number;
  readonly target: string;
}

/** `[1]`, `[handbook]`, `[text](https://…)`, `(source: handbook)`, `Source: …` at the end of a line, addresses, and paths of files. */
const FORMS = [
  /\[[^\][\n]{1,200}\]\((?<target>[^\s()]{1,500})\)/gi,
  /\[(?<target>[^\][\n]{1,120})\](?!\()/gi,
  /\((?:source|src|see|cf\.|ref)s?:\s*(?<target>[^()\n]{1,200})\)/gi,
  /(?:^|\n)\s*sources?:\s*(?<target>[^\n]{1,200})/gi,
  /(?<target>\bhttps?:\/\/[^\s<>()\][]{1,500})/gi,
  /(?<![\w/.])(?<target>(?:[\w-]{1,80}\/){1,12}[\w-]{1,80}(?:\.[\w-]{1,40}){0,3}\.[a-z]\w{0,7})\b/gi,
] as const;

/** A function that finds citations: in the usual forms, or by a pattern of RE2 whose first group, or whole, is the source. Throws a PatternError. */
export function citationFinder(pattern?: string): (text: string) => readonly Citation[] {
  if (pattern === undefined) return (text) => apart(FORMS.flatMap((form) => [...text.matchAll(form)].flatMap((match) => citation(match.index, match[0], match.groups!['target']!))));
  const expression = compilePattern('citation_pattern', pattern);
  return (text) => {
    const matcher = expression.matcher(text);
    const out: Citation[] = [];
    while (matcher.find()) out.push(...citation(matcher.start(), matcher.group() ?? '', (matcher.groupCount() > 0 ? matcher.group(1) : matcher.group()) ?? ''));
    return out;
  };
}

/** True when a citation points at a source: by its number in the order given (from 1), its id, its source, or the last part of its path. */
export function pointsAt(target: string, source: { readonly id?: string; readonly source?: string; readonly number: number }): boolean {
  const wanted = plain(target);
  return wanted === String(source.number) || [source.id, source.source].some((name) => name !== undefined && (plain(name) === wanted || lastPart(name) === wanted));
}

/** A list such as `[1, 3]` cites each. Check boxes and task marks are no citations. */
function citation(start: number, whole: string, named: string): Citation[] {
  const targets = /^[\d\s,;]+$/.test(named) ? named.split(/[\s,;]+/) : [named];
  return targets.map((each) => each.trim().replace(/[.,;:!?'"]+$/, '')).filter((target) => target !== '' && !/^[x✓]$/i.test(target)).map((target) => ({ start, end: start + whole.length, target }));
}

/** An address inside a Markdown link is cited once. */
function apart(found: readonly Citation[]): readonly Citation[] {
  const out: Citation[] = [];
  let end = 0;
  let last = -1;
  for (const each of [...found].sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (each.start < end && each.start !== last) continue;
    if (each.start === last && each.end < end) continue;
    out.push(each);
    last = each.start;
    end = Math.max(end, each.end);
  }
  return out;
}

function plain(name: string): string {
  return name.trim().toLowerCase().replace(/^(?:\^|source:?\s+|doc(?:ument)?\s+(?=\d))/, '').replace(/#.*$/, '').replace(/\/+$/, '');
}

function lastPart(name: string): string {
  return plain(name).split('/').at(-1)!;
}
