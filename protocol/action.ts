// What an agent does, as the governor sees it: the kinds of action, what is known before and after each, and the phase each event belongs to.

/** Integer millionths of a US dollar. Safe integers reach nine billion dollars, so plain numbers carry it on every wire. */
export type MicroUsd = number;

/** The kinds of governed action. Each has two events, `kind.before` and `kind.after`, except where nothing can come before. */
export const ACTION_KINDS = [
  'run', 'signal', 'llm', 'tool', 'retrieval', 'data', 'http', 'exec', 'file', 'message', 'memory', 'spawn', 'decision', 'output',
] as const;
export type ActionKind = (typeof ACTION_KINDS)[number];

/** A piece of text that crosses the boundary. `at` is a JSON pointer (RFC 6901) into the payload it came from, so that a redaction can be put back exactly there. */
export interface TextPart {
  readonly at: string;
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly text: string;
}

/** Tokens as the provider reports them. `input` includes cached tokens; a provider that reports them apart is converted by its wire adapter. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  readonly cachedInput?: number;
  readonly cacheWrite?: number;
  readonly reasoning?: number;
}

export const LLM_WIRES = ['openai-chat', 'openai-responses', 'anthropic-messages'] as const;
export type LlmWire = (typeof LLM_WIRES)[number];

/** How a tool may be repeated after a crash. Unknown means `once`: a call cut off half-way is in doubt and asks a person. */
export const TOOL_CLASSES = ['read', 'idempotent', 'once'] as const;
export type ToolClass = (typeof TOOL_CLASSES)[number];

export const RISKS = ['low', 'medium', 'high', 'critical'] as const;
export type Risk = (typeof RISKS)[number];

/** How a run came to an end, as the process that carried it reports. */
export const RUN_OUTCOMES = ['completed', 'failed', 'blocked', 'killed'] as const;
export type RunOutcome = (typeof RUN_OUTCOMES)[number];

/** What each event carries. The key is the event's name on every wire, in `when:` and in documentation. */
export interface EventPayload {
  'run.before': { readonly command: readonly string[]; readonly input?: readonly TextPart[] };
  'run.after': { readonly outcome: RunOutcome; readonly exitCode?: number; readonly error?: string };
  'llm.before': {
    readonly wire: LlmWire;
    /** Host of the provider, for example `api.openai.com`. */
    readonly provider: string;
    readonly model: string;
    readonly stream: boolean;
    readonly hasSystemPrompt: boolean;
    readonly temperature?: number;
    /** Upper bound of the input, in tokens. */
    readonly inputTokens: number;
    /** What the caller asked for; absent when it set no limit. */
    readonly maxOutputTokens?: number;
    readonly tools: readonly string[];
    /** True for a question that a policy asks a judge: not the agent's own call. */
    readonly judge?: boolean;
    /** Texts not judged before in this run under this policy version. */
    readonly texts: readonly TextPart[];
    /** Upper bound of the price; absent when the model has no known price. Filled in by the governor. */
    readonly estimatedCost?: MicroUsd;
  };
  'llm.after': {
    readonly model: string;
    readonly status: 'ok' | 'error' | 'aborted';
    readonly usage?: Usage;
    readonly texts: readonly TextPart[];
    readonly toolRequests: readonly string[];
    /** True for the answer of a judge: it leaves the run for nobody. */
    readonly judge?: boolean;
    /** Filled in by the governor from `usage`; absent when the price is unknown. */
    readonly cost?: MicroUsd;
    readonly error?: string;
  };
  'tool.before': ToolCall;
  'tool.after': ToolCall & { readonly texts: readonly TextPart[]; readonly isError?: boolean };
  'http.before': HttpCall;
  'http.after': HttpCall & { readonly status?: number; readonly error?: string };
  'exec.before': ExecCall;
  'exec.after': ExecCall & {
    readonly exitCode?: number;
    readonly signal?: string;
    /** Which of its bounds it was stopped at. */
    readonly stopped?: 'timeout' | 'output';
  };
  'spawn.before': SpawnCall;
  'spawn.after': SpawnCall & { readonly outcome: RunOutcome };
  'signal.before': SignalCall;
  'signal.after': SignalCall & { readonly outcome: 'dispatched' | 'refused' | 'failed'; readonly error?: string };
  'retrieval.before': RetrievalCall;
  'retrieval.after': RetrievalCall & { readonly documents: readonly RetrievedDocument[]; readonly error?: string };
  'data.before': DataCall;
  'data.after': DataCall & {
    /** Rows that came back, in order. Absent when only their number is known. */
    readonly rows?: readonly Row[];
    /** Rows that came back, or that were changed. */
    readonly count?: number;
    readonly error?: string;
  };
  'file.before': FileCall;
  'file.after': FileCall & { readonly texts?: readonly TextPart[]; readonly error?: string };
  'message.before': MessageCall;
  'message.after': MessageCall & { readonly receipt?: string; readonly error?: string };
  'memory.before': MemoryCall;
  'memory.after': MemoryCall & { readonly error?: string };
  /** A reasoning record that the agent or its SDK reports, or that a tool declared as `is: decision` carries. */
  'decision.after': DecisionRecord;
  'output.after': { readonly texts: readonly TextPart[]; readonly final: boolean };
}

