// The data layer: which rows and fields of a source each agent gets to see, judged when it asks and again on what came back.

import type { DataCall, DataOperation, Row } from '../../protocol/action.ts';
import type { Disposition } from '../../protocol/verdict.ts';
import { defineCategory, type Category, type Checks, type Violation } from './category.ts';
import { checkExpression } from './cel/check.ts';
import type { CelEnvironment, Program } from './cel/expression.ts';
import { reachOf } from './detect/data-call.ts';
import type { DomainDeclaration, Grant } from './domain-schema.ts';
import type { Facts } from './facts.ts';
import { nameMatcher } from './globs.ts';
import type { Issue } from './issues.ts';
import { z } from 'zod';

/** Under this name the grants of domains speak in verdicts. Not one of the categories: it has no `rules:`, and a policy cannot ask for it. */
export const DATA_LAYER: Category = defineCategory({
  id: 'data-layer', title: 'Data layer', group: 'Data and security boundaries', why: 'Grants of a domain say which rows and fields an agent gets to see; what no grant is for stays closed.',
  rules: z.strictObject({}), dispositions: ['redact', 'block'] as const satisfies readonly Disposition[], onViolation: 'block', checks: () => ({}), examples: [],
});

/** What the condition of a grant may name. */
export const ROW: CelEnvironment = {
  variables: {
    row: { type: 'dyn', description: 'The row or document' },
    agent: { type: 'string', description: 'Agent of the run' },
    fleet: { type: 'string', description: 'Its fleet; empty without one' },
    user: { type: 'string', description: 'User of the run' },
    purpose: { type: 'string', description: 'Purpose the run was launched for; empty without one' },
    now: { type: 'timestamp', description: 'Time of the decision' },
  },
};

/** A grant whose condition is ready to be asked. */
interface Ready {
  readonly grant: Grant;
  readonly isFor: (facts: Facts) => boolean;
  readonly where: Program | undefined;
  readonly shows: (field: string) => boolean;
  readonly blacks: (field: string) => boolean;
}

/** The checks of one domain, and what is wrong with its expressions. */
export function guardDomain(name: string, domain: DomainDeclaration): { readonly checks: Checks; readonly issues: readonly Issue[] } {
  const issues: Issue[] = [];
  const grants = domain.grants.map((grant, at) => ready(grant, domain, ['grants', at], issues));
  const { match = {} } = domain;
  const owns = {
    table: matcherOf(match.tables), host: matcherOf(match.hosts), collection: matcherOf(match.collections), path: matcherOf(match.paths), server: matcherOf(match.servers),
  };
  const granted = (operation: DataOperation, facts: Facts): readonly Ready[] => grants.filter((each) => allows(each.grant, operation) && each.isFor(facts));
  const closed = (operation: DataOperation, facts: Facts): Violation | undefined => (granted(operation, facts).length > 0 ? undefined : shut(name, operation, facts));
  const ofData = (event: DataCall): boolean => event.source === name || (match.tables !== undefined && (reachOf(event).tables ?? event.tables ?? []).some((table) => owns.table(table) || owns.table(table.slice(table.lastIndexOf('.') + 1))));
  const ofRetrieval = ({ store, collection }: { readonly store: string; readonly collection?: string }): boolean => store === name || (collection !== undefined && owns.collection(collection));

  const checks: Checks = {
    'data.before': (event, facts) => {
      if (!ofData(event)) return undefined;
      const { operations, columns } = reachOf(event);
      const shutOut = operations.find((operation) => granted(operation, facts).length === 0);
      return shutOut === undefined ? hiddenColumns(name, columns, operations.flatMap((operation) => granted(operation, facts))) : shut(name, shutOut, facts);
    },
    'data.after': (event, facts) => (ofData(event) && event.rows ? screened(name, event.rows, event.tables, granted('read', facts), domain, facts) : undefined),
    'retrieval.before': (event, facts) => (ofRetrieval(event) ? closed('read', facts) : undefined),
    'retrieval.after': (event, facts) => (ofRetrieval(event) && event.documents.length > 0 ? screened(name, event.documents.map(({ fields, ...rest }) => fields ?? rest), undefined, granted('read', facts), domain, facts) : undefined),
    ...(match.paths && { 'file.before': (event, facts) => (owns.path(event.path) ? closed(FILE_AS_DATA[event.operation], facts) : undefined) } satisfies Checks),
    ...(match.hosts && { 'http.before': (event, facts) => (owns.host(event.host) ? closed(/^(?:GET|HEAD|OPTIONS)$/.test(event.method) ? 'read' : 'call', facts) : undefined) } satisfies Checks),
    ...(match.servers && { 'tool.before': (event, facts) => (event.server !== undefined && owns.server(event.server) ? closed(event.class === 'read' ? 'read' : 'call', facts) : undefined) } satisfies Checks),
  };
  return { checks, issues };
}

const FILE_AS_DATA = { read: 'read', list: 'read', create: 'insert', write: 'update', delete: 'delete' } as const;

const matcherOf = (names: readonly string[] | undefined): ((name: string) => boolean) => (names ? nameMatcher(names) : () => false);

function allows({ actions }: Grant, operation: DataOperation): boolean {
  return actions.includes(operation) || (operation !== 'read' && actions.includes('write'));
}

