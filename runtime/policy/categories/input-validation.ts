// The `input-validation` category: what a run or a signal brings in, and what a tool is called with, has the form that was agreed on.

import { z } from 'zod';
import type { ActionEvent, TextPart } from '../../../protocol/action.ts';
import type { Disposition, Redaction } from '../../../protocol/verdict.ts';
import { defineCategory, type Checks, type Violation } from '../category.ts';
import { activeHtml } from '../detect/html.ts';
import { compileSchema, faultText, schemaProblem, type JsonSchema, type SchemaFault } from '../detect/json-schema.ts';
import { compileGlob, nameMatcher } from '../globs.ts';

const TYPES = ['text', 'json', 'binary'] as const;
const schema = () => z.record(z.string(), z.unknown()).superRefine((value, context) => {
  const problem = schemaProblem(value);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});
const LEADS = { type: 'object', required: ['lead_id'], properties: { lead_id: { type: 'string' }, score: { type: 'number' } } };

const rules = z.strictObject({
  max_input_size_kb: z.number().positive().max(1_000_000).default(100).describe('Largest input of a run, payload of a signal or arguments of a tool call, as UTF-8 and, where it is not text, as JSON. 1 KB is 1024 bytes.').meta({ unit: 'KB', examples: [100] }),
  validate_schema: z.boolean().optional().describe('Whether `input_schema` is enforced. It is when it is given, unless this says false.').meta({ examples: [true] }),
  input_schema: schema().optional().describe('JSON Schema, drafts 4 to 2020-12, of the input of a run and of the payload of a signal. The text of a run is read as JSON, unless the schema asks for a text.').meta({ examples: [LEADS] }),
  tool_schemas: z.record(z.string().min(1), schema()).optional().describe('JSON Schema of the arguments, by tool: exact names or globs, `server/tool` for one MCP server\'s. All that match apply.').meta({ reference: 'tool', examples: [{ send_email: { required: ['to'], properties: { to: { type: 'string', format: 'email' } } } }] }),
  use_declared_schemas: z.boolean().default(true).describe('Hold the arguments of each tool call against the schema that the request or the MCP server declared for the tool. A declared schema that cannot be checked counts as a check that failed.').meta({ examples: [true] }),
  allowed_input_types: z.array(z.enum(TYPES)).default([]).describe('What the input of a run may be; empty means anything. `json` is an object or a list, `binary` holds control characters or a data URL. The payload of a signal is JSON.').meta({ examples: [['text', 'json']] }),
  reject_empty_input: z.boolean().default(true).describe('Refuse a run whose input, and a signal whose payload, holds nothing but empty texts, lists, objects and nulls, however deep. A run that is started without an input is not an empty one.').meta({ examples: [true] }),
  sanitize_html: z.boolean().default(true).describe('Look in the input of a run and the payload of a signal for scripts, frames, event handlers and `javascript:` addresses.').meta({ examples: [true] }),
  sanitize_arguments_of: z.array(z.string().min(1)).default([]).describe('Tools in whose arguments the same is looked for: exact names or globs. For tools that publish what they get.').meta({ reference: 'tool', examples: [['post_*', 'cms/publish']] }),
  html_action: z.enum(['warn', 'redact', 'block']).optional().describe('What becomes of such HTML; absent: what `on_violation` says. `redact` takes it out and leaves the rest as it is.').meta({ examples: ['redact'] }),
}).refine((value) => value.validate_schema !== true || value.input_schema !== undefined, { error: 'needs an `input_schema` to validate against', path: ['validate_schema'] });
type Rules = z.output<typeof rules>;
type Validate = ReturnType<typeof compileSchema>;

/** What came in, whichever way. */
interface Input {
  readonly what: string;
  readonly value: unknown;
  readonly texts: readonly Pick<TextPart, 'at' | 'text'>[];
  readonly bytes: number;
}

