// SOC 2: the AICPA's Trust Services Criteria, as far as rules for agents can carry them out.

import type { Profile } from './requirement.ts';

const document = 'AICPA TSP Section 100, 2017 Trust Services Criteria (with revised points of focus, 2022)';

export const soc2: Profile = {
  id: 'soc2',
  title: 'SOC 2',
  about: 'Criteria for security, availability, processing integrity and confidentiality that show in how agents are run. It is no attestation: an auditor looks at the organisation as a whole.',
  requirements: [
    { id: 'soc2/logical-access', title: 'Agents reach only the data they were given', source: { document, section: 'CC6.1' }, category: 'data-access', rules: [{ path: 'allowed_data_sources', op: 'non-empty' }], atLeast: 'gate', why: 'Access to protected information is restricted by logical measures.' },
    { id: 'soc2/least-privilege', title: 'Delegates are named', source: { document, section: 'CC6.3' }, category: 'delegation', rules: [{ path: 'allowed_delegates', op: 'non-empty' }], atLeast: 'gate', why: 'Access follows roles and least privilege; an agent that may start any other has the privileges of all of them.' },
    { id: 'soc2/boundary', title: 'Hosts are named', source: { document, section: 'CC6.6' }, category: 'network', rules: [{ path: 'allowed_domains', op: 'non-empty' }], atLeast: 'gate', why: 'The system is protected against threats from outside its boundary, which an agent crosses with every request.' },
    { id: 'soc2/transmission', title: 'Nothing travels unencrypted', source: { document, section: 'CC6.7' }, category: 'network', rules: [{ path: 'allowed_protocols', op: 'within', value: ['https', 'wss'] }], atLeast: 'gate', why: 'Information is protected while it is transmitted or moved.' },
    { id: 'soc2/software', title: 'Agents install no software', source: { document, section: 'CC6.8' }, category: 'code-execution', rules: [{ path: 'allow_package_install', op: 'equals', value: false }], atLeast: 'gate', why: 'Unauthorised software is prevented, and an agent with a shell is one command away from it.' },
    { id: 'soc2/monitoring', title: 'What agents do is recorded', source: { document, section: 'CC7.2' }, category: 'audit', rules: [{ path: 'log_steps', op: 'equals', value: true, every: true }, { path: 'log_tool_calls', op: 'equals', value: true, every: true }], why: 'The system is monitored for anomalies, and they are analysed; both need a record.' },
    { id: 'soc2/evaluation', title: 'Somebody hears of incidents', source: { document, section: 'CC7.3' }, category: 'control', rules: [{ path: 'notify_on', op: 'includes', value: ['block'] }], why: 'Security events are evaluated by people, who have to hear of them.' },
    { id: 'soc2/response', title: 'Failing agents are stopped', source: { document, section: 'CC7.4' }, category: 'kill-switch', rules: [{ path: 'enabled', op: 'equals', value: true }], why: 'Incidents are contained by a defined response.' },
    { id: 'soc2/change', title: 'Changes with consequences wait for a person', source: { document, section: 'CC8.1' }, category: 'approval', rules: [{ path: 'require_approval_for', op: 'non-empty' }], atLeast: 'gate', why: 'Changes are authorised before they are made, also those that an agent makes.' },
    { id: 'soc2/capacity', title: 'Runs at the same time are bounded', source: { document, section: 'A1.1' }, category: 'operations', rules: [{ path: 'max_concurrent_runs', op: 'set' }], atLeast: 'gate', why: 'Capacity is managed so that the system stays available.' },
    { id: 'soc2/inputs', title: 'Tool arguments fit their schemas', source: { document, section: 'PI1.2' }, category: 'input-validation', rules: [{ path: 'use_declared_schemas', op: 'equals', value: true }], atLeast: 'redact', why: 'Inputs are complete and accurate, the arguments that a model makes up included.' },
    { id: 'soc2/confidentiality', title: 'Credentials do not leave', source: { document, section: 'C1.1' }, category: 'content', rules: [{ path: 'credential_detection.enabled', op: 'equals', value: true }, { path: 'credential_detection.action', op: 'not', value: 'warn' }, { path: 'scan_arguments', op: 'equals', value: true }, { path: 'scan_outputs', op: 'equals', value: true }], atLeast: 'redact', why: 'Confidential information is identified and kept, and no text needs a key in it.' },
    { id: 'soc2/disposal', title: 'What is remembered has an end', source: { document, section: 'C1.2' }, category: 'memory', rules: [{ path: 'memory_retention_hours', op: 'set' }], why: 'Confidential information is disposed of when it has served its purpose.' },
  ],
};
