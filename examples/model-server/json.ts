// Reading requests without trusting their shape.

export interface JsonObject {
  readonly [key: string]: unknown;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objects(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** The text of a message's content: a string, or the texts of its parts. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return objects(content).map((part) => text(part['text']) || text(part['refusal']) || contentText(part['content'])).join('\n');
}

/** What a provider answers with a status of its own. */
export class Rejected extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
