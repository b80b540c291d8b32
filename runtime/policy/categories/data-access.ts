// The `data-access` category: which data sources, tables, columns and files an agent may read or write, and how much a query may bring.

import { z } from 'zod';
import { DATA_OPERATIONS, type ActionEvent, type FileCall, type Row } from '../../../protocol/action.ts';
import { defineCategory, type Checks, type PolicyHeader, type Violation } from '../category.ts';
import { isWrite, reachOf, type DataReach } from '../detect/data-call.ts';
import { isPathPattern, pathMatcher, sourcePatterns } from '../detect/places.ts';
import { nameMatcher } from '../globs.ts';

const sources = (text: string, example: readonly string[]) => z.array(z.string().trim().min(1)).min(1).optional().describe(text).meta({ reference: 'domain', examples: [example] });

const rules = z.strictObject({
  allowed_data_sources: sources('What may be touched, and nothing else: sources (`crm`), tables (`crm.leads`), paths (`/work/data`, with all below it), or globs. Names bound data calls, patterns with a `/` bound files, `*` stands for everything; a list that has none of a kind leaves that kind alone.', ['crm.leads', '/work/data']),
  blocked_data_sources: sources('What is never touched, written the same way. Stronger than `allowed_data_sources`; a table is meant in every schema, and case makes no difference. A statement that cannot be read counts as touching every table of its source.', ['crm.salaries', '*/.env']),
  read_only_sources: sources('What is read and never changed, written the same way. Held against the statement itself: also a function that may write, and a statement that cannot be read, count as writes.', ['billing', 'crm.accounts']),
  allowed_operations: z.array(z.enum(DATA_OPERATIONS)).min(1).optional().describe('What may be done to data sources, as read from the statement: `define` changes tables, `call` runs procedures and functions that may write. Files are not meant.').meta({ examples: [['read', 'insert']] }),
  blocked_columns: sources('Columns that are never read or written: `column`, `table.column`, `source.table.column`, or globs. Statements have to name their columns, because `*` would take in all; what still comes back under such a name is left out of the rows.', ['ssn', 'leads.salary']),
  require_filter: z.boolean().default(false).describe('Refuse an UPDATE or DELETE without a WHERE, and statements of which nobody can tell.').meta({ examples: [true] }),
  max_records_per_query: z.int().positive().optional().describe('Most rows of one query that reach the agent.').meta({ unit: 'count', examples: [1000] }),
  on_surplus: z.enum(['drop', 'warn', 'block']).default('drop').describe('What happens when a query brings more than `max_records_per_query`: the rest is dropped, the agent is only noted, or the whole result is withheld. Rows that cannot be told apart cannot be dropped, and are withheld.').meta({ examples: ['block'] }),
});
type Rules = z.output<typeof rules>;
type DataBefore = ActionEvent<'data.before'>;
type DataAfter = ActionEvent<'data.after'>;
type DataCheck = (event: DataBefore, reach: DataReach) => Violation | undefined;
type FileCheck = (event: FileCall) => Violation | undefined;

