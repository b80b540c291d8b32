// A policy to start from, as its file says what it is: three lines at the top, in words for those who choose one.

/** A `templates/<name>.fullarc.yaml`. The name is that of a category, or of a failure and then begins with `failure-`. */
export interface Template {
  readonly name: string;
  readonly title: string;
  /** What it does, in a sentence. */
  readonly about: string;
  readonly audience: string;
  /** What to change first. */
  readonly change: string;
  readonly text: string;
}

export const TEMPLATE_FILE = /^([a-z0-9-]+)\.fullarc\.yaml$/;
const HEAD = /^# ([^:\n]+): (.+)\n# For: (.+)\n# Change first: (.+)\n/;

/** Reads the head of a template; undefined when the text does not begin with one. */
export function readTemplate(name: string, text: string): Template | undefined {
  const [, title, about, audience, change] = HEAD.exec(text.replaceAll('\r\n', '\n')) ?? [];
  return title && about && audience && change ? { name, title, about, audience, change, text } : undefined;
}

/** Whether it is for a failure, and not for a category. */
export const isForFailure = ({ name }: Pick<Template, 'name'>): boolean => name.startsWith('failure-');