export const inputValidation = defineCategory({
  id: 'input-validation',
  title: 'Input validation',
  group: 'Data and security boundaries',
  why: 'What an agent is given decides what it does, and what it passes to a tool decides what happens. These rules hold inputs, signals and tool arguments against a full JSON Schema, a size and a type before anything acts on them. An argument that does not fit is refused with its exact path, so that the model can correct itself, instead of failing half-way inside the tool.',
  rules,
  dispositions: ['warn', 'redact', 'retry', 'gate', 'block'],
  onViolation: 'block',
  checks(rules, policy): Checks {
    // What has the wrong form cannot be blacked out; only HTML can be taken out.
    const otherwise: Disposition = policy.onViolation === 'redact' ? 'block' : policy.onViolation;
    const html = rules.html_action ?? policy.onViolation;
    const validate = rules.input_schema && rules.validate_schema !== false ? compileSchema(rules.input_schema) : undefined;
    const input = (each: Input, read: () => unknown) => found([
      rules.reject_empty_input && isEmpty(each.value) ? refuse('reject_empty_input', `${each.what} is empty.`, otherwise, 'Send what the agent is to work on.') : undefined,
      tooLarge(rules, each, otherwise),
      validate && misfit('input_schema', each.what, validate, read, otherwise),
      rules.sanitize_html ? activeIn('sanitize_html', each, html) : undefined,
    ]);
    return {
      'run.before': (event) => event.input && found([...list(input(runInput(event.input), () => readInput(rules.input_schema, event.input!))), wrongType(rules, event.input, otherwise)]),
      'signal.before': (event) => found([...list(input(signalInput(event), () => event.payload)), ...unlessJson(rules, otherwise)]),
      'tool.before': toolCheck(rules, otherwise, html),
    };
  },
  examples: [
    { title: 'A signal without what the agent needs', rules: 'input_schema: { type: object, required: [lead_id] }', event: signal({ score: 3 }), expect: 'block', field: 'input_schema' },
    { title: 'A signal with it', rules: 'input_schema: { type: object, required: [lead_id] }', event: signal({ lead_id: 'L1' }), expect: 'allow' },
    { title: 'An input that is not the JSON it should be', rules: '{ validate_schema: true, input_schema: { type: object } }', event: start('call Ann'), expect: 'block', field: 'input_schema' },
    { title: 'A schema that is not enforced for now', rules: '{ validate_schema: false, input_schema: { type: object } }', event: start('call Ann'), expect: 'allow' },
    { title: 'An argument of the wrong type', rules: 'tool_schemas: { send_email: { properties: { to: { type: string } } } }', event: call('send_email', { to: 7 }), expect: 'block', field: 'tool_schemas' },
    { title: 'An argument of the right one', rules: 'tool_schemas: { send_email: { properties: { to: { type: string } } } }', event: call('send_email', { to: 'ann@example.com' }), expect: 'allow' },
    { title: 'A call that breaks what its MCP server declared', rules: 'use_declared_schemas: true', event: { ...call('search', {}), schema: { type: 'object', required: ['query'] } }, expect: 'block', field: 'use_declared_schemas' },
    { title: 'A server whose declarations are not relied on', rules: 'use_declared_schemas: false', event: { ...call('search', {}), schema: { type: 'object', required: ['query'] } }, expect: 'allow' },
    { title: 'An input of two kilobytes', rules: 'max_input_size_kb: 1', event: start('x'.repeat(2048)), expect: 'block', field: 'max_input_size_kb' },
    { title: 'An input of one', rules: 'max_input_size_kb: 1', event: start('x'.repeat(1024)), expect: 'allow' },
    { title: 'Bytes where text belongs', rules: 'allowed_input_types: [text]', event: start('\u0000\u0001PNG'), expect: 'block', field: 'allowed_input_types' },
    { title: 'Text where text belongs', rules: 'allowed_input_types: [text]', event: start('Write to Ann.'), expect: 'allow' },
    { title: 'An object that holds nothing', rules: 'reject_empty_input: true', event: signal({ lead: { name: '', tags: [] } }), expect: 'block', field: 'reject_empty_input' },
    { title: 'An object that holds a zero', rules: 'reject_empty_input: true', event: signal({ lead: { score: 0 } }), expect: 'allow' },
    { title: 'A script in a form field', rules: 'sanitize_html: true', event: signal({ note: 'Hi <script>steal()</script>' }), expect: 'block', field: 'sanitize_html' },
    { title: 'A script is taken out', rules: '{ sanitize_html: true, html_action: redact }', event: signal({ note: 'Hi <script>steal()</script>' }), expect: 'redact', field: 'sanitize_html' },
    { title: 'Bold text is not', rules: '{ sanitize_html: true, html_action: redact }', event: signal({ note: '<b>Hi</b>' }), expect: 'allow' },
    { title: 'A handler in what is published', rules: 'sanitize_arguments_of: [post_*]', event: call('post_comment', { body: '<img src=x onerror=steal()>' }), expect: 'block', field: 'sanitize_arguments_of' },
    { title: 'A page that is only written to disk', rules: 'sanitize_arguments_of: [post_*]', event: call('write_file', { body: '<script>run()</script>' }), expect: 'allow' },
  ],
});

