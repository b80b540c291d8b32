// First texts of new policies: whole and valid as they stand, with the places to change as snippet stops.

import { l10n } from 'vscode';

export interface Starter {
  readonly title: () => string;
  readonly about: () => string;
  /** Name of the file under `.fullarc/`, without its ending. */
  readonly file: string;
  readonly snippet: string;
}

export const STARTERS: Readonly<Record<string, Starter>> = {
  agent: {
    title: () => l10n.t('Declare an agent'),
    about: () => l10n.t('Names an agent and its entry point, so that it can be launched governed.'),
    file: 'agents',
    snippet: 'agents:\n  ${1:writer}:\n    description: ${2:What it is for}\n    entry: [${3:agent.mjs}]\n$0',
  },
  cost: {
    title: () => l10n.t('Limit what a run may spend'),
    about: () => l10n.t('Dollars for a run and everything it starts, reserved before each call.'),
    file: 'spend',
    snippet: 'policies:\n  - name: ${1:run-spend}\n    category: cost\n    description: ${2:One run may spend this much, its children included.}\n    on_violation: ${3|block,gate,warn|}\n    rules:\n      per_tree_cost_limit: ${4:1.00} # dollars\n      warning_threshold_percent: ${5:80}\n$0',
  },
  approval: {
    title: () => l10n.t('Ask a person before a tool runs'),
    about: () => l10n.t('Holds the call and shows you exactly what would happen.'),
    file: 'approval',
    snippet: 'policies:\n  - name: ${1:a-person-decides}\n    category: approval\n    description: ${2:Nothing leaves before a person has seen it.}\n    rules:\n      require_approval_for: [${3:send_email}]\n      timeout_minutes: ${4:30}\n      review: ${5|full,quick|}\n$0',
  },
  content: {
    title: () => l10n.t('Keep personal data and credentials out'),
    about: () => l10n.t('Replaces personal data before the model or a tool sees it, and stops credentials.'),
    file: 'content',
    snippet: 'policies:\n  - name: ${1:no-personal-data}\n    category: content\n    rules:\n      pii_detection: { enabled: true, action: ${2|redact,warn,block|} }\n      credential_detection: { enabled: true, action: ${3|block,redact|} }\n$0',
  },
  llm: {
    title: () => l10n.t('Allow only certain models'),
    about: () => l10n.t('A call to any other model is refused before it leaves.'),
    file: 'models',
    snippet: 'policies:\n  - name: ${1:models-we-use}\n    category: llm\n    rules:\n      allowed_models: [${2:gpt-4o-mini}]\n$0',
  },
};