export const dataAccess = defineCategory({
  id: 'data-access',
  title: 'Data access',
  group: 'Data and security boundaries',
  why: 'A tool that runs SQL can do whatever its account can, and a prompt that says "only read" holds nobody back. These rules are held against the statement itself, read as the database reads it, and against the rows that come back, so that a write in a sub-query, a forbidden table in a join or a result of a million rows is stopped before it does harm. What cannot be read is taken for a write on any table.',
  rules,
  dispositions: ['warn', 'gate', 'block'],
  onViolation: 'block',
  checks(rules, policy): Checks {
    const data = dataChecks(rules);
    const files = fileChecks(rules);
    const result = resultCheck(rules, policy);
    return {
      ...(data.length > 0 && { 'data.before': (event: DataBefore) => first(data, event, reachOf(event)) }),
      ...(files.length > 0 && { 'file.before': (event: ActionEvent<'file.before'>) => first(files, event) }),
      ...(result && { 'data.after': result }),
    };
  },
  examples: [
    { title: 'A source outside the list', rules: 'allowed_data_sources: [crm]', event: sql('select id from invoices', 'billing'), expect: 'block', field: 'allowed_data_sources' },
    { title: 'A source on the list', rules: 'allowed_data_sources: [crm]', event: sql('select id from leads'), expect: 'allow' },
    { title: 'A join with a table outside the list', rules: 'allowed_data_sources: [crm.leads]', event: sql('select l.id from leads l join salaries s on s.id = l.owner'), expect: 'block', field: 'allowed_data_sources' },
    { title: 'A file outside the directory', rules: 'allowed_data_sources: [/work/data]', event: file('read', '/etc/passwd'), expect: 'block', field: 'allowed_data_sources' },
    { title: 'A file below the directory', rules: 'allowed_data_sources: [/work/data]', event: file('read', '/work/data/leads.csv'), expect: 'allow' },
    { title: 'A blocked table in a sub-query', rules: 'blocked_data_sources: [crm.salaries]', event: sql('select id from leads where owner in (select id from public.Salaries)'), expect: 'block', field: 'blocked_data_sources' },
    { title: 'Any other table', rules: 'blocked_data_sources: [crm.salaries]', event: sql('select id from leads'), expect: 'allow' },
    { title: 'An insert behind a WITH, on a source that is only read', rules: 'read_only_sources: [crm]', event: sql('with gone as (delete from leads returning id) select id from gone'), expect: 'block', field: 'read_only_sources' },
    { title: 'A read of it', rules: 'read_only_sources: [crm]', event: sql('select id, name from leads limit 10'), expect: 'allow' },
    { title: 'A statement that nobody can read', rules: 'read_only_sources: [crm]', event: sql('frobnicate the leads'), expect: 'block', field: 'read_only_sources' },
    { title: 'A write to a directory that is only read', rules: 'read_only_sources: [/work/data]', event: file('write', '/work/data/leads.csv'), expect: 'block', field: 'read_only_sources' },
    { title: 'A delete where only reads and inserts may be', rules: 'allowed_operations: [read, insert]', event: sql('delete from leads where id = 1'), expect: 'block', field: 'allowed_operations' },
    { title: 'An insert', rules: 'allowed_operations: [read, insert]', event: sql("insert into leads (name) values ('Ann')"), expect: 'allow' },
    { title: 'A column that is never read, under another name', rules: 'blocked_columns: [leads.ssn]', event: sql('select l.ssn as code from leads l'), expect: 'block', field: 'blocked_columns' },
    { title: 'Other columns', rules: 'blocked_columns: [leads.ssn]', event: sql('select id, name from leads'), expect: 'allow' },
    { title: 'A column that comes back all the same', rules: 'blocked_columns: [ssn]', event: rows([{ id: 1, ssn: '123-45-6789' }]), expect: 'redact', field: 'blocked_columns' },
    { title: 'An UPDATE of every row', rules: 'require_filter: true', event: sql("update leads set region = 'EU'"), expect: 'block', field: 'require_filter' },
    { title: 'An UPDATE of some rows', rules: 'require_filter: true', event: sql("update leads set region = 'EU' where id = 7"), expect: 'allow' },
    { title: 'The third row of two', rules: 'max_records_per_query: 2', event: rows([{ id: 1 }, { id: 2 }, { id: 3 }]), expect: 'redact', field: 'max_records_per_query' },
    { title: 'Two rows', rules: 'max_records_per_query: 2', event: rows([{ id: 1 }, { id: 2 }]), expect: 'allow' },
    { title: 'Too many rows are withheld altogether', rules: '{ max_records_per_query: 2, on_surplus: block }', event: rows([{ id: 1 }, { id: 2 }, { id: 3 }]), expect: 'block', field: 'max_records_per_query' },
    { title: 'Few enough are not', rules: '{ max_records_per_query: 2, on_surplus: block }', event: rows([{ id: 1 }]), expect: 'allow' },
  ],
});

function first<A extends readonly unknown[]>(checks: readonly ((...args: A) => Violation | undefined)[], ...args: A): Violation | undefined {
  for (const check of checks) {
    const violation = check(...args);
    if (violation) return violation;
  }
  return undefined;
}

/** `*` bounds both data calls and files. */
function namesIn(patterns: readonly string[] | undefined): readonly string[] {
  return patterns?.filter((each) => !isPathPattern(each) || /^\*+$/.test(each)) ?? [];
}

function pathsIn(patterns: readonly string[] | undefined): readonly string[] {
  return patterns?.filter(isPathPattern) ?? [];
}