function toolCheck(rules: Rules, disposition: Disposition, html: Disposition) {
  const schemas = Object.entries(rules.tool_schemas ?? {}).map(([pattern, value]) => ({ hit: compileGlob(pattern), validate: compileSchema(value) }));
  const published = nameMatcher(rules.sanitize_arguments_of);
  return (event: ActionEvent<'tool.before'>): readonly Violation[] | undefined => {
    const qualified = event.server === undefined ? event.name : `${event.server}/${event.name}`;
    const names = (hit: (name: string) => boolean): boolean => hit(event.name) || hit(qualified);
    const call = inputOf(`The arguments of ${qualified}`, event.args, '/args');
    return found([
      tooLarge(rules, call, disposition),
      ...schemas.map(({ hit, validate }) => (names(hit) ? misfit('tool_schemas', call.what, validate, () => event.args, disposition) : undefined)),
      rules.use_declared_schemas && event.schema ? misfit('use_declared_schemas', call.what, compileSchema(event.schema), () => event.args, disposition) : undefined,
      rules.sanitize_arguments_of.length > 0 && names(published) ? activeIn('sanitize_arguments_of', call, html) : undefined,
    ]);
  };
}

function misfit(field: string, what: string, validate: Validate, read: () => unknown, disposition: Disposition): Violation | undefined {
  const value = read();
  const faults: readonly SchemaFault[] = value === NOT_JSON ? [{ at: '', says: 'is not JSON' }] : validate(value);
  if (faults.length === 0) return undefined;
  return { field, disposition, fact: 'schema', value: faults.map(({ at }) => at || '/'), message: `${what} do${what.startsWith('The arguments') ? '' : 'es'} not fit the schema: ${faultText(faults)}.`, remedy: 'Correct what is named and send it again.' };
}

function tooLarge(rules: Rules, { what, bytes }: Input, disposition: Disposition): Violation | undefined {
  const limit = rules.max_input_size_kb;
  if (bytes <= limit * 1024) return undefined;
  const value = Math.ceil(bytes / 102.4) / 10;
  return { field: 'max_input_size_kb', disposition, limit, fact: 'size in KB', value, message: `${what} ${what.startsWith('The arguments') ? 'are' : 'is'} ${value} KB; ${limit} KB are allowed.`, remedy: 'Send less at once, or a reference to it.' };
}

function wrongType(rules: Rules, texts: readonly TextPart[], disposition: Disposition): Violation | undefined {
  const allowed = rules.allowed_input_types;
  const value = allowed.length === 0 ? undefined : texts.map(({ text }) => typeOf(text)).find((type) => !allowed.includes(type));
  return value && { ...refuse('allowed_input_types', `The input of the run is ${value}; it may be ${allowed.join(' or ')}.`, disposition, `Send ${allowed.join(' or ')}.`), limit: allowed, fact: 'type', value };
}

