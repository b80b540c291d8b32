// The rules that every engine of the decision benchmark is given, and the questions that all of them are asked. Made from a seed, so that every run asks the same.

/**
 * Whether a part of the rules also looks at an amount and at a path, which our policies say with `when:`.
 * All other engines can; while ours cannot, none is asked to.
 */
export const CONDITIONS: boolean = true;

/** Forbids one tool, or all that a glob matches, to one agent or to one fleet. All conditions that are given must hold. */
export interface Rule {
  readonly name: string;
  readonly who: { readonly agent: string } | { readonly fleet: string };
  /** A name of the catalogue, or a verb and `*`. */
  readonly tool: string;
  /** Only when the amount is more. */
  readonly over?: number;
  /** Only for files of this folder with this ending: `/etc/` anything `.pem`. */
  readonly files?: { readonly folder: string; readonly ending: string };
}

export interface Question {
  readonly agent: string;
  readonly fleet: string;
  readonly tool: string;
  readonly amount: number;
  readonly path: string;
}

/** True for a call that may be made. Takes the number of a question. */
export type Answer = (index: number) => boolean;

/** One engine with its rules loaded. Each question is brought into the engine's own form here, outside the decision. */
export type Build = (rules: readonly Rule[], questions: readonly Question[]) => Answer | Promise<Answer>;

const VERBS = ['send', 'read', 'delete', 'update', 'create', 'export', 'approve', 'pay'];
const NOUNS = ['email', 'invoice', 'lead', 'order', 'report', 'ticket', 'user', 'file', 'refund', 'contract', 'branch', 'table', 'secret', 'page', 'event', 'note'];
const FOLDERS = ['etc', 'home', 'srv', 'var', 'opt', 'tmp'];
const ENDINGS = ['pem', 'env', 'csv', 'sql', 'md', 'json'];
/** Of eight rules in a row, so many are for one agent; the others are for its fleet. */
const OF_AGENT = 6;
const FLEET_SIZE = 4;

/** Every tool there is; an engine without globs may look up what one matches. */
export const CATALOGUE: readonly string[] = VERBS.flatMap((verb) => NOUNS.map((noun) => `${verb}_${noun}`));

/** Eight rules for each agent, of which its fleet shares two: whatever the size, a call concerns at most fourteen of them. */
export function makeRules(size: number): readonly Rule[] {
  const random = randomFrom(size);
  return Array.from({ length: size }, (_, index) => {
    const agent = index >> 3;
    return {
      name: `rule-${index}`,
      who: index % 8 < OF_AGENT ? { agent: `agent-${agent}` } : { fleet: fleetOf(agent) },
      tool: index % 8 === 3 ? `${random.of(VERBS)}_*` : random.of(CATALOGUE),
      ...(CONDITIONS && index % 2 === 1 && { over: 100 * (1 + random.below(50)) }),
      ...(CONDITIONS && index % 4 >= 2 && { files: { folder: random.of(FOLDERS), ending: random.of(ENDINGS) } }),
    };
  });
}

/** As many that are refused as that are allowed, in turns. An allowed one is often a near miss: the tool of a rule, but not its agent, amount or path. */
export function makeQuestions(rules: readonly Rule[], count: number): readonly Question[] {
  const random = randomFrom(rules.length + 1);
  const relevant = new Map(Map.groupBy(rules, ({ who }) => ('agent' in who ? who.agent : who.fleet)));
  const refused = (question: Question) => [question.agent, question.fleet].some((who) => relevant.get(who)?.some((rule) => forbids(rule, question)));
  return Array.from({ length: count }, (_, index) => {
    for (let tries = 0; tries < 1_000; tries++) {
      const rule = rules[random.below(rules.length)]!;
      const question = index % 2 === 0 ? hit(rule, random) : miss(rule, rules.length, random);
      if (refused(question) === (index % 2 === 0)) return question;
    }
    throw new Error(`No ${index % 2 === 0 ? 'refused' : 'allowed'} call was found for ${rules.length} rules; the rules forbid too much or nothing.`);
  });
}

/** The meaning of a rule, for a call of its agent or fleet. */
export function forbids(rule: Rule, { tool, amount, path }: Question): boolean {
  return (rule.tool.endsWith('*') ? tool.startsWith(rule.tool.slice(0, -1)) : tool === rule.tool)
    && (rule.over === undefined || amount > rule.over)
    && (rule.files === undefined || (path.startsWith(`/${rule.files.folder}/`) && path.endsWith(`.${rule.files.ending}`)));
}

/** The fleet of an agent by its number, and the agents of a fleet. */
export function fleetOf(agent: number): string {
  return `fleet-${Math.floor(agent / FLEET_SIZE)}`;
}

export function membersOf(fleet: string): readonly string[] {
  const first = Number(fleet.slice('fleet-'.length)) * FLEET_SIZE;
  return Array.from({ length: FLEET_SIZE }, (_, index) => `agent-${first + index}`);
}

/** The files of a rule as a regular expression that every engine with such can read. */
export function filesPattern({ folder, ending }: NonNullable<Rule['files']>): string {
  return `^/${folder}/.*\\.${ending}$`;
}

function hit(rule: Rule, random: Random): Question {
  const agent = Number(('agent' in rule.who ? rule.who.agent : membersOf(rule.who.fleet)[0]!).slice('agent-'.length));
  const { folder, ending } = rule.files ?? { folder: random.of(FOLDERS), ending: random.of(ENDINGS) };
  return asked(agent, rule.tool.replace('*', random.of(NOUNS)), (rule.over ?? 0) + 1 + random.below(500), folder, ending, random);
}

function miss(rule: Rule, size: number, random: Random): Question {
  const agent = random.below(1 + ((size - 1) >> 3));
  const tool = random.below(2) === 0 ? rule.tool.replace('*', random.of(NOUNS)) : random.of(CATALOGUE);
  return asked(agent, tool, random.below(5_000), random.of(FOLDERS), random.of(ENDINGS), random);
}

function asked(agent: number, tool: string, amount: number, folder: string, ending: string, random: Random): Question {
  return { agent: `agent-${agent}`, fleet: fleetOf(agent), tool, amount, path: `/${folder}/team-${random.below(90)}/record-${random.below(9_000)}.${ending}` };
}

interface Random {
  below(limit: number): number;
  of<T>(items: readonly T[]): T;
}

/** The minimal standard generator of Park and Miller (1988): the same row of numbers for the same seed. */
function randomFrom(seed: number): Random {
  let state = (seed * 7_919) % 2_147_483_646 + 1;
  const below = (limit: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
  return { below, of: (items) => items[below(items.length)]! };
}
