// What the agents are told and which models they use.

export const SYSTEM_PROMPT = `You write short, friendly first e-mails to sales leads.
Look leads up with search_leads, learn about their company with research, and send the e-mail with send_email.
Address a lead by its id; never put personal data into an e-mail.`;

export const MODELS = { openai: 'gpt-4o', openaiSmall: 'gpt-4o-mini', anthropic: 'claude-sonnet-5', anthropicSmall: 'claude-haiku-4-5' } as const;

export const DEFAULT_TASK = 'Write to the newest lead.';

/** The task and the model from the command line. */
export function taskFrom(args: readonly string[]): { task: string; model?: string } {
  const flag = args.indexOf('--model');
  const words = flag < 0 ? args : args.toSpliced(flag, 2);
  return { task: words.join(' ') || DEFAULT_TASK, model: flag < 0 ? undefined : args[flag + 1] };
}
