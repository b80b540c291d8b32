// The `communication` category: which channels an agent may write to, whom, how often, and what every message has to say.

import { z } from 'zod';
import type { ActionEvent, TextPart } from '../../../protocol/action.ts';
import type { Disposition } from '../../../protocol/verdict.ts';
import { defineCategory, type Checks, type PolicyHeader, type Violation } from '../category.ts';
import { freshRun, NO_EFFECTS, type Facts } from '../facts.ts';
import { firstMatch } from '../globs.ts';
import { normalise } from '../detect/normalise.ts';
import { isAmbiguous, recipientsOf } from './communication-recipients.ts';
import { insertion, POSITIONS, says } from './identity-sentence.ts';

const DISCLAIMER = 'This message was written by an AI system.';

const lowered = z.string().trim().min(1).max(200).transform((text) => text.toLowerCase());
const globs = (text: string, example: readonly string[]) => z.array(lowered).min(1).optional().describe(text).meta({ examples: [example] });
const count = (text: string, example: number) => z.int().positive().optional().describe(text).meta({ unit: 'count', examples: [example] });

const rules = z.strictObject({
  allowed_channels: globs('Channels that messages may go to, and no others: names or globs, in any case. The channel of a tool is written under `tools:`.', ['email', 'slack*']),
  blocked_channels: globs('Channels that no message goes to, also when they are allowed: names or globs, in any case.', ['sms']),
  allowed_recipients: globs('Recipients that messages may go to, and no others: addresses, names or globs, in any case. All recipients of a message must be among them, and a message of which nobody knows where it goes is refused.', ['*@example.com', '#support']),
  blocked_recipients: globs('Recipients that no message goes to, also when they are allowed: addresses, names or globs, in any case.', ['*@press.example', 'all@example.com']),
  max_recipients: count('How many different recipients one message may have.', 10),
  max_messages_per_execution: count('How many messages may be sent.', 50),
  per: z.enum(['run', 'tree']).default('run').describe('What `max_messages_per_execution` is counted over: one run, or the run that began it all with every run that was spawned from it.').meta({ examples: ['tree'] }),
  require_disclaimer: z.boolean().default(false).describe('Whether every message must hold `disclaimer_text`. Where it is missing it is put in; a message into which it cannot be put is refused.').meta({ examples: [true] }),
  disclaimer_text: z.string().trim().min(1).max(2000).default(DISCLAIMER).describe('What every message has to say. It counts as said in any case, with any white space, and only where a reader sees it.').meta({ examples: [DISCLAIMER] }),
  disclaimer_position: z.enum(POSITIONS).default('append').describe('Where the disclaimer is put in: before the text, after it, or after it under a line. In HTML it becomes a paragraph of the body.').meta({ examples: ['footer'] }),
  on_missing_disclaimer: z.enum(['insert', 'warn', 'block']).default('insert').describe('What happens to a message without the disclaimer.').meta({ examples: ['insert'] }),
});
type Rules = z.output<typeof rules>;
type Message = ActionEvent<'message.before'>;
type Judge = (event: Message, facts: Facts) => Violation | undefined;

