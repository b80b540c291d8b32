// What `domains:` and `signals:` may say: sources of data with the rows and fields that each agent gets to see, and facts that come in from outside.

import { z } from 'zod';
import { DATA_OPERATIONS } from '../../protocol/action.ts';

export const DOMAIN_KINDS = ['sql', 'vector', 'http', 'mcp', 'file'] as const;
/** What a grant can allow. `write` is every operation that is not a read. */
export const GRANT_ACTIONS = ['read', 'write', ...DATA_OPERATIONS.filter((operation) => operation !== 'read')] as const;
export type GrantAction = (typeof GRANT_ACTIONS)[number];
/** From open to closed. */
export const FIELD_CLASSES = ['public', 'internal', 'pii', 'restricted'] as const;

const globs = (text: string, examples: readonly string[]) => z.array(z.string().min(1)).min(1).optional().describe(`${text} Exact names or globs.`).meta({ examples: [examples] });

const grantSchema = z.strictObject({
  agents: globs('Agents that it is for; absent means all.', ['writer']).meta({ reference: 'agent' }),
  fleets: globs('Fleets that it is for.', ['outreach']).meta({ reference: 'fleet' }),
  actions: z.array(z.enum(GRANT_ACTIONS)).min(1).default(['read']).describe('What they may do.').meta({ examples: [['read']] }),
  where: z.string().min(1).max(2000).optional().describe('Which rows or documents, as a CEL condition over `row`. A row of which it cannot be said is left out.').meta({ examples: ['row.region == "EU"'] }),
  fields: globs('Fields they get to see, `table.field` or `field`; absent means all that are not `restricted`.', ['leads.id', 'leads.name']),
  redact: globs('Fields that are blacked out.', ['leads.email']),
  max_records: z.int().min(0).max(1e6).optional().describe('Most rows or documents of one result; what is over is left out.').meta({ unit: 'count', examples: [200] }),
  purpose: z.string().min(1).optional().describe('Only for runs that were launched for this purpose.').meta({ examples: ['outreach'] }),
});

export const domainSchema = z.strictObject({
  kind: z.enum(DOMAIN_KINDS).describe('What kind of source it is.').meta({ examples: ['sql'] }),
  description: z.string().optional().describe('What it holds.').meta({ examples: ['Customers and leads'] }),
  match: z.strictObject({
    hosts: globs('Hosts it is reached at.', ['crm-db.internal']),
    tables: globs('Tables it consists of.', ['leads', 'accounts']),
    collections: globs('Collections of a vector store.', ['handbook-*']),
    paths: globs('Paths of its files.', ['/data/hr/*']),
    servers: globs('MCP servers that serve it.', ['crm']),
  }).optional().describe('How an action is recognised as one on this domain, besides the name that `tools:` gives as its source or store.').meta({ examples: [{ tables: ['leads'] }] }),
  fields: z.record(z.string(), z.strictObject({
    class: z.enum(FIELD_CLASSES).describe('How closed the field is: `restricted` ones are seen only where a grant names them.').meta({ examples: ['pii'] }),
    description: z.string().optional().describe('What it holds.'),
  })).optional().describe('Fields, `table.field` or `field`, with their class.').meta({ examples: [{ 'leads.email': { class: 'pii' } }] }),
  grants: z.array(grantSchema).default([]).describe('Who may do what. An agent that no grant is for gets nothing from this domain.'),
});
export type DomainDeclaration = z.output<typeof domainSchema>;
export type Grant = z.output<typeof grantSchema>;

export const SIGNAL_SOURCES = ['webhook', 'agent', 'schedule', 'manual', 'api'] as const;
export const FIELD_TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'date'] as const;

export const signalSchema = z.strictObject({
  description: z.string().optional().describe('What has happened when it comes.').meta({ examples: ['A lead was created'] }),
  sources: z.array(z.enum(SIGNAL_SOURCES)).min(1).optional().describe('Where it may come from; absent means anywhere.').meta({ examples: [['webhook']] }),
  schema: z.record(z.string(), z.union([z.enum(FIELD_TYPES), z.strictObject({ type: z.enum(FIELD_TYPES), description: z.string().optional(), optional: z.boolean().optional() })])).optional()
    .describe('Fields of its payload and their types.').meta({ examples: [{ lead_id: 'string', score: 'number' }] }),
  starts: z.strictObject({ agent: z.string().min(1).describe('Agent that is started.').meta({ reference: 'agent', examples: ['writer'] }) }).optional().describe('What it starts.').meta({ examples: [{ agent: 'writer' }] }),
  idempotency_key: z.string().min(1).max(500).optional().describe('Expression over `payload`: signals with the same key are one.').meta({ examples: ['payload.lead_id'] }),
});
export type SignalDeclaration = z.output<typeof signalSchema>;
