// Turns a checked tree into closures. Facts become direct reads of their owners; constant parts are evaluated here, once.

import { call, matches } from './calls.ts';
import { as, boxed, coerced, constantCode, folded, receive, unboxAs, type Code, type Run } from './code.ts';
import { EvaluationError, HERE, type ExpressionIssue, type FactField, type FactFields } from './expression.ts';
import { FUNCTIONS, METHODS, overloadsOf } from './functions.ts';
import { loop, MACROS } from './macros.ts';
import { issue, methodName } from './names.ts';
import { binary, logical, minus, not, ternary } from './operators.ts';
import { BOOL, DYN, fieldNamed, staticOf, staticType, STRING, type Ast, type LibraryType, type Static } from './types.ts';
import { kindOf, property, type Frame } from './values.ts';

export interface Generation {
  readonly source: string;
  readonly variables: FactFields;
  readonly groups: ReadonlyMap<string, FactFields>;
  readonly references: Set<string>;
}

/** Why no program can be made of a tree that parsed and has types. */
export class Unsuitable extends Error {
  readonly issue: ExpressionIssue;
  constructor(found: ExpressionIssue) {
    super(found.message);
    this.issue = found;
  }
}

/** Variables of the macros around, with their slots. */
type Scope = ReadonlyMap<string, Code>;

/** Throws an Unsuitable. */
export function generate(ast: Ast, generation: Generation): Code {
  return codeOf(ast, generation, new Map());
}

function codeOf(ast: Ast, gen: Generation, scope: Scope): Code {
  const of = (part: unknown): Code => codeOf(part as Ast, gen, scope);
  const args = ast.args as readonly [unknown, unknown, unknown];
  switch (ast.op) {
    case 'value': return literal(ast.args);
    case 'id': return variable(ast.args as string, gen, scope);
    case '.': return field(ast, of(args[0]), args[1] as string, gen);
    case '[]': return indexed(ast, of(args[0]), of(args[1]));
    case 'list': return list((ast.args as Ast[]).map(of), typeOf(ast, gen));
    case 'map': return map((ast.args as [Ast, Ast][]).map(([key, value]) => [of(key), of(value)] as const), ast, gen);
    case '?:': return conditional(of(args[0]), of(args[1]), of(args[2]), typeOf(ast, gen));
    case '&&': return logical(of(args[0]), of(args[1]), false);
    case '||': return logical(of(args[0]), of(args[1]), true);
    case '!_': return not(of(ast.args));
    case '-_': return minus(negatedLiteral(ast.args as Ast) ?? of(ast.args));
    case 'call': return functionCall(ast, gen, scope);
    case 'rcall': return Object.hasOwn(MACROS, (ast.args as [string])[0]) ? macro(ast, gen, scope) : methodCall(ast, gen, scope);
    default: return binary(ast.op, of(args[0]), of(args[1]), typeOf(ast, gen));
  }
}

function typeOf(ast: Ast, gen: Generation): Static {
  const type = staticType(ast.checkedType, gen.groups);
  if (!type) throw new Unsuitable(issue('unsupported', ast, `Values of type ${ast.checkedType?.name} are not supported.`));
  return type;
}

function literal(value: unknown): Code {
  if (typeof value === 'bigint') return constantCode({ kind: 'int' }, unboxAs('int', value, 'the literal'));
  return constantCode({ kind: kindOf(value) }, value);
}

/** -2^63 is written as a negation of what is too large by itself. */
function negatedLiteral(part: Ast): Code | undefined {
  return part.op === 'value' && part.args === 2n ** 63n ? constantCode({ kind: 'int' }, part.args) : undefined;
}

function variable(name: string, gen: Generation, scope: Scope): Code {
  const bound = scope.get(name);
  return bound ?? factCode(fieldNamed(gen.variables, name)!, name, (frame) => frame.input, name, gen);
}

function factCode({ type, read }: FactField, name: string, owner: Run, path: string, gen: Generation): Code {
  const known = staticOf(type);
  const take = read as ((owner: unknown) => unknown) | undefined;
  if (known.kind === 'group') return { type: known, path, run: take === HERE ? owner : reader(owner, name, take) };
  gen.references.add(path);
  const raw = reader(owner, name, take);
  const run = received(known, raw, path);
  return { type: known, path, run, ...(known.kind === 'duration' && { millis: (frame: Frame) => milliseconds(raw(frame), run, frame) }) };
}

