// PCI DSS v4.0.1, as far as rules for agents can carry it out.

import type { Profile } from './requirement.ts';

const document = 'PCI DSS v4.0.1';

export const pciDss: Profile = {
  id: 'pci-dss',
  title: 'PCI DSS',
  about: 'Requirements for agents that come near cardholder data. It covers neither the network around them nor assessment, and keeping agents away from card data altogether remains the best way to meet it.',
  requirements: [
    { id: 'pci-dss/outbound', title: 'Hosts are named', source: { document, section: 'Requirement 1.3.2' }, category: 'network', rules: [{ path: 'allowed_domains', op: 'non-empty' }], atLeast: 'gate', why: 'Traffic out of the cardholder data environment is limited to what is necessary.' },
    { id: 'pci-dss/not-stored', title: 'Card numbers are never remembered', source: { document, section: 'Requirements 3.2.1, 3.3.1' }, category: 'memory', rules: [{ path: 'forbidden_memory_types', op: 'includes', value: ['financial'] }], atLeast: 'redact', why: 'Account data is stored as little as possible, and an agent\'s memory is storage that nobody planned.' },
    { id: 'pci-dss/masked', title: 'Card numbers are not shown', source: { document, section: 'Requirement 3.4.1' }, category: 'content', rules: [{ path: 'pii_detection.enabled', op: 'equals', value: true }, { path: 'pii_detection.types', op: 'includes', value: ['credit_card'] }, { path: 'pii_detection.action', op: 'not', value: 'warn' }, { path: 'scan_inputs', op: 'equals', value: true }, { path: 'scan_outputs', op: 'equals', value: true }], atLeast: 'redact', why: 'A card number is masked when displayed, to models and in their answers as well.' },
    { id: 'pci-dss/encrypted', title: 'Nothing travels unencrypted', source: { document, section: 'Requirement 4.2.1' }, category: 'network', rules: [{ path: 'allowed_protocols', op: 'within', value: ['https', 'wss'] }], atLeast: 'gate', why: 'Card numbers are protected by strong cryptography on open networks.' },
    { id: 'pci-dss/messages', title: 'Card numbers are not sent in messages', source: { document, section: 'Requirement 4.2.2' }, category: 'content', rules: [{ path: 'pii_detection.enabled', op: 'equals', value: true }, { path: 'pii_detection.types', op: 'includes', value: ['credit_card'] }, { path: 'pii_detection.action', op: 'not', value: 'warn' }, { path: 'scan_arguments', op: 'equals', value: true }], atLeast: 'redact', why: 'A card number must not travel readable through mail, chat or text messages.' },
    { id: 'pci-dss/least-privilege', title: 'Agents reach only the data they were given', source: { document, section: 'Requirements 7.2.1, 7.2.5' }, category: 'data-access', rules: [{ path: 'allowed_data_sources', op: 'non-empty' }], atLeast: 'gate', why: 'Application accounts, and with them agents, get the least privilege that they need.' },
    { id: 'pci-dss/factors', title: 'Credentials do not leave', source: { document, section: 'Requirement 8.3.2' }, category: 'content', rules: [{ path: 'credential_detection.enabled', op: 'equals', value: true }, { path: 'credential_detection.action', op: 'not', value: 'warn' }, { path: 'scan_arguments', op: 'equals', value: true }, { path: 'scan_outputs', op: 'equals', value: true }], atLeast: 'redact', why: 'Authentication factors are unreadable in transmission and storage, so they do not belong into prompts and answers.' },
    { id: 'pci-dss/audit-trail', title: 'What agents do is recorded', source: { document, section: 'Requirements 10.2.1, 10.2.2' }, category: 'audit', rules: [{ path: 'log_steps', op: 'equals', value: true, every: true }, { path: 'log_tool_calls', op: 'equals', value: true, every: true }], why: 'Audit logs are active and say who did what, when and to what.' },
    { id: 'pci-dss/retention', title: 'Records are kept for a year', source: { document, section: 'Requirement 10.5.1' }, category: 'audit', rules: [{ path: 'retention_days', op: 'at-least', value: 366 }], why: 'Audit history is kept for at least twelve months.' },
    { id: 'pci-dss/alerts', title: 'Somebody hears of incidents', source: { document, section: 'Requirement 12.10.5' }, category: 'control', rules: [{ path: 'notify_on', op: 'includes', value: ['block'] }], why: 'Alerts of monitoring systems are followed up as part of the response to incidents.' },
  ],
};
