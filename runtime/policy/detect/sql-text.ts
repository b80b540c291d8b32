// SQL as every dialect reads it alike: comments and the contents of strings are taken out, spellings of MySQL and SQLite are brought into that of PostgreSQL. A text that two dialects would cut differently is refused, because one of them could hide a statement from the other.

/** Longest statement text that is read, in UTF-16 code units. The parser's time grows faster than the text. */
export const LONGEST_SQL = 16_384;
const DEEPEST = 40;

export type PlainSql = { readonly text: string } | { readonly reason: string };

/** The text to parse, or why it cannot be read for sure. */
export function plainSql(sql: string): PlainSql {
  if (sql.length > LONGEST_SQL) return { reason: `it is longer than ${LONGEST_SQL} characters` };
  const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n\r]*|\/\*[\s\S]*?\*\/|\[[^\]]*\]|::|:=|(?<![\w$)\]"'`]):[A-Za-z_]\w*|%\(\w+\)s|%s(?!\w)|@\w+|\?(?![|&?])|[\s\S]/gy;
  let text = '';
  let depth = 0;
  for (const [piece] of sql.matchAll(token)) {
    const read = one(piece);
    if (typeof read !== 'string') return read;
    if (piece === '(' && ++depth > DEEPEST) return { reason: `it is nested deeper than ${DEEPEST}` };
    if (piece === ')') depth--;
    text += read;
  }
  if (/\$(?:[A-Za-z_]\w*)?\$/.test(text)) return { reason: 'it holds a string in dollar signs, which not every database reads as one' };
  return { text: text.replace(/\blimit\s+(\d+|\$1)\s*,\s*(\d+|\$1)/gi, 'limit $2 offset $1').replace(/\bfrom\s+dual\b/gi, '').replace(/^\s*explain\s+(?:query\s+plan\s+)?(?=select\b|with\b)/i, '') };
}

function one(piece: string): string | { readonly reason: string } {
  const first = piece[0]!;
  if (first === "'" || first === '"') {
    if (piece.length === 1) return { reason: 'a quote is not closed' };
    if (piece.includes('\\')) return { reason: 'it holds a backslash in quotes, which databases read differently' };
    return first === '"' || /^'[\w .:+-]*'$/.test(piece) ? piece : "'s'";
  }
  if (first === '`') return /^`[\w$ -]+`$/.test(piece) ? `"${piece.slice(1, -1)}"` : { reason: 'a name in back quotes cannot be read' };
  if (first === '[') return /^\[(?:[\w\s,.:$-]|'[^'\]\\]*')*\]$/.test(piece) ? piece : { reason: 'what is in square brackets is read differently by databases' };
  if (piece.startsWith('--')) return piece.length === 2 || /^--\s/.test(piece) ? ' ' : { reason: 'two dashes without a space are no comment everywhere' };
  if (piece.startsWith('/*')) return /^\/\*[!+M]/.test(piece) || piece.slice(2).includes('/*') ? { reason: 'it holds a comment that some databases run, or read differently' } : ' ';
  if (first === '\0' || first === '\\' || first === '#') return { reason: `it holds ${first === '\0' ? 'a NUL character' : first}, which databases read differently` };
  if (piece === '?' || (piece.length > 1 && /^[:%@]\(?[A-Za-z_]/.test(piece))) return '$1';
  return piece;
}