function unlessJson(rules: Rules, disposition: Disposition): readonly Violation[] {
  const allowed = rules.allowed_input_types;
  return allowed.length === 0 || allowed.includes('json') ? [] : [{ ...refuse('allowed_input_types', `The payload of the signal is json; an input may be ${allowed.join(' or ')}.`, disposition, 'Allow `json`, or start the agent with a text.'), limit: allowed, fact: 'type', value: 'json' }];
}

function activeIn(field: string, { what, texts }: Input, disposition: Disposition): Violation | undefined {
  const spans = texts.flatMap(({ at, text }) => activeHtml(text).map((span) => ({ ...span, at })));
  if (spans.length === 0) return undefined;
  const value = [...new Set(spans.map(({ kind }) => kind))];
  const redactions: Redaction[] = spans.map(({ at, start, end }) => ({ at, start, end, label: 'HTML', text: '' }));
  return { ...refuse(field, `${what} hold${what.startsWith('The arguments') ? '' : 's'} HTML that acts when it is shown: ${value.join(', ')}.`, disposition, 'Send text, or HTML without it.'), fact: 'found', value, ...(disposition !== 'warn' && { redactions }) };
}

function refuse(field: string, message: string, disposition: Disposition, remedy: string): Violation {
  return { field, message, disposition, remedy };
}

function found(violations: readonly (Violation | undefined)[]): readonly Violation[] | undefined {
  const all = violations.filter((each) => each !== undefined);
  return all.length > 0 ? all : undefined;
}

const list = (violations: readonly Violation[] | undefined): readonly Violation[] => violations ?? [];

function runInput(texts: readonly TextPart[]): Input {
  return { what: 'The input of the run', value: texts.map((part) => parsed(part.text) ?? part.text), texts, bytes: texts.reduce((sum, part) => sum + bytesOf(part.text), 0) };
}

function signalInput(event: ActionEvent<'signal.before'>): Input {
  return inputOf(`The payload of ${event.name}`, event.payload, '/payload');
}

function inputOf(what: string, value: unknown, at: string): Input {
  return { what, value, texts: textsIn(value, at), bytes: bytesOf(JSON.stringify(value) ?? '') };
}

const NOT_JSON = Symbol('not JSON');

/** The input as the schema wants it: a text when it asks for one, else what the texts say as JSON. */
function readInput(wanted: JsonSchema | undefined, texts: readonly TextPart[]): unknown {
  const text = texts.map((part) => part.text).join('\n');
  if (wanted?.['type'] === 'string') return text;
  const value = parsed(text);
  return value === undefined ? NOT_JSON : value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function typeOf(text: string): (typeof TYPES)[number] {
  if (/[\u0000-\u0008\u000e-\u001a\u001c-\u001f\ufffd]|^\s*data:[^,\s]{0,200};base64,/.test(text)) return 'binary';
  const value = parsed(text);
  return typeof value === 'object' && value !== null ? 'json' : 'text';
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  if (typeof value === 'string') return value.trim() === '';
  return typeof value === 'object' && Object.values(value).every(isEmpty);
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

function textsIn(value: unknown, at: string): Input['texts'] {
  if (typeof value === 'string') return [{ at, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => textsIn(item, `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`));
}

function start(text: string): ActionEvent<'run.before'> {
  return { event: 'run.before', command: ['node', 'agent.js'], input: [{ at: '/input', role: 'user', text }] };
}

function signal(payload: Readonly<Record<string, unknown>>): ActionEvent<'signal.before'> {
  return { event: 'signal.before', name: 'lead.created', source: 'webhook', payload };
}

function call(name: string, args: Readonly<Record<string, unknown>>): ActionEvent<'tool.before'> {
  return { event: 'tool.before', name, args };
}
