// Which names an expression uses: what is unknown or not supported is found here, all of it at once, before types are checked.

import type { UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { closest } from '../suggest.ts';
import type { CelEnvironment, ExpressionCode, ExpressionIssue, FactFields, FactType } from './expression.ts';
import { FUNCTIONS, METHODS } from './functions.ts';
import { MACROS } from './macros.ts';
import { fieldNamed, type Ast } from './types.ts';

export function issue(code: ExpressionCode, at: { readonly start: number; readonly end: number }, message: string, replace?: string): ExpressionIssue {
  return { code: `fullarc/expression/${code}`, start: at.start, end: at.end, message, ...(replace !== undefined && { replace }) };
}

interface Walk {
  readonly environment: CelEnvironment;
  readonly source: string;
  readonly issues: ExpressionIssue[];
}

type Bound = ReadonlySet<string>;

export function checkNames(ast: Ast, source: string, environment: CelEnvironment): readonly ExpressionIssue[] {
  const walk: Walk = { environment, source, issues: [] };
  visit(walk, ast, new Set());
  return walk.issues;
}

function visit(walk: Walk, ast: Ast, bound: Bound): void {
  switch (ast.op) {
    case 'value': return literal(walk, ast);
    case 'id': case '.': return path(walk, ast, bound);
    case 'call': return functionCall(walk, ast, bound);
    case 'rcall': return methodCall(walk, ast, bound);
    case 'map': return (ast.args as [Ast, Ast][]).forEach(([key, value]) => (mapKey(walk, key), visit(walk, key, bound), visit(walk, value, bound)));
    case '!_': case '-_': return negated(walk, ast, bound);
    default: for (const part of ast.args as Ast[]) visit(walk, part, bound);
  }
}

const INT_MAX = 2n ** 63n - 1n;

function literal({ issues }: Walk, ast: Ast): void {
  const value = ast.args as string | number | bigint | boolean | null | Uint8Array | UnsignedInt;
  if (typeof value === 'bigint' && value > INT_MAX) issues.push(issue('type', ast, 'This integer does not fit into 64 bits.'));
  if (value instanceof Uint8Array) issues.push(issue('unsupported', ast, 'Bytes are not supported: no fact has them. Write a text, without the `b` before it.'));
  else if (typeof value === 'object' && value !== null) issues.push(issue('unsupported', ast, 'Unsigned integers are not supported: write the number without `u`.'));
}

/** The smallest integer can only be written as a negated literal that would itself be too large. */
function negated(walk: Walk, ast: Ast, bound: Bound): void {
  const part = ast.args as Ast;
  if (!(ast.op === '-_' && part.op === 'value' && part.args === INT_MAX + 1n)) visit(walk, part, bound);
}

function mapKey({ issues }: Walk, key: Ast): void {
  if (key.op === 'value' && typeof key.args !== 'string') issues.push(issue('unsupported', key, 'Keys of a map must be texts here, as they are in JSON.'));
}

/** Follows `a.b.c` from its root through the groups of facts. */
function path(walk: Walk, ast: Ast, bound: Bound): void {
  const steps: Ast[] = [];
  let root = ast;
  for (; root.op === '.'; root = (root.args as [Ast, string])[0]) steps.unshift(root);
  if (root.op !== 'id') return visit(walk, root, bound);
  const name = root.args as string;
  if (bound.has(name)) return;
  const variable = fieldNamed(walk.environment.variables, name);
  if (!variable) return void walk.issues.push(unknown(walk, root, name, name, walk.environment.variables, [...bound]));
  let type: FactType = variable.type;
  let owner = name;
  for (const step of steps) {
    if (typeof type === 'string' || !('fields' in type)) return;
    const key = (step.args as [Ast, string])[1];
    const field = fieldNamed(type.fields, key);
    if (!field) return void walk.issues.push(unknown(walk, { start: step.end - key.length, end: step.end }, `${owner}.${key}`, key, type.fields));
    [type, owner] = [field.type, `${owner}.${key}`];
  }
  if (typeof type === 'object' && 'fields' in type) walk.issues.push(issue('type', ast, `\`${owner}\` is a group of facts, not a value. Name one of them: ${Object.keys(type.fields).map((key) => `${owner}.${key}`).join(', ')}.`));
}

function unknown({ environment }: Walk, at: { readonly start: number; readonly end: number }, whole: string, name: string, fields: FactFields, more: readonly string[] = []): ExpressionIssue {
  const elsewhere = environment.elsewhere?.(whole);
  const names = [...Object.keys(fields), ...more];
  const near = elsewhere ? undefined : closest(name, names);
  return issue('unknown-name', at, `There is no \`${whole}\`${elsewhere ? ` here. ${elsewhere}` : near ? `. Did you mean \`${whole.slice(0, whole.length - name.length)}${near}\`?` : `. There are: ${names.join(', ')}.`}`, near);
}

function functionCall(walk: Walk, ast: Ast, bound: Bound): void {
  const [name, args] = ast.args as [string, Ast[]];
  if (name !== 'has' && !Object.hasOwn(FUNCTIONS, name)) walk.issues.push(notCallable({ start: ast.start, end: ast.start + name.length }, `${name}()`, name, [...Object.keys(FUNCTIONS), 'has']));
  else if (name === 'has') return args[0]?.op === '.' ? hasArgument(walk, args[0], bound) : void walk.issues.push(issue('type', ast, 'has() takes one path to a field, as in `has(args.to)`.'));
  for (const part of args) visit(walk, part, bound);
}

/** A whole group may be asked for: it is there or not. */
function hasArgument(walk: Walk, ast: Ast, bound: Bound): void {
  const before = walk.issues.length;
  path(walk, ast, bound);
  const last = walk.issues.at(-1);
  if (walk.issues.length > before && last?.code === 'fullarc/expression/type' && last.start === ast.start && last.end === ast.end) walk.issues.pop();
}

function methodCall(walk: Walk, ast: Ast, bound: Bound): void {
  const [name, receiver, args] = ast.args as [string, Ast, Ast[]];
  const at = methodName(walk.source, receiver.end, name, ast);
  const isMacro = Object.hasOwn(MACROS, name);
  if (isMacro && !MACROS[name]!.includes(args.length)) walk.issues.push(issue('type', at, `${name}() takes ${MACROS[name]!.join(' or ')} arguments: a variable and what is to be said of it.`));
  if (!isMacro && !Object.hasOwn(METHODS, name)) walk.issues.push(notCallable(at, `.${name}()`, name, [...Object.keys(METHODS), ...Object.keys(MACROS)]));
  if (name === 'matches' && args[0] && !(args[0].op === 'value' && typeof args[0].args === 'string')) walk.issues.push(issue('unsupported', args[0], 'matches() needs its pattern as a literal text, so that it is checked and compiled beforehand.'));
  visit(walk, receiver, bound);
  if (!isMacro) return args.forEach((part) => visit(walk, part, bound));
  const inside = args[0]?.op === 'id' ? new Set([...bound, args[0].args as string]) : bound;
  for (const part of args.slice(1)) visit(walk, part, inside);
}

export function methodName(source: string, from: number, name: string, ast: Ast): { start: number; end: number } {
  const start = source.indexOf(name, from);
  return start < 0 ? ast : { start, end: start + name.length };
}

function notCallable(at: { readonly start: number; readonly end: number }, shown: string, name: string, names: readonly string[]): ExpressionIssue {
  const near = closest(name, names);
  return issue('unsupported', at, `\`${shown}\` is not supported. ${near ? `Did you mean \`${near}\`?` : `There are: ${names.join(', ')}.`}`, near);
}