function ready(grant: Grant, domain: DomainDeclaration, path: readonly (string | number)[], issues: Issue[]): Ready {
  const checked = grant.where === undefined ? undefined : checkExpression(grant.where, ROW, 'bool');
  for (const { code, message, start, end, replace } of checked?.issues ?? []) {
    issues.push({ path: [...path, 'where'], on: 'value', code, severity: /always-/.test(code) ? 'warning' : 'error', message, within: { text: grant.where!, start, end }, ...(replace !== undefined && { mend: { title: `Change to \`${replace}\``, replace } }) });
  }
  const agents = grant.agents && nameMatcher(grant.agents);
  const fleets = grant.fleets && nameMatcher(grant.fleets);
  const named = grant.fields && fieldMatcher(grant.fields);
  const classOf = classesOf(domain);
  return {
    grant, where: checked?.program,
    isFor: (facts) => (agents?.(facts.agent) ?? true) && (fleets === undefined || (facts.fleet !== undefined && fleets(facts.fleet))) && (grant.purpose === undefined || facts.context['purpose'] === grant.purpose),
    shows: (field) => (named ? named(field) : classOf(field) !== 'restricted'),
    blacks: fieldMatcher(grant.redact ?? []),
  };
}

/** Fields match by their whole name, and `email` and `leads.email` are the same field when one of them leaves the table open. */
function fieldMatcher(names: readonly string[]): (field: string) => boolean {
  const whole = nameMatcher(names);
  const bare = nameMatcher(names.map(lastOf));
  return (field) => whole(field) || (field.includes('.') ? nameMatcher(names.filter((name) => !name.includes('.')))(lastOf(field)) : bare(field));
}

const lastOf = (field: string): string => field.slice(field.lastIndexOf('.') + 1);

function classesOf({ fields = {} }: DomainDeclaration): (field: string) => string | undefined {
  const byName = new Map(Object.entries(fields).flatMap(([field, { class: is }]) => [[field, is], [lastOf(field), is]] as const));
  return (field) => byName.get(field) ?? byName.get(lastOf(field));
}

function shut(name: string, operation: DataOperation, facts: Facts): Violation {
  return {
    field: 'grants', fact: 'agent', value: facts.agent,
    message: `${facts.agent} has no grant to ${operation} in ${name}. Do without, or say which data you would need.`, remedy: `Add a grant for ${facts.agent} under \`domains.${name}.grants\`.`,
  };
}

/** A hidden column says something even where only a condition or an order names it, so it must not be named at all. */
function hiddenColumns(name: string, columns: readonly string[] | undefined, grants: readonly Ready[]): Violation | undefined {
  const hidden = columns?.find((column) => column !== '*' && !column.endsWith('.*') && !grants.some(({ shows }) => shows(column)));
  if (hidden === undefined) return undefined;
  return { field: 'grants.fields', fact: 'column', value: hidden, message: `The column ${hidden} of ${name} is not open to this agent. Ask again without it.`, remedy: `Name ${hidden} in the \`fields:\` of a grant.` };
}

/** What of a result may be seen: rows that some grant is for, and of each the fields that those grants show. */
function screened(name: string, rows: readonly Row[], tables: readonly string[] | undefined, grants: readonly Ready[], domain: DomainDeclaration, facts: Facts): Violation | undefined {
  const variables = { agent: facts.agent, fleet: facts.fleet ?? '', user: facts.user, purpose: facts.context['purpose'] ?? '', now: facts.now };
  const classOf = classesOf(domain);
  const namesOf = (field: string): readonly string[] => (field.includes('.') || !tables?.length ? [field] : tables.map((table) => `${table}.${field}`));
  const drop: number[] = [];
  const blank: { index: number; field: string; label?: string }[] = [];
  const shown = new Map<Ready, number>();
  rows.forEach((row, index) => {
    const open = grants.filter((each) => holds(each, row, variables) && (shown.get(each) ?? 0) < (each.grant.max_records ?? Infinity));
    if (open.length === 0) return void drop.push(index);
    for (const each of open) shown.set(each, (shown.get(each) ?? 0) + 1);
    for (const field of Object.keys(row)) {
      const names = namesOf(field); // of several tables nobody can tell which one it is from, so it has to be open in all
      const showing = open.filter(({ shows }) => names.every(shows));
      if (showing.length === 0) blank.push({ index, field });
      else if (showing.every(({ blacks }) => names.some(blacks))) blank.push({ index, field, label: (classOf(names[0]!) ?? 'redacted').toUpperCase() });
    }
  });
  if (drop.length === 0 && blank.length === 0) return undefined;
  return {
    field: 'grants', disposition: 'redact', drop, blank, fact: 'rows', value: rows.length,
    message: `${rows.length - drop.length} of ${rows.length} records of ${name} are open to ${facts.agent}${blank.length > 0 ? ', not all of their fields' : ''}.`, remedy: `Widen a grant under \`domains.${name}.grants\`.`,
  };
}

/** A row of which the condition cannot be said is not open. */
function holds({ where }: Ready, row: Row, variables: Readonly<Record<string, unknown>>): boolean {
  if (!where) return true;
  try {
    return where.run({ row, ...variables }) === true;
  } catch {
    return false;
  }
}