function reader(owner: Run, name: string, take: ((owner: unknown) => unknown) | undefined): Run {
  if (take) return (frame) => take(owner(frame));
  return (frame) => {
    const value = owner(frame);
    return typeof value === 'object' && value !== null ? property(value, name) : undefined;
  };
}

/** The kinds that conditions compare most are tested in place. */
function received(type: Static, raw: Run, path: string): Run {
  switch (type.kind) {
    case 'string': case 'bool': {
      const wanted = type.kind === 'bool' ? 'boolean' : 'string';
      return (frame) => {
        const value = raw(frame);
        return typeof value === wanted ? value : receive(type, value, path);
      };
    }
    case 'int':
      return (frame) => {
        const value = raw(frame);
        return Number.isSafeInteger(value) ? value : receive(type, value, path);
      };
    default: return (frame) => receive(type, raw(frame), path);
  }
}

function milliseconds(value: unknown, run: Run, frame: Frame): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : (run(frame) as { valueOf(): number }).valueOf();
}

function field(ast: Ast, owner: Code, name: string, gen: Generation): Code {
  const path = owner.path === undefined ? name : `${owner.path}.${name}`;
  if (owner.type.kind === 'group') {
    const known = fieldNamed(owner.type.fields!, name);
    if (!known) throw new Unsuitable(issue('unknown-name', ast, `There is no \`${path}\`. There are: ${Object.keys(owner.type.fields!).join(', ')}.`));
    return factCode(known, name, owner.run, path, gen);
  }
  if (owner.type.kind !== 'dyn' && owner.type.kind !== 'map') throw new Unsuitable(issue('type', ast, `A ${owner.type.kind} has no fields, so \`${name}\` cannot be read from it.`));
  return { type: owner.type.element ?? DYN, path, run: member(owner, () => name, path) };
}

/** Reads a field or an item of what is known only now. */
function member(owner: Code, key: Run, path: string): Run {
  const { run, type } = owner;
  const element = type.element ?? DYN;
  return (frame) => {
    const value = run(frame);
    const at = key(frame);
    if (Array.isArray(value)) return receive(element, item(value, at), `${path}`);
    const found = kindOf(value) === 'map' ? property(value as object, at) : undefined;
    if (found === undefined) throw new EvaluationError('missing', `\`${path}\` is absent here`);
    return receive(element, found, path);
  };
}

function item(list: readonly unknown[], at: unknown): unknown {
  const index = typeof at === 'number' || typeof at === 'bigint' ? Number(at) : -1;
  const value = list[index];
  if (value === undefined) throw new EvaluationError('missing', `there is no item ${String(at)} in a list of ${list.length}`);
  return value;
}

function indexed(ast: Ast, owner: Code, key: Code): Code {
  if (owner.type.kind === 'group') throw new Unsuitable(issue('unsupported', ast, 'Facts of a group are read with a dot, as in `run.depth`.'));
  return { type: owner.type.element ?? DYN, path: `${owner.path ?? 'value'}[…]`, run: member(owner, boxed(key), `${owner.path ?? 'value'}[…]`) };
}

function list(items: readonly Code[], type: Static): Code {
  const runs = items.map(boxed);
  return folded({ type, run: (frame) => runs.map((run) => run(frame)) }, ...items);
}

function map(entries: readonly (readonly [Code, Code])[], ast: Ast, gen: Generation): Code {
  const parts = entries.map(([key, value]) => [as(key, 'string', 'the key of a map'), boxed(value)] as const);
  if (entries.some(([key]) => key.type.kind !== 'string' && key.type.kind !== 'dyn')) throw new Unsuitable(issue('unsupported', ast, 'Keys of a map must be texts here, as they are in JSON.'));
  return folded({ type: typeOf(ast, gen), run: (frame) => Object.fromEntries(parts.map(([key, value]) => [key(frame), value(frame)])) }, ...entries.flat());
}

function conditional(condition: Code, yes: Code, no: Code, type: Static): Code {
  return folded(ternary(condition, coerced(yes, type), coerced(no, type), type), condition, yes, no);
}

