// Text that an agent or a model wrote, made safe to look at: nothing in it can move the cursor, hide, or turn the reading direction.

/** One visible sign for each character that would not be seen: controls, zero-width characters, bidirectional overrides. */
export function printable(text: string): string {
  return visible(text).replaceAll(/\s*\n\s*/g, ' ');
}

/** As `printable`, but line ends and tabs stay: for blocks of text. */
export function visible(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(UNSEEN, '\u2425');
}

const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\udb40[\udc00-\udfff]/g;