function dataChecks(rules: Rules): readonly DataCheck[] {
  const checks: DataCheck[] = [];
  const blocked = namesIn(rules.blocked_data_sources);
  const allowed = namesIn(rules.allowed_data_sources);
  const readOnly = namesIn(rules.read_only_sources);
  const { allowed_operations: operations, blocked_columns: columns } = rules;
  if (blocked.length > 0) {
    const patterns = sourcePatterns(blocked);
    checks.push(({ source }, reach) => {
      const pattern = patterns.touches(source, reach.tables);
      return pattern === undefined ? undefined : refused('blocked_data_sources', pattern, 'source', source, `${pattern} may not be touched${unread(reach)}.`, 'Use another source, or leave this table out.');
    });
  }
  if (allowed.length > 0) {
    const patterns = sourcePatterns(allowed);
    checks.push(({ source }, reach) => (patterns.covers(source, reach.tables) ? undefined
      : refused('allowed_data_sources', allowed, 'source', touched(source, reach), `${touched(source, reach)} is not among what may be touched: ${allowed.join(', ')}${unread(reach)}.`, `Use only ${allowed.join(', ')}.`)));
  }
  if (readOnly.length > 0) {
    const patterns = sourcePatterns(readOnly);
    checks.push(({ source }, reach) => {
      const pattern = isWrite(reach) ? patterns.touches(source, reach.writes) : undefined;
      return pattern === undefined ? undefined : refused('read_only_sources', pattern, 'operation', reach.operations, `${pattern} may only be read, and this ${reach.unread === undefined ? 'statement changes it, or runs a function that may' : 'statement may change it'}${unread(reach)}.`, 'Read it with a plain SELECT, or ask a person to make the change.');
    });
  }
  if (operations) checks.push((_, reach) => forbidden(operations, reach));
  if (rules.require_filter) checks.push((_, reach) => (reach.unfiltered ? refused('require_filter', true, 'filter', 'none', reach.unread === undefined ? 'An UPDATE or DELETE without a WHERE would change every row.' : `Nobody can tell which rows this statement changes${unread(reach)}.`, 'Say in a WHERE which rows are meant.') : undefined));
  if (columns) checks.push(columnCheck(columns));
  return checks;
}

function forbidden(allowed: readonly string[], reach: DataReach): Violation | undefined {
  const operation = reach.operations.find((each) => !allowed.includes(each));
  return operation === undefined ? undefined : refused('allowed_operations', allowed, 'operation', operation, `The operation ${operation} may not be used${unread(reach)}; allowed: ${allowed.join(', ')}.`, `Do it with ${allowed.join(' or ')}, or ask a person.`);
}

function columnCheck(patterns: readonly string[]): DataCheck {
  const isBlocked = nameMatcher(patterns.map((each) => each.toLowerCase()));
  return ({ source, statement }, { columns, tables, unread: why }) => {
    if (columns === undefined) return statement === undefined ? undefined : refused('blocked_columns', patterns, 'columns', 'unknown', `Nobody can tell which columns this statement takes, because ${why}.`, 'Write it as plain SQL that names its columns.');
    const column = columns.find((each) => each === '*' || tables?.includes(each) || spellings(source, tables, each).some(isBlocked));
    if (column === undefined) return undefined;
    if (column === '*' || tables?.includes(column)) return refused('blocked_columns', patterns, 'column', column, `${column === '*' ? '`*`' : column} takes in all columns, and some may not be read: ${patterns.join(', ')}.`, 'Name the columns that you need.');
    return refused('blocked_columns', patterns, 'column', column, `The column ${column} may not be read or written.`, 'Leave it out.');
  };
}

/** The ways a policy may name a column of a statement. */
function spellings(source: string, tables: readonly string[] | undefined, column: string): readonly string[] {
  const dot = column.lastIndexOf('.');
  const name = column.slice(dot + 1).toLowerCase();
  const owners = dot < 0 ? tables ?? [] : [column.slice(0, dot).toLowerCase()];
  return [name, ...owners.flatMap((table) => [table, table.slice(table.lastIndexOf('.') + 1)].flatMap((each) => [`${each}.${name}`, `${source.toLowerCase()}.${each}.${name}`]))];
}

