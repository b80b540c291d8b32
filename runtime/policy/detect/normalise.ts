// Undoes the disguises of text: letters of other alphabets that look Latin, full-width and styled letters, invisible characters, odd white space.

/** Normalised text, and for each of its UTF-16 code units where in the original the character begins and ends. */
export interface Normalised {
  readonly text: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Letters that look like these Latin ones, from Unicode's confusables (UTS #39): Cyrillic, Greek, Armenian. */
const LOOKALIKES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    a: 'аα', b: 'Ьƅ', c: 'сϲ', d: 'ԁ', e: 'еҽє', g: 'ɡց', h: 'һհ', i: 'іıιɩ', j: 'јϳ', k: 'кκ', l: 'ӏⅼ', m: 'м', n: 'ոп', o: 'оοօσ', p: 'рρ', q: 'ԛ', r: 'г', s: 'ѕ', t: 'тτ', u: 'υս', v: 'ѵν', w: 'ԝա', x: 'хχ', y: 'уγү', z: 'ᴢ',
  }).flatMap(([latin, others]) => [...others].map((other) => [other, latin] as const)),
);

/** Zero-width and other format characters, soft hyphens, variation selectors, tags, combining marks. */
const INVISIBLE = /^[\p{Cf}\p{Mn}\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]$/u;

/** Lower case, compatibility forms folded (NFKC), look-alikes as Latin, nothing invisible, one space for any white space. */
export function normalise(text: string): Normalised {
  return /[^\0-\x7f]/.test(text) ? ofAny(text) : ofAscii(text);
}

/** In plain ASCII only case and white space change, and most texts hold no match, so places are worked out when they are asked for. */
function ofAscii(text: string): Normalised {
  let starts: number[] | undefined;
  let ends: number[] | undefined;
  return {
    text: text.toLowerCase().replace(/[\0- ]+/g, ' '),
    get starts() {
      return (starts ??= [...text.matchAll(/[\0- ]+|[^\0- ]/g)].map((match) => match.index));
    },
    get ends() {
      return (ends ??= this.starts.map((start) => start + 1));
    },
  };
}

function ofAny(text: string): Normalised {
  let out = '';
  const starts: number[] = [];
  const ends: number[] = [];
  let at = 0;
  for (const char of text) {
    const end = at + char.length;
    for (const folded of fold(char)) {
      if (folded === ' ' && out.endsWith(' ')) continue;
      out += folded;
      for (let unit = 0; unit < folded.length; unit++) {
        starts.push(at);
        ends.push(end);
      }
    }
    at = end;
  }
  return { text: out, starts, ends };
}

function fold(char: string): string {
  const code = char.charCodeAt(0);
  if (code < 0x80) return code <= 0x20 ? ' ' : code >= 0x41 && code <= 0x5a ? char.toLowerCase() : char;
  if (INVISIBLE.test(char)) return '';
  if (/^\s$/u.test(char)) return ' ';
  let out = '';
  for (const part of char.normalize('NFKD').toLowerCase()) {
    if (INVISIBLE.test(part)) continue;
    out += LOOKALIKES.get(part) ?? part.replace(/^[‘’ʼ]$/, "'");
  }
  return out;
}