/** A fact that came in from outside, before any agent exists. */
export interface SignalCall {
  /** Name under `signals:`. */
  readonly name: string;
  /** Where it came from: `webhook`, `agent`, `schedule`, `manual`, `api`. */
  readonly source: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Agent it would start. */
  readonly agent?: string;
}
export interface RetrievalCall {
  /** The store that is searched: a domain of kind `vector`, or a name that `tools:` gives it. */
  readonly store: string;
  readonly collection?: string;
  readonly query?: string;
}
/** One document that a search brought. What the wire did not say is absent. */
export interface RetrievedDocument {
  readonly id?: string;
  readonly text?: string;
  readonly source?: string;
  readonly collection?: string;
  /** Relevance as the store reports it. */
  readonly score?: number;
  /** Last change, in milliseconds since the epoch. */
  readonly updatedAt?: number;
  /** All fields as they came, for `where:` of grants. */
  readonly fields?: Row;
}
export type Row = Readonly<Record<string, unknown>>;
export const DATA_OPERATIONS = ['read', 'insert', 'update', 'delete', 'define', 'call'] as const;
export type DataOperation = (typeof DATA_OPERATIONS)[number];
export interface DataCall {
  /** The source that is asked: a domain, or a name that `tools:` gives it. */
  readonly source: string;
  readonly operation: DataOperation;
  readonly statement?: string;
  /** Tables or collections it reads or writes, as written, in lower case. */
  readonly tables?: readonly string[];
  /** `table.column`, or `column` where the table is not written. */
  readonly columns?: readonly string[];
}
export const FILE_OPERATIONS = ['read', 'create', 'write', 'delete', 'list'] as const;
export interface FileCall {
  readonly operation: (typeof FILE_OPERATIONS)[number];
  /** Absolute, without `..`. */
  readonly path: string;
  readonly bytes?: number;
  /** What is written. */
  readonly texts?: readonly TextPart[];
}
export interface MessageCall {
  /** `email`, `slack`, `sms` …, in lower case. */
  readonly channel: string;
  readonly to: readonly string[];
  readonly subject?: string;
  /** The message itself; `at` points into the call that carries it. */
  readonly texts: readonly TextPart[];
  /** Money that it moves or promises, in micro-dollars. */
  readonly amount?: MicroUsd;
}
export const MEMORY_OPERATIONS = ['read', 'write', 'delete', 'list'] as const;
export interface MemoryCall {
  readonly operation: (typeof MEMORY_OPERATIONS)[number];
  readonly key?: string;
  /** What kind of thing is remembered, as the tool says: `note`, `credentials`. */
  readonly kind?: string;
  /** Session the item belongs to; absent means the run's own. */
  readonly session?: string;
  readonly texts: readonly TextPart[];
}
export interface DecisionRecord {
  /** What was decided, in a word or a sentence. */
  readonly summary: string;
  /** Tool or kind of action it is about. */
  readonly about?: string;
  readonly explanation?: string;
  readonly alternatives?: readonly string[];
  /** 0 to 1. */
  readonly confidence?: number;
  /** How many steps of reasoning led here. */
  readonly depth?: number;
}

export interface ToolCall {
  readonly name: string;
  /** Server that owns it, for a tool reached over MCP. */
  readonly server?: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** JSON Schema of the arguments, as the request that offered the tool or its MCP server declared it. */
  readonly schema?: Readonly<Record<string, unknown>>;
  /** Filled in by the governor from the `tools:` section. */
  readonly class?: ToolClass;
  readonly risk?: Risk;
}
export interface HttpCall {
  readonly method: string;
  readonly url: string;
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  /** Addresses that the host resolved to, when known before the request leaves. */
  readonly addresses?: readonly string[];
  /** URL whose answer redirected here. */
  readonly redirectedFrom?: string;
}
export interface ExecCall {
  readonly command: string;
  readonly argv: readonly string[];
  readonly shell: boolean;
  readonly cwd: string;
}
export interface SpawnCall {
  /** Name under `agents:` of the child. */
  readonly agent: string;
  readonly command: readonly string[];
  /** Depth of the child: 1 for a child of the root run. */
  readonly depth: number;
  /** Share of the parent's remaining budget that is handed on, 0 to 1; absent means that it draws on the tree's. */
  readonly budgetShare?: number;
}

export type EventName = keyof EventPayload;
export type ActionEvent<E extends EventName = EventName> = { [K in E]: { readonly event: K } & EventPayload[K] }[E];

export const PHASES = ['pre', 'mid', 'post'] as const;
export type Phase = (typeof PHASES)[number];

/** The phase of each event, written once. A final `output.after` is also post; `phaseOf` knows. */
export const PHASE_OF = {
  'run.before': 'pre', 'run.after': 'post',
  'llm.before': 'mid', 'llm.after': 'mid',
  'tool.before': 'mid', 'tool.after': 'mid',
  'http.before': 'mid', 'http.after': 'mid',
  'exec.before': 'mid', 'exec.after': 'mid',
  'spawn.before': 'mid', 'spawn.after': 'mid',
  'signal.before': 'pre', 'signal.after': 'pre',
  'retrieval.before': 'mid', 'retrieval.after': 'mid',
  'data.before': 'mid', 'data.after': 'mid',
  'file.before': 'mid', 'file.after': 'mid',
  'message.before': 'mid', 'message.after': 'mid',
  'memory.before': 'mid', 'memory.after': 'mid',
  'decision.after': 'mid',
  'output.after': 'mid',
} as const satisfies Record<EventName, Phase>;

export const EVENT_NAMES = Object.keys(PHASE_OF) as readonly EventName[];

export function phaseOf(event: ActionEvent): Phase {
  return event.event === 'output.after' && event.final ? 'post' : PHASE_OF[event.event];
}

/** The kind of an event: `tool` for `tool.before`. */
export function kindOf(event: EventName): ActionKind {
  return event.slice(0, event.indexOf('.')) as ActionKind;
}