function fileChecks(rules: Rules): readonly FileCheck[] {
  const checks: FileCheck[] = [];
  const blocked = pathsIn(rules.blocked_data_sources);
  const allowed = pathsIn(rules.allowed_data_sources);
  const readOnly = pathsIn(rules.read_only_sources);
  if (blocked.length > 0) {
    const matches = pathMatcher(blocked, true);
    checks.push(({ path }) => {
      const pattern = matches(path);
      return pattern === undefined ? undefined : refused('blocked_data_sources', pattern, 'path', path, `The file ${path} may not be touched.`, 'Do without it.');
    });
  }
  if (allowed.length > 0) {
    const matches = pathMatcher(allowed);
    checks.push(({ path }) => (matches(path) !== undefined ? undefined : refused('allowed_data_sources', allowed, 'path', path, `The file ${path} is not among what may be touched: ${allowed.join(', ')}.`, `Use only files under ${allowed.join(', ')}.`)));
  }
  if (readOnly.length > 0) {
    const matches = pathMatcher(readOnly, true);
    checks.push(({ path, operation }) => {
      const pattern = operation === 'read' || operation === 'list' ? undefined : matches(path);
      return pattern === undefined ? undefined : refused('read_only_sources', pattern, 'path', path, `The file ${path} may only be read.`, 'Write somewhere else, or ask a person to make the change.');
    });
  }
  return checks;
}

function resultCheck(rules: Rules, policy: PolicyHeader): Checks['data.after'] {
  const { max_records_per_query: most, blocked_columns: columns } = rules;
  if (most === undefined && columns === undefined) return undefined;
  const isBlocked = nameMatcher(columns?.map((each) => each.toLowerCase()) ?? []);
  return (event) => {
    const found = [most === undefined ? undefined : surplus(event, most, rules.on_surplus), columns && event.rows ? leftOver(event, event.rows, columns, isBlocked, policy) : undefined].filter((each) => each !== undefined);
    return found.length > 0 ? found : undefined;
  };
}

function surplus(event: DataAfter, most: number, action: Rules['on_surplus']): Violation | undefined {
  const value = event.rows?.length ?? (isWrite(reachOf(event)) ? 0 : event.count ?? 0);
  if (value <= most) return undefined;
  const drop = event.rows && action !== 'warn' ? Array.from({ length: value - most }, (_, index) => most + index) : undefined;
  const dropped = action === 'drop' && drop !== undefined;
  return {
    field: 'max_records_per_query', disposition: dropped ? 'redact' : action === 'warn' ? 'warn' : 'block', limit: most, fact: 'rows', value, drop,
    message: `The query brought ${value} rows; ${most} may be read at once${dropped ? `, so ${value - most} were left out` : ''}. Narrow it, count instead of listing, or read in pages.`, remedy: `Ask for at most ${most} rows.`,
  };
}

/** Looks into nested values too: a whole row can come back as one JSON value. */
function leftOver(event: DataAfter, rows: readonly Row[], patterns: readonly string[], isBlocked: (name: string) => boolean, policy: PolicyHeader): Violation | undefined {
  const { tables } = reachOf(event);
  const known = new Map<string, boolean>();
  const blocked = (key: string): boolean => known.get(key) ?? known.set(key, spellings(event.source, tables, key).some(isBlocked)).get(key)!;
  const holds = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.entries(value).some(([key, inner]) => (!Array.isArray(value) && blocked(key)) || holds(inner));
  const blank = rows.flatMap((row, index) => Object.keys(row).filter((field) => blocked(field) || holds(row[field])).map((field) => ({ index, field })));
  if (blank.length === 0) return undefined;
  const fields = [...new Set(blank.map(({ field }) => field))];
  const warns = policy.onViolation === 'warn';
  return { field: 'blocked_columns', disposition: warns ? 'warn' : 'redact', limit: patterns, fact: 'columns', value: fields, blank: warns ? undefined : blank, message: `The rows hold columns that may not be read: ${fields.join(', ')}.`, remedy: 'Leave them out of the query.' };
}

function refused(field: string, limit: unknown, fact: string, value: unknown, message: string, remedy: string): Violation {
  return { field, limit, fact, value, message: `${message} ${remedy}`, remedy };
}

function touched(source: string, { tables }: DataReach): string {
  return tables && tables.length > 0 ? tables.map((each) => `${source}.${each}`).join(', ') : source;
}

function unread(reach: DataReach): string {
  return reach.unread === undefined ? '' : `: it cannot be read, because ${reach.unread}`;
}

function sql(statement: string, source = 'crm'): DataBefore {
  return { event: 'data.before', source, operation: 'read', statement };
}

function rows(rows: readonly Row[]): DataAfter {
  return { event: 'data.after', source: 'crm', operation: 'read', rows, count: rows.length };
}

function file(operation: FileCall['operation'], path: string): ActionEvent<'file.before'> {
  return { event: 'file.before', operation, path };
}
