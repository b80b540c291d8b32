// Where answers sent this process on to: a client that follows a redirect sends its next request here like any other, and only its address shows where it comes from.

/** Redirects remembered at a time; the oldest are forgotten. */
const MOST = 200;

export class Redirects {
  /** Address that an answer led to, and the address that answered. */
  readonly #from = new Map<string, string>();

  /** An answer came from `url`; `location` is its header, if it has one. */
  answered(url: string, status: number, location: string | undefined): void {
    if (location === undefined || ![301, 302, 303, 307, 308].includes(status)) return;
    const target = address(location, url);
    if (target === undefined) return;
    this.#from.delete(target);
    this.#from.set(target, url);
    if (this.#from.size > MOST) this.#from.delete(this.#from.keys().next().value as string);
  }

  /** The address that led to this one; told once. */
  leadingTo(url: string): string | undefined {
    const target = address(url, url) ?? url;
    const from = this.#from.get(target);
    this.#from.delete(target);
    return from;
  }
}

function address(text: string, base: string): string | undefined {
  try {
    const url = new URL(text, base);
    url.hash = url.username = url.password = '';
    return url.href;
  } catch {
    return undefined;
  }
}