function functionCall(ast: Ast, gen: Generation, scope: Scope): Code {
  const [name, parts] = ast.args as [string, Ast[]];
  if (name === 'has') return presence(parts[0]!, gen, scope);
  return called(name, FUNCTIONS, parts.map((part) => codeOf(part, gen, scope)), { start: ast.start, end: ast.start + name.length }, ast, gen, scope);
}

function methodCall(ast: Ast, gen: Generation, scope: Scope): Code {
  const [name, receiver, parts] = ast.args as [string, Ast, Ast[]];
  const text = codeOf(receiver, gen, scope);
  if (name === 'matches') return pattern(text, parts[0]!, scope);
  return called(name, METHODS, [text, ...parts.map((part) => codeOf(part, gen, scope))], methodName(gen.source, receiver.end, name, ast), ast, gen, scope);
}

function called(name: string, table: typeof METHODS, args: readonly Code[], at: { start: number; end: number }, ast: Ast, gen: Generation, scope: Scope): Code {
  const code = call(name, overloadsOf(table, name, args.length), args, typeOf(ast, gen), scope.size > 0);
  if (code) return code;
  throw new Unsuitable(issue('type', at, `${name}() does not take these values: ${args.map(({ type }) => (type.kind === 'dyn' ? 'a value of unknown type' : type.kind)).join(', ') || 'none'}.`));
}

function pattern(text: Code, literalPattern: Ast, scope: Scope): Code {
  try {
    return matches(text, literalPattern.args as string, scope.size > 0);
  } catch (error) {
    throw new Unsuitable(issue('unsupported', literalPattern, `RE2 does not take this pattern: ${error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error)}. Look-around and back-references cannot be matched in linear time.`));
  }
}

/** `has(a.b)`: whether `b` is there. What is before it must be. */
function presence(ast: Ast, gen: Generation, scope: Scope): Code {
  const [before, name] = ast.args as [Ast, string];
  const owner = codeOf(before, gen, scope);
  const path = `${owner.path}.${name}`;
  if (owner.type.kind === 'group') {
    const known = fieldNamed(owner.type.fields!, name);
    if (!known) throw new Unsuitable(issue('unknown-name', ast, `There is no \`${path}\`.`));
    gen.references.add(path);
    if (known.read === HERE) return constantCode(BOOL, true);
    const raw = reader(owner.run, name, known.read as ((owner: unknown) => unknown) | undefined);
    return { type: BOOL, run: (frame) => raw(frame) !== undefined };
  }
  if (owner.type.kind !== 'dyn' && owner.type.kind !== 'map') throw new Unsuitable(issue('type', ast, `A ${owner.type.kind} has no fields, so has() cannot ask it for \`${name}\`.`));
  const { run } = owner;
  return { type: BOOL, run: (frame) => has(run(frame), name) };
}

function has(value: unknown, name: string): boolean {
  return kindOf(value) === 'map' && property(value as object, name) !== undefined;
}

function macro(ast: Ast, gen: Generation, scope: Scope): Code {
  const [name, receiver, parts] = ast.args as [string, Ast, Ast[]];
  const range = codeOf(receiver, gen, scope);
  const item = itemType(range.type, receiver.checkedType);
  if (!item) throw new Unsuitable(issue('type', receiver, `Only lists and maps have items, but this is ${range.type.kind}.`));
  const label = parts[0]!.args as string;
  const slot = scope.size;
  const inside = new Map(scope).set(label, { type: item, path: label, run: (frame) => frame.slots[slot] });
  // A name that is bound again hides the outer one, yet needs a slot of its own.
  if (inside.size === scope.size) inside.set(`${label} outside`, scope.get(label)!);
  const [test, transform] = name !== 'map' ? [parts[1], undefined] : parts.length === 3 ? [parts[1], parts[2]] : [undefined, parts[1]];
  const code = (part: Ast | undefined): Code | undefined => part && codeOf(part, gen, inside);
  return loop({ name, range, item, slot, label, predicate: code(test), transform: code(transform), type: typeOf(ast, gen) });
}

/** Lists give their items, maps their keys. */
function itemType(range: Static, checked: LibraryType | undefined): Static | undefined {
  if (range.kind === 'dyn') return DYN;
  if (range.kind === 'list') return range.element ?? DYN;
  return range.kind === 'map' ? (checked?.keyType?.kind === 'dyn' ? DYN : STRING) : undefined;
}
