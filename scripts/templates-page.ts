// Makes docs/templates.md of the templates themselves: what each is for, what to change first, and its policies.

import { compilePolicies } from '../runtime/policy/index.ts';
import { TEMPLATE_GROUPS, templates, type GroupedTemplate } from '../runtime/templates.ts';

export const TEMPLATES_PAGE = 'docs/templates.md';

export function templatesPage(): string {
  const all = templates();
  return `# Templates

Policies to start from: one for each failure that recurs in production, and one for each [category](categories/README.md). Each is a whole governance file with values that can stay,
comments on the choices, and \`tests:\` of what it stops and what it lets pass.

\`\`\`sh
npx fullarc policies new                        # lists them
npx fullarc policies new failure-runaway-loop   # writes .fullarc/failure-runaway-loop.fullarc.yaml
npx fullarc policies new cost --print           # shows what would be written
npx fullarc test                                # runs their tests, and yours
\`\`\`

In the editor, **Fullarc: New Policy…** offers the same list and opens the text unsaved: nothing is governed by it before you save it.

A file that is there is not overwritten without \`--force\`. A policy whose name the workspace has already gets another (\`job-spend-2\`), in its tests too, and an agent, fleet, tool, domain or signal that the
workspace declares already is left out as a comment; where agents are declared, its tests start those. What was changed is said. A template has no \`scope:\`, so it holds for every agent until you give it one. Begin with \`mode: shadow\` under a policy to see
first what it would have done.
${TEMPLATE_GROUPS.flatMap((group) => [`\n## ${group}\n`, ...all.filter((each) => each.group === group).map(section)]).join('\n')}`;
}

function section(template: GroupedTemplate): string {
  const { name, title, about, audience, change, text } = template;
  const { policies } = compilePolicies([{ path: name, text }]).engine;
  return [
    `### ${title}`, '',
    `[\`${name}\`](../templates/${name}.fullarc.yaml) ${about}`, '',
    `- **For** ${audience}`, `- **Change first** ${change}`, '',
    '| Policy | Category | Does | What for |', '|---|---|---|---|',
    ...policies.filter(({ name: policy }) => !policy.startsWith('domains.')).map((policy) => `| \`${policy.name}\` | [${policy.category}](categories/${policy.category}.md) | ${policy.onViolation} | ${(policy.description ?? '').replaceAll('|', '\\|')} |`), '',
  ].join('\n');
}
