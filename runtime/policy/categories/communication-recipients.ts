// Who a message really goes to: every address in a list of recipients, however the list is written.

/**
 * Each recipient once, in lower case. An entry may hold several: separated by commas, semicolons or line breaks, with display names or without.
 * An address in a display name counts as well, because programs disagree about which of the two is written to. What has no `@` (a channel, a
 * telephone number) stays whole.
 */
export function recipientsOf(to: readonly string[]): readonly string[] {
  return [...new Set(to.flatMap((entry) => entry.split(/[\r\n]+/)).flatMap(ofLine))];
}

function ofLine(line: string): readonly string[] {
  const open = line.replace(/"([^"]*)"/g, (_, name: string) => (name.includes('@') ? ` ${name} ` : ' '));
  return open.split(/[,;]/).flatMap((piece) => {
    const words = piece.replace(/^\s*mailto:/i, '').toLowerCase();
    return /[^\s@]@[^\s@]/.test(words) ? addresses(words) : whole(words);
  });
}

/** The words that hold an `@`: what stands in angle brackets or parentheses is a word of its own. */
function addresses(words: string): readonly string[] {
  return words.split(/[\s<>()]+/).filter((word) => word.includes('@')).map((word) => word.replace(/\.+$/, ''));
}

function whole(words: string): readonly string[] {
  const name = words.trim().replace(/\s+/g, ' ');
  return name === '' ? [] : [name];
}

/** True for an address that could be read in two ways, such as `ann@example.com@evil.example`: it is of no domain that anyone allowed. */
export function isAmbiguous(recipient: string): boolean {
  return recipient.split('@').length > 2;
}
