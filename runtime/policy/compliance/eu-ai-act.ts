// The European Union's Artificial Intelligence Act, as far as rules for agents can carry it out.

import type { Profile } from './requirement.ts';

const document = 'Regulation (EU) 2024/1689 (Artificial Intelligence Act)';

export const euAiAct: Profile = {
  id: 'eu-ai-act',
  title: 'EU AI Act',
  about: 'Duties around high-risk systems and transparency that can be carried out while an agent runs. Whether a system is high-risk, its risk management, its data governance and its conformity assessment are decided elsewhere.',
  requirements: [
    { id: 'eu-ai-act/record-keeping', title: 'What agents do is recorded', source: { document, section: 'Art. 12(1), (2)' }, category: 'audit', rules: [{ path: 'log_steps', op: 'equals', value: true, every: true }, { path: 'log_tool_calls', op: 'equals', value: true, every: true }], why: 'Events are logged automatically over the lifetime of the system.' },
    { id: 'eu-ai-act/retention', title: 'Records are kept for six months', source: { document, section: 'Art. 19(1), Art. 26(6)' }, category: 'audit', rules: [{ path: 'retention_days', op: 'at-least', value: 184 }], why: 'Providers and deployers keep the logs for at least six months.' },
    { id: 'eu-ai-act/transparency', title: 'Decisions are explained', source: { document, section: 'Art. 13(1)' }, category: 'reasoning', rules: [{ path: 'require_explanation', op: 'equals', value: true }], why: 'Deployers must be able to interpret what the system puts out.' },
    { id: 'eu-ai-act/oversight', title: 'Risky actions wait for a person', source: { document, section: 'Art. 14(1), (4)(d)' }, category: 'approval', rules: [{ path: 'require_approval_for', op: 'non-empty' }], atLeast: 'gate', why: 'People oversee the system, and can disregard or override what it would do.' },
    { id: 'eu-ai-act/stop', title: 'Agents can be stopped', source: { document, section: 'Art. 14(4)(e)' }, category: 'kill-switch', rules: [{ path: 'enabled', op: 'equals', value: true }], why: 'There is a way to interrupt the system so that it comes to a halt in a safe state.' },
    { id: 'eu-ai-act/accuracy', title: 'Answers rest on sources', source: { document, section: 'Art. 15(1)' }, category: 'grounding', rules: [{ path: 'require_source_grounding', op: 'equals', value: true }], why: 'The system reaches an appropriate level of accuracy, which for text means that it can be traced to something.' },
    { id: 'eu-ai-act/robustness', title: 'Agents that go round in circles are stopped', source: { document, section: 'Art. 15(4)' }, category: 'safety', rules: [{ path: 'loops.detect_cycles', op: 'equals', value: true }], atLeast: 'gate', why: 'The system is resilient to errors, and to feedback of its own output.' },
    { id: 'eu-ai-act/cybersecurity', title: 'Orders hidden in text are stopped', source: { document, section: 'Art. 15(5)' }, category: 'content', rules: [{ path: 'prompt_injection_guard.enabled', op: 'equals', value: true }, { path: 'prompt_injection_guard.action', op: 'not', value: 'warn' }, { path: 'scan_inputs', op: 'equals', value: true }], atLeast: 'redact', why: 'The system resists inputs that are made to mislead the model.' },
    { id: 'eu-ai-act/monitoring', title: 'Somebody hears of incidents', source: { document, section: 'Art. 26(5)' }, category: 'control', rules: [{ path: 'notify_on', op: 'includes', value: ['block'] }], why: 'Deployers monitor the system and report risks and serious incidents.' },
    { id: 'eu-ai-act/disclosure', title: 'People are told that they deal with an AI', source: { document, section: 'Art. 50(1)' }, category: 'identity', rules: [{ path: 'require_ai_disclosure', op: 'equals', value: true }, { path: 'on_missing_disclosure', op: 'not', value: 'warn' }, { path: 'disclose_in', op: 'includes', value: ['output', 'message'] }], why: 'Systems that interact with people let them know that they are systems.' },
  ],
};