export const communication = defineCategory({
  id: 'communication',
  title: 'Communication',
  group: 'Agent action control',
  why: 'What an agent sends, somebody reads, and it cannot be called back. These rules say over which channels it may write, to whom, to how many and how often, and they put the disclaimer that a message must carry into it, instead of only noticing afterwards that it was missing.',
  rules,
  dispositions: ['warn', 'skip', 'gate', 'block'],
  onViolation: 'block',
  checks(rules, policy): Checks {
    const judges = judgesOf(rules, policy);
    if (judges.length === 0) return {};
    return { 'message.before': (event, facts) => {
      const found = judges.map((judge) => judge(event, facts)).filter((each) => each !== undefined);
      return found.length > 0 ? found : undefined;
    } };
  },
  examples: [
    { title: 'A text message where only mail is allowed', rules: 'allowed_channels: [email, "slack*"]', event: message({ channel: 'sms' }), expect: 'block', field: 'allowed_channels' },
    { title: 'A channel of a family that is allowed', rules: 'allowed_channels: [Email, "slack*"]', event: message({ channel: 'Slack-support' }), expect: 'allow' },
    { title: 'A channel that is closed', rules: 'blocked_channels: [sms]', event: message({ channel: 'SMS' }), expect: 'block', field: 'blocked_channels' },
    { title: 'Any other channel', rules: 'blocked_channels: [sms]', event: message({}), expect: 'allow' },
    { title: 'A copy to somebody outside', rules: 'allowed_recipients: ["*@example.com"]', event: message({ to: ['ann@example.com', 'Bob <bob@rival.example>'] }), expect: 'block', field: 'allowed_recipients' },
    { title: 'Everybody inside, however they are written', rules: 'allowed_recipients: ["*@example.com"]', event: message({ to: ['"Lee, Ann" <Ann@Example.com>', 'bob@example.com; cy@example.com'] }), expect: 'allow' },
    { title: 'The press', rules: 'blocked_recipients: ["*@press.example"]', event: message({ to: ['news@press.example'] }), expect: 'block', field: 'blocked_recipients' },
    { title: 'A customer', rules: 'blocked_recipients: ["*@press.example"]', event: message({}), expect: 'allow' },
    { title: 'A message to three', rules: 'max_recipients: 2', event: message({ to: ['ann@example.com, bob@example.com', 'cy@example.com'] }), expect: 'block', field: 'max_recipients' },
    { title: 'The same person twice is one', rules: 'max_recipients: 2', event: message({ to: ['ann@example.com', 'Ann <ann@example.com>', 'bob@example.com'] }), expect: 'allow' },
    { title: 'The message after the last one', rules: 'max_messages_per_execution: 50', event: message({}), facts: sent(50, 50), expect: 'block', field: 'max_messages_per_execution' },
    { title: 'A run that has messages left', rules: 'max_messages_per_execution: 50', event: message({}), facts: sent(10, 80), expect: 'allow' },
    { title: 'A child whose tree has none left', rules: '{ max_messages_per_execution: 50, per: tree }', event: message({}), facts: sent(10, 50), expect: 'block', field: 'max_messages_per_execution' },
    { title: 'A tree that has messages left', rules: '{ max_messages_per_execution: 50, per: tree }', event: message({}), facts: sent(10, 49), expect: 'allow' },
    { title: 'The disclaimer is put in', rules: '{ require_disclaimer: true, disclaimer_text: Written by an AI., disclaimer_position: footer }', event: message({}), expect: 'redact', field: 'require_disclaimer' },
    { title: 'A message that has it', rules: '{ require_disclaimer: true, disclaimer_text: Written by an AI., disclaimer_position: footer }', event: message({ texts: [body('Your parcel left.\nWRITTEN  by an AI.')] }), expect: 'allow' },
    { title: 'A message without a text that could be changed', rules: 'require_disclaimer: true', event: message({ texts: [] }), expect: 'block', field: 'require_disclaimer' },
    { title: 'The agent has to write the disclaimer itself', rules: '{ require_disclaimer: true, on_missing_disclaimer: block }', event: message({}), expect: 'block', field: 'require_disclaimer' },
    { title: 'The agent wrote it', rules: '{ require_disclaimer: true, on_missing_disclaimer: block }', event: message({ texts: [body(`Hello. ${DISCLAIMER}`)] }), expect: 'allow' },
  ],
});

function judgesOf(rules: Rules, policy: PolicyHeader): readonly Judge[] {
  const { max_recipients: people, max_messages_per_execution: messages, per } = rules;
  const judges: (Judge | undefined)[] = [
    channelJudge(rules),
    recipientJudge(rules),
    people === undefined ? undefined : (event) => tooManyPeople(people, event),
    messages === undefined ? undefined : (_, { run }) => tooManyMessages(messages, per, (per === 'tree' ? run.treeEffects : run.effects).messages),
    rules.require_disclaimer ? disclaimerJudge(rules, policy) : undefined,
  ];
  return judges.filter((each) => each !== undefined);
}

function channelJudge({ allowed_channels: allowed, blocked_channels: blocked = [] }: Rules): Judge | undefined {
  if (allowed === undefined && blocked.length === 0) return undefined;
  const instead = allowed ? `Use one of: ${allowed.join(', ')}.` : 'Use another channel, or say that you cannot send it.';
  return (event) => {
    const channel = event.channel.toLowerCase();
    const pattern = firstMatch(blocked, channel);
    if (pattern !== undefined) return { field: 'blocked_channels', limit: pattern, fact: 'channel', value: channel, message: `No message may go to the channel ${channel}. ${instead}`, remedy: 'Send it over another channel.' };
    if (allowed === undefined || firstMatch(allowed, channel) !== undefined) return undefined;
    return { field: 'allowed_channels', limit: allowed, fact: 'channel', value: channel, message: `Messages may not go to the channel ${channel || '(none is named)'}. ${instead}`, remedy: 'Send it over a channel that is allowed.' };
  };
}

