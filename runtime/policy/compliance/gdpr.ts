// The General Data Protection Regulation, as far as rules for agents can carry it out.

import type { Profile } from './requirement.ts';

const document = 'Regulation (EU) 2016/679 (GDPR)';

export const gdpr: Profile = {
  id: 'gdpr',
  title: 'GDPR',
  about: 'Principles and duties that show in what an agent does with personal data. Which of them apply depends on the processing: leave out, with a reason, what does not, such as consent where there is another legal basis.',
  requirements: [
    { id: 'gdpr/purpose', title: 'Every run has a purpose that is allowed', source: { document, section: 'Art. 5(1)(b)' }, category: 'privacy', rules: [{ path: 'purpose_limitation', op: 'non-empty' }], atLeast: 'redact', why: 'Personal data is processed for specified purposes only.' },
    { id: 'gdpr/minimisation', title: 'No more fields than the task needs', source: { document, section: 'Art. 5(1)(c), Art. 25(1)' }, category: 'privacy', rules: [{ path: 'data_minimization.allowed_fields', op: 'non-empty' }, { path: 'data_minimization.action', op: 'not', value: 'warn' }], atLeast: 'redact', why: 'Data is limited to what is necessary, by technical measures.' },
    { id: 'gdpr/storage-limitation', title: 'What is remembered has an end', source: { document, section: 'Art. 5(1)(e)' }, category: 'memory', rules: [{ path: 'memory_retention_hours', op: 'set' }], why: 'Data is kept no longer than necessary; how long that is, the controller has to say.' },
    { id: 'gdpr/consent', title: 'No run without consent', source: { document, section: 'Art. 6(1)(a), Art. 7(1)' }, category: 'privacy', rules: [{ path: 'require_consent', op: 'equals', value: true }], atLeast: 'redact', why: 'Where processing rests on consent, it must be shown that it was given.' },
    { id: 'gdpr/automated-decisions', title: 'Decisions with consequences wait for a person', source: { document, section: 'Art. 22(1), (3)' }, category: 'approval', rules: [{ path: 'require_approval_for', op: 'non-empty' }], atLeast: 'gate', why: 'Nobody is subject to decisions of legal or similar effect by a machine alone.' },
    { id: 'gdpr/by-default', title: 'Sessions do not share memory', source: { document, section: 'Art. 25(2)' }, category: 'memory', rules: [{ path: 'session_isolation', op: 'equals', value: true }, { path: 'cross_session_memory', op: 'equals', value: false }], atLeast: 'gate', why: 'By default, data is not made accessible beyond what the purpose needs.' },
    { id: 'gdpr/records', title: 'What agents do is recorded', source: { document, section: 'Art. 5(2), Art. 30' }, category: 'audit', rules: [{ path: 'log_steps', op: 'equals', value: true, every: true }, { path: 'log_tool_calls', op: 'equals', value: true, every: true }], why: 'The controller must be able to show what was done, and keeps records of processing.' },
    { id: 'gdpr/confidentiality', title: 'Personal data is stopped on its way out', source: { document, section: 'Art. 5(1)(f), Art. 32(1)(b)' }, category: 'content', rules: [{ path: 'pii_detection.enabled', op: 'equals', value: true }, { path: 'pii_detection.types', op: 'includes', value: ['email', 'phone'] }, { path: 'pii_detection.action', op: 'not', value: 'warn' }, { path: 'scan_arguments', op: 'equals', value: true }, { path: 'scan_outputs', op: 'equals', value: true }], atLeast: 'redact', why: 'Confidentiality of processing is ensured, against disclosure by the agent itself too.' },
    { id: 'gdpr/encryption', title: 'Nothing travels unencrypted', source: { document, section: 'Art. 32(1)(a)' }, category: 'network', rules: [{ path: 'allowed_protocols', op: 'within', value: ['https', 'wss'] }], atLeast: 'gate', why: 'Encryption is among the measures that the regulation names.' },
    { id: 'gdpr/breach', title: 'Somebody hears of incidents', source: { document, section: 'Art. 33(1), (2)' }, category: 'control', rules: [{ path: 'notify_on', op: 'includes', value: ['block'] }], why: 'A breach is notified within 72 hours of becoming aware of it, so people have to become aware of it.' },
    { id: 'gdpr/transfers', title: 'Data stays in the regions that are allowed', source: { document, section: 'Art. 44' }, category: 'privacy', rules: [{ path: 'data_residency', op: 'non-empty' }, { path: 'on_unknown_region', op: 'equals', value: 'block' }], atLeast: 'redact', why: 'Data goes to third countries only under the conditions of the regulation, and a call of a model is a transfer.' },
  ],
};
