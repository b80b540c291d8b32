// The script of the model server: what the model says, chosen by what the conversation has come to.

/** Every condition that is given must hold. Texts are found anywhere, letter case aside. */
export interface When {
  readonly model?: string;
  /** In the system prompt or the developer's instructions: tells one agent from another. */
  readonly system?: string;
  /** In the user's last text. */
  readonly user?: string;
  /** Tool results in the conversation so far, exactly. */
  readonly toolResults?: number;
  /** In the last tool result. */
  readonly lastResult?: string;
  /** Whether the last tool result says that governance kept the tool from running. */
  readonly refused?: boolean;
}

export interface Turn {
  readonly when?: When;
  /** `{{lastResult}}` stands for the last tool result, here and in arguments that are texts. */
  readonly text?: string;
  readonly toolCalls?: readonly { readonly name: string; readonly args: Readonly<Record<string, unknown>> }[];
  /** The provider fails instead: a status of 400 or above. */
  readonly error?: { readonly status: number; readonly message: string };
  /** How often this turn may be taken; without it, always. */
  readonly times?: number;
}

export interface Script {
  readonly turns: readonly Turn[];
  /** Letters per streamed piece; 4 when absent. */
  readonly pieceLength?: number;
  /** Pause between streamed pieces, in milliseconds; 0 when absent. */
  readonly pieceDelayMs?: number;
}

/** What the conditions look at, on whichever wire it came. */
export interface Conversation {
  readonly model: string;
  readonly stream: boolean;
  readonly system: string;
  readonly user: string;
  readonly results: readonly string[];
  readonly tools: readonly string[];
  readonly maxOutputTokens?: number;
  /** Everything the model reads, for counting. */
  readonly read: string;
}

/** Picks turns in order, and counts those that may be taken only so often. */
export function createPlayer(script: Script): (conversation: Conversation) => Turn | undefined {
  const taken = new Map<Turn, number>();
  return (conversation) => {
    const turn = script.turns.find((each) => (taken.get(each) ?? 0) < (each.times ?? Infinity) && holds(each.when ?? {}, conversation));
    if (turn) taken.set(turn, (taken.get(turn) ?? 0) + 1);
    return turn;
  };
}

function holds(when: When, { model, system, user, results }: Conversation): boolean {
  const last = results.at(-1);
  return (when.model === undefined || has(model, when.model))
    && (when.system === undefined || has(system, when.system))
    && (when.user === undefined || has(user, when.user))
    && (when.toolResults === undefined || results.length === when.toolResults)
    && (when.lastResult === undefined || (last !== undefined && has(last, when.lastResult)))
    && (when.refused === undefined || (last?.startsWith('[governance]') ?? false) === when.refused);
}

const has = (text: string, part: string): boolean => text.toLowerCase().includes(part.toLowerCase());

const TURN_FIELDS = ['when', 'text', 'toolCalls', 'error', 'times'];
const WHEN_FIELDS = ['model', 'system', 'user', 'toolResults', 'lastResult', 'refused'];

/** Reads a script file. Throws an Error that names the turn and what is wrong with it. */
export function parseScript(json: string): Script {
  const script = JSON.parse(json) as Script;
  if (!Array.isArray(script?.turns) || script.turns.length === 0) throw new Error('a script needs `turns`, a list with at least one turn');
  script.turns.forEach((turn, index) => {
    const wrong = [...Object.keys(turn).filter((key) => !TURN_FIELDS.includes(key)), ...Object.keys(turn.when ?? {}).filter((key) => !WHEN_FIELDS.includes(key)).map((key) => `when.${key}`)];
    if (wrong.length > 0) throw new Error(`turn ${index + 1} has ${wrong.join(', ')}, which means nothing here`);
    if (turn.text === undefined && !turn.toolCalls?.length && !turn.error) throw new Error(`turn ${index + 1} says nothing: give it text, toolCalls or error`);
  });
  return script;
}