function recipientJudge({ allowed_recipients: allowed, blocked_recipients: blocked = [] }: Rules): Judge | undefined {
  if (allowed === undefined && blocked.length === 0) return undefined;
  return (event) => {
    const recipients = recipientsOf(event.to);
    const refused = recipients.filter((each) => firstMatch(blocked, each) !== undefined || firstMatch(blocked, normalise(each).text) !== undefined);
    if (refused.length > 0) return { field: 'blocked_recipients', limit: blocked, fact: 'recipients', value: refused, message: `Nothing may be sent to ${refused.join(', ')}. Send it without ${them(refused)}, or ask somebody who may.`, remedy: `Leave ${them(refused)} out.` };
    if (allowed === undefined) return undefined;
    if (recipients.length === 0) return { field: 'allowed_recipients', limit: allowed, fact: 'recipients', value: [], message: 'It is not known whom this message goes to, so it is not sent. Name its recipients.', remedy: 'Name the recipients, or mend `to:` of the tool under `tools:`.' };
    const strange = recipients.filter((each) => isAmbiguous(each) || firstMatch(allowed, each) === undefined);
    if (strange.length === 0) return undefined;
    return { field: 'allowed_recipients', limit: allowed, fact: 'recipients', value: strange, message: `Messages may go to ${allowed.join(', ')} and to nobody else, so not to ${strange.join(', ')}. Send it without ${them(strange)}.`, remedy: `Leave ${them(strange)} out, or have the recipient allowed.` };
  };
}

const them = (recipients: readonly string[]): string => (recipients.length === 1 ? 'this recipient' : 'these recipients');

function tooManyPeople(limit: number, event: Message): Violation | undefined {
  const value = recipientsOf(event.to).length;
  if (value <= limit) return undefined;
  return { field: 'max_recipients', limit, fact: 'recipients', value, message: `This message goes to ${value} recipients, and ${limit} may be written to at once. Send it only to those who need it.`, remedy: 'Leave recipients out.' };
}

function tooManyMessages(limit: number, per: Rules['per'], value: number): Violation | undefined {
  if (value < limit) return undefined;
  const whose = per === 'tree' ? 'This run and those it belongs with have' : 'This run has';
  return { field: 'max_messages_per_execution', limit, fact: `messages of the ${per}`, value, message: `${whose} sent ${value} messages, and ${limit} are all there are. Send no more: say what is left to be told, and to whom.`, remedy: 'Gather what is to be said in fewer messages.' };
}

function disclaimerJudge(rules: Rules, policy: PolicyHeader): Judge {
  const isSaid = says(rules.disclaimer_text);
  const { on_missing_disclaimer: action, disclaimer_text: text } = rules;
  const missing = (message: string, disposition: Disposition, redactions?: Violation['redactions']): Violation => ({
    field: 'require_disclaimer', limit: text, fact: 'disclaimer', value: 'missing', disposition, message, remedy: `Write into it: ${text}`, ...(redactions && { redactions }),
  });
  return (event) => {
    if (isSaid(event.texts)) return undefined;
    if (action === 'warn') return missing('The message does not carry its disclaimer.', 'warn');
    if (action === 'block') return missing(`Every message has to say: ${text} Write it into this one and send it again.`, refusing(policy));
    const put = insertion(text, rules.disclaimer_position, 'DISCLAIMER', event.texts);
    if (put) return missing('The disclaimer was missing and has been put into the message.', 'redact', [put]);
    return missing(`Every message has to say: ${text} It cannot be put into this one, so write it yourself.`, refusing(policy));
  };
}

/** As the policy says, when that keeps the message from going out. */
const refusing = ({ onViolation }: PolicyHeader): Disposition => (onViolation === 'warn' ? 'block' : onViolation);

function message(over: Partial<Message>): Message {
  return { event: 'message.before', channel: 'email', to: ['ann@example.com'], texts: [body('Your parcel has left.')], ...over };
}

function body(text: string): TextPart {
  return { at: '/args/body', role: 'assistant', text };
}

function sent(run: number, tree: number): Partial<Facts> {
  return { run: freshRun({ depth: 1, effects: { ...NO_EFFECTS, messages: run }, treeEffects: { ...NO_EFFECTS, messages: tree } }) };
}
