// Name patterns: `*` is any run of characters, `?` is one, everything else is itself. Matched in O(pattern × name) for any text, because names come from agents.

/** True for a pattern that can match more than itself. */
export function isGlob(pattern: string): boolean {
  return pattern.includes('*') || pattern.includes('?');
}

/** A matcher of one pattern over whole names. `gpt-4o` does not match `gpt-4o-mini`; `gpt-4o*` does. */
export function compileGlob(pattern: string): (name: string) => boolean {
  if (!isGlob(pattern)) return (name) => name === pattern;
  if (/^\*+$/.test(pattern)) return () => true;
  return (name) => matches(pattern, name);
}

/** A matcher that is true when any of the patterns matches. Exact names cost one look-up, however many there are. */
export function nameMatcher(patterns: readonly string[]): (name: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !isGlob(pattern)));
  const globs = patterns.filter(isGlob).map(compileGlob);
  if (globs.length === 0) return (name) => exact.has(name);
  return (name) => {
    if (exact.has(name)) return true;
    for (let index = 0; index < globs.length; index++) if (globs[index]!(name)) return true;
    return false;
  };
}

/** The first pattern that matches, exact ones before globs; undefined when none does. */
export function firstMatch(patterns: readonly string[], name: string): string | undefined {
  return patterns.includes(name) ? name : patterns.find((pattern) => isGlob(pattern) && matches(pattern, name));
}

/** Greedy matching that only ever returns to the last `*`: it never needs an earlier one. */
function matches(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let resume = 0;
  while (n < name.length) {
    const wanted = pattern.charCodeAt(p);
    if (p < pattern.length && wanted === 0x2a /* * */) {
      star = p++;
      resume = n;
    } else if (p < pattern.length && (wanted === 0x3f /* ? */ || wanted === name.charCodeAt(n))) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (pattern.charCodeAt(p) === 0x2a) p++;
  return p === pattern.length;
}

/** Values by name pattern: exact names cost one look-up, globs one for each length that the text before their first wildcard has. */
export class PatternIndex<T> {
  readonly #exact = new Map<string, T[]>();
  readonly #byPrefix = new Map<string, { readonly match: (name: string) => boolean; readonly value: T }[]>();
  readonly #lengths = new Set<number>();

  add(pattern: string, value: T): void {
    if (!isGlob(pattern)) return append(this.#exact, pattern, value);
    const prefix = /^[^*?]*/.exec(pattern)![0];
    this.#lengths.add(prefix.length);
    append(this.#byPrefix, prefix, { match: compileGlob(pattern), value });
  }

  /** Every value with a pattern that matches; one that several of its patterns lead to comes several times. */
  each(name: string, visit: (value: T) => void): void {
    this.#exact.get(name)?.forEach(visit);
    for (const length of this.#lengths) {
      if (length <= name.length) this.#byPrefix.get(name.slice(0, length))?.forEach(({ match, value }) => match(name) && visit(value));
    }
  }
}

function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}
