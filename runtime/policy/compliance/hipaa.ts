// HIPAA Security and Privacy Rules, as far as rules for agents can carry them out.

import type { Profile } from './requirement.ts';

const document = '45 CFR Part 164 (HIPAA Security and Privacy Rules)';

export const hipaa: Profile = {
  id: 'hipaa',
  title: 'HIPAA',
  about: 'Technical safeguards for agents that touch electronic protected health information. It says nothing of risk analysis, training, contracts with business associates or physical safeguards.',
  requirements: [
    { id: 'hipaa/access-control', title: 'Agents reach only the data they were given', source: { document, section: '§ 164.312(a)(1)' }, category: 'data-access', rules: [{ path: 'allowed_data_sources', op: 'non-empty' }], atLeast: 'gate', why: 'Systems with health information must be open only to those persons and programs that were granted access; an agent is such a program.' },
    { id: 'hipaa/minimum-necessary', title: 'No more fields than the task needs', source: { document, section: '§ 164.502(b), § 164.514(d)' }, category: 'privacy', rules: [{ path: 'data_minimization.allowed_fields', op: 'non-empty' }, { path: 'data_minimization.action', op: 'not', value: 'warn' }], atLeast: 'redact', why: 'Uses and disclosures are limited to the minimum necessary, and a query for a record brings all of it unless something takes the rest out.' },
    { id: 'hipaa/audit-trail', title: 'What agents do is recorded', source: { document, section: '§ 164.312(b)' }, category: 'audit', rules: [{ path: 'log_steps', op: 'equals', value: true, every: true }, { path: 'log_tool_calls', op: 'equals', value: true, every: true }], why: 'Activity in systems with health information must be recorded so that it can be examined.' },
    { id: 'hipaa/retention', title: 'Records are kept for six years', source: { document, section: '§ 164.316(b)(2)(i)' }, category: 'audit', rules: [{ path: 'retention_days', op: 'at-least', value: 2192 }], why: 'Required documentation is kept for six years from its creation; records of activity are commonly held to the same time.' },
    { id: 'hipaa/integrity', title: 'Deletions are bounded', source: { document, section: '§ 164.312(c)(1)' }, category: 'scope', rules: [{ path: 'max_records_deleted', op: 'set' }, { path: 'max_records_modified', op: 'set' }], atLeast: 'gate', why: 'Health information must be protected from improper alteration and destruction, and an agent errs at the speed of a program.' },
    { id: 'hipaa/transmission', title: 'Nothing travels unencrypted', source: { document, section: '§ 164.312(e)(1), (e)(2)(ii)' }, category: 'network', rules: [{ path: 'allowed_protocols', op: 'within', value: ['https', 'wss'] }], atLeast: 'gate', why: 'Health information that is sent over a network must be guarded against being read on its way.' },
    { id: 'hipaa/disclosure', title: 'Identifiers are stopped on their way out', source: { document, section: '§ 164.502(a), § 164.514(b)(2)(i)' }, category: 'content', rules: [{ path: 'pii_detection.enabled', op: 'equals', value: true }, { path: 'pii_detection.types', op: 'includes', value: ['email', 'phone', 'ssn'] }, { path: 'pii_detection.action', op: 'not', value: 'warn' }, { path: 'scan_arguments', op: 'equals', value: true }, { path: 'scan_outputs', op: 'equals', value: true }], atLeast: 'redact', why: 'Information is disclosed only where the rule permits it; these are the listed identifiers that can be told from any other text.' },
    { id: 'hipaa/session-isolation', title: 'Sessions do not share memory', source: { document, section: '§ 164.312(a)(1)' }, category: 'memory', rules: [{ path: 'session_isolation', op: 'equals', value: true }, { path: 'cross_session_memory', op: 'equals', value: false }], atLeast: 'gate', why: 'What an agent remembers of one patient must not be open to a session about another.' },
    { id: 'hipaa/incidents', title: 'Somebody hears of incidents', source: { document, section: '§ 164.308(a)(6)(ii)' }, category: 'control', rules: [{ path: 'notify_on', op: 'includes', value: ['block'] }], why: 'Suspected incidents must be identified and responded to, which begins with hearing of them.' },
  ],
};
