// Checks an expression against the facts it may use, and makes a program of it. Knows nothing of policies.

import { Duration } from '@marcbachmann/cel-js/evaluator';
import { boxed, wrongKind, type Code } from './code.ts';
import { EvaluationError, LENGTH_LIMIT, STEP_LIMIT, type CelEnvironment, type Checked, type Expected, type ExpressionIssue, type Program } from './expression.ts';
import { generate, Unsuitable } from './generate.ts';
import { libraryFor, parseWith, type Refusal } from './library.ts';
import { checkNames, issue } from './names.ts';
import { plainType, type Ast } from './types.ts';
import { kindOf, type Frame } from './values.ts';

/** Never throws for any text. `expected` is what the expression must give. */
export function checkExpression(source: string, environment: CelEnvironment, expected: Expected = 'dyn'): Checked {
  if (source.length > LENGTH_LIMIT) return { issues: [issue('too-large', { start: 0, end: source.length }, `The expression has ${source.length} characters; ${LENGTH_LIMIT} are allowed.`)] };
  if (source.trim() === '') return { issues: [issue('syntax', { start: 0, end: source.length }, 'The expression is empty.')] };
  const library = libraryFor(environment);
  const parsed = parseWith(library, source);
  if (!('ast' in parsed)) return { issues: [syntaxIssue(parsed, source)] };
  const names = checkNames(parsed.ast, source, environment);
  if (names.length > 0) return { issues: names };
  const refused = parsed.check();
  if (refused) return { issues: [typeIssue(refused)] };
  const references = new Set<string>();
  try {
    const code = generate(parsed.ast, { source, variables: environment.variables, groups: library.groups, references });
    return finish(code, [...references], source, parsed.ast, expected);
  } catch (error) {
    if (error instanceof Unsuitable) return { issues: [error.issue] };
    throw error;
  }
}

function finish(code: Code, references: readonly string[], source: string, ast: Ast, expected: Expected): Checked {
  const type = plainType(ast.checkedType?.name ?? 'dyn');
  const whole = { start: 0, end: source.length };
  const { kind } = code.type;
  if (expected !== 'dyn' && kind !== 'dyn' && kind !== expected) return { type, issues: [issue('type', whole, `This must be ${expected}, but it is ${type}.`)] };
  const program = programOf(code, references, expected);
  if (code.constant || references.length === 0) {
    try {
      program.run({});
    } catch (error) {
      if (error instanceof EvaluationError) return { type, issues: [issue('type', whole, `This never has a value: ${error.message}.`)] };
      throw error;
    }
  }
  return { type, program, issues: constantIssues(code, whole, expected) };
}

function constantIssues({ constant }: Code, whole: { start: number; end: number }, expected: Expected): readonly ExpressionIssue[] {
  if (expected !== 'bool' || !constant) return [];
  return constant.value === true ? [issue('always-true', whole, 'This is always true, so it decides nothing. Remove it, or compare a fact.')] : [issue('always-false', whole, 'This is never true, whatever the facts are. Remove it, or compare a fact.')];
}

function programOf(code: Code, references: readonly string[], expected: Expected): Program {
  const frame: Frame = { input: undefined, steps: 0, slots: [] };
  const { run } = code;
  const plain = code.type.kind === 'bool' || code.type.kind === 'string' || code.type.kind === 'int' || code.type.kind === 'double' || code.type.kind === 'timestamp';
  return {
    references,
    ...(code.constant && { constant: plainValue(code.constant.value) }),
    run(variables) {
      frame.input = variables;
      frame.steps = STEP_LIMIT;
      try {
        const value = run(frame);
        return plain ? value : wanted(plainValue(value), value, expected);
      } finally {
        frame.input = undefined;
        if (frame.slots.length > 0) frame.slots.length = 0;
      }
    },
  };
}

/** Numbers and milliseconds in place of bigints, dates and durations, however deep. */
function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value instanceof Date) return value.getTime();
  if (value instanceof Duration) return value.valueOf();
  if (Array.isArray(value)) return value.some(isBoxed) ? value.map(plainValue) : value;
  return value;
}

