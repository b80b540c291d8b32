// The name under which an action can be governed: tool, model, host, program, agent, store, source, path, channel.

import type { ActionEvent } from '../../protocol/action.ts';

/** Empty for events that have no name. */
export function actionName(event: ActionEvent): string {
  switch (event.event) {
    case 'llm.before': case 'llm.after': return event.model;
    case 'tool.before': case 'tool.after': return event.name;
    case 'http.before': case 'http.after': return event.host;
    case 'exec.before': case 'exec.after': return programName(event.argv[0] ?? event.command);
    case 'spawn.before': case 'spawn.after': return event.agent;
    case 'signal.before': case 'signal.after': return event.name;
    case 'retrieval.before': case 'retrieval.after': return event.store;
    case 'data.before': case 'data.after': return event.source;
    case 'file.before': case 'file.after': return event.path;
    case 'message.before': case 'message.after': return event.channel;
    case 'memory.before': case 'memory.after': return event.key ?? '';
    case 'decision.after': return event.about ?? '';
    case 'run.before': case 'run.after': case 'output.after': return '';
  }
}

/** `git` for `/usr/bin/git` and for `C:\\bin\\git.exe`. */
export function programName(path: string): string {
  const base = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  return base.toLowerCase().endsWith('.exe') ? base.slice(0, -4) : base;
}
