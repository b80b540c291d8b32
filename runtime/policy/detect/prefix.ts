// From a regular expression, the expression that matches every beginning of its matches: what a stream needs to know where a match may still be growing.

interface Piece {
  /** Matches what the piece matches, or a little more (look-ahead is left out). */
  readonly full: string;
  /** Matches every proper beginning of it; may match more, never less. */
  readonly begun: string;
}

/**
 * Source of an expression that matches every beginning of every match of `source`, the empty one and the whole included.
 * Put `$` behind it to learn whether a match that starts at a place is still open at the end of the text. Understands RE2 syntax
 * and what V8 adds to it, back-references excepted. `source` must compile; brackets that do not match throw a SyntaxError.
 */
export function prefixOf(source: string): string {
  const reader = { source: source.replace(/\\(?:Q([\s\S]*?)(?:\\E|$)|[\s\S])/g, (found, quoted?: string) => quoted?.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&') ?? found), at: 0 };
  const { full, begun } = alternatives(reader);
  if (reader.at < reader.source.length) throw new SyntaxError(`unmatched ) at ${reader.at} in /${source}/`);
  return `(?:${full}|${begun})`;
}

interface Reader {
  readonly source: string;
  at: number;
}

function alternatives(reader: Reader): Piece {
  const pieces: Piece[] = [];
  let flags = '';
  do {
    if (pieces.length > 0) reader.at++;
    const items = sequence(reader, flags);
    flags = items.flags;
    pieces.push(concatenate(items.pieces));
  } while (reader.source[reader.at] === '|');
  return { full: group(pieces.map((piece) => piece.full)), begun: group(pieces.map((piece) => piece.begun)) };
}

const group = (options: readonly string[]): string => `(?:${options.join('|')})`;

/** A flag group such as `(?i)` holds until its group ends, over later alternatives too: `flags` carries it there. */
function sequence(reader: Reader, carried: string): { readonly pieces: Piece[]; readonly flags: string } {
  const pieces: Piece[] = carried ? [{ full: carried, begun: '' }] : [];
  let flags = carried;
  while (reader.at < reader.source.length && reader.source[reader.at] !== '|' && reader.source[reader.at] !== ')') {
    const flag = sticky(/\(\?[a-zA-Z-]+\)/y, reader);
    if (flag) flags += flag;
    pieces.push(flag ? { full: flag, begun: '' } : quantified(reader, atom(reader)));
  }
  return { pieces, flags };
}

function concatenate(pieces: readonly Piece[]): Piece {
  let begun = '';
  for (const piece of pieces.toReversed()) begun = `(?:${piece.full}${begun}|${piece.begun})`;
  return { full: pieces.map((piece) => piece.full).join(''), begun };
}

function quantified(reader: Reader, piece: Piece): Piece {
  const quantifier = sticky(/[*+?]\??|\{\d+(?:,\d*)?\}\??/y, reader);
  if (!quantifier) return piece;
  const most = /^\{(\d+)(?:,(\d*))?\}/.exec(quantifier);
  const limit = most ? (most[2] === undefined ? Number(most[1]) : most[2] === '' ? Infinity : Number(most[2])) : quantifier.startsWith('?') ? 1 : Infinity;
  const earlier = limit === Infinity ? `(?:${piece.full})*` : limit > 1 ? `(?:${piece.full}){0,${limit - 1}}` : '';
  return { full: `(?:${piece.full})${quantifier}`, begun: earlier + piece.begun };
}

function atom(reader: Reader): Piece {
  if (reader.source[reader.at] === '(') return parenthesis(reader);
  const one = sticky(/\\[pP](?:\{[^}]*\}|[A-Za-z])|\\[xu]\{[^}]*\}|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[0-7]{2,3}|\\[\s\S]|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]|[\s\S]/yu, reader);
  return { full: one, begun: '' };
}

function parenthesis(reader: Reader): Piece {
  const from = reader.at;
  const opening = sticky(/\((?:\?(?:<[=!]|[=!]|P?<\w+>|[a-zA-Z-]*:))?/y, reader);
  const inner = alternatives(reader);
  if (reader.source[reader.at] !== ')') throw new SyntaxError(`missing ) for the group at ${from} in /${reader.source}/`);
  reader.at++;
  if (opening === '(?=' || opening === '(?!') return { full: '', begun: '' };
  if (opening.startsWith('(?<=') || opening.startsWith('(?<!')) return { full: reader.source.slice(from, reader.at), begun: '' };
  const flags = /^\(\?[a-zA-Z-]+:$/.test(opening) ? opening : '(?:';
  return { full: `${flags}${inner.full})`, begun: `${flags}${inner.begun})` };
}

function sticky(pattern: RegExp, reader: Reader): string {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.source)?.[0] ?? '';
  reader.at += found.length;
  return found;
}