const isBoxed = (value: unknown): boolean => typeof value === 'bigint' || (typeof value === 'object' && value !== null && (value instanceof Date || value instanceof Duration || Array.isArray(value)));

function wanted(plain: unknown, value: unknown, expected: Expected): unknown {
  const kind = kindOf(value);
  if (expected !== 'dyn' && kind !== expected && !(expected === 'int' && Number.isSafeInteger(plain))) throw wrongKind('the result', expected, value);
  return plain;
}

/** The value with ints as bigints and times as objects, as the reference interpreter gives it. For the tests that compare the two. */
export function evaluateBoxed(source: string, environment: CelEnvironment, variables: unknown): unknown {
  const library = libraryFor(environment);
  const parsed = parseWith(library, source);
  if (!('ast' in parsed)) throw new Unsuitable(syntaxIssue(parsed, source));
  const [unknown] = checkNames(parsed.ast, source, environment);
  if (unknown) throw new Unsuitable(unknown);
  const refused = parsed.check();
  if (refused) throw new Unsuitable(typeIssue(refused));
  const code = generate(parsed.ast, { source, variables: environment.variables, groups: library.groups, references: new Set() });
  return boxed(code)({ input: variables, steps: STEP_LIMIT, slots: [] });
}

const TOKENS: Readonly<Record<string, string>> = {
  EOF: 'the end', NUMBER: 'a number', STRING: 'a text', IDENTIFIER: 'a name', RPAREN: '`)`', LPAREN: '`(`', RBRACKET: '`]`', LBRACKET: '`[`', RBRACE: '`}`', LBRACE: '`{`',
  COMMA: '`,`', COLON: '`:`', DOT: '`.`', AND: '`&&`', OR: '`||`', EQ: '`==`', NE: '`!=`', LT: '`<`', LE: '`<=`', GT: '`>`', GE: '`>=`', IN: '`in`', NOT: '`!`', QUESTION: '`?`',
  PLUS: '`+`', MINUS: '`-`', MULTIPLY: '`*`', DIVIDE: '`/`', MODULO: '`%`', BOOLEAN: '`true` or `false`', NULL: '`null`', BYTES: 'bytes',
};

function syntaxIssue({ code, summary, start, end }: Refusal, source: string): ExpressionIssue {
  if (code === 'limit_exceeded') return issue('too-large', { start: 0, end: source.length }, `The expression is too large: ${summary.replace(/^Exceeded max/, 'more than allowed of ')}.`);
  const words = summary.replace(/\b[A-Z]{2,}\b/g, (token) => TOKENS[token] ?? token);
  return issue('syntax', { start, end }, `${words}.${hint(source, start)}`);
}

/** What people write who come from other languages. */
function hint(source: string, at: number): string {
  const rest = source.slice(at);
  if (/^=(?!=)/.test(rest)) return ' Equality is written `==`.';
  if (/^&(?!&)/.test(rest) || /^and\b/i.test(rest)) return ' Both conditions are joined with `&&`.';
  if (/^\|(?!\|)/.test(rest) || /^or\b/i.test(rest)) return ' Alternatives are joined with `||`.';
  return /^not\b/i.test(source.slice(Math.max(0, at - 4))) ? ' Negation is written `!`.' : '';
}

function typeIssue({ code, summary, start, end }: Refusal): ExpressionIssue {
  const words = plainType(summary);
  const kind = code === 'unknown_variable' || code === 'no_such_key' ? 'unknown-name' : 'type';
  const overload = /^no such overload: (.+) ([^ ]+) (.+)$/.exec(words);
  return issue(kind, { start, end }, overload ? `\`${overload[2]}\` does not work between ${overload[1]} and ${overload[3]}.${numberHint(overload[1]!, overload[3]!)}` : `${words.charAt(0).toUpperCase()}${words.slice(1)}.`);
}

function numberHint(left: string, right: string): string {
  return left === 'int' && right === 'double' || left === 'double' && right === 'int' ? ' Write the whole number with a decimal point, as in `1.0`, or convert with double().' : '';
}
