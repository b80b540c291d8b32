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
    /** Filled in by the governor from `usage`; absent when the price is unknown. */
    readonly cost?: MicroUsd;
    readonly error?: string;
  };
  'tool.before': ToolCall;
  'tool.after': ToolCall & { readonly texts: readonly TextPart[]; readonly isError?: boolean };
  'http.before': HttpCall;
  'http.after': HttpCall & { readonly status?: number; readonly error?: string };
  'exec.before': ExecCall;
  'exec.after': ExecCall & { readonly exitCode?: number; readonly signal?: string };
  'spawn.before': SpawnCall;
  'spawn.after': SpawnCall & { readonly outcome: RunOutcome };
  'output.after': { readonly texts: readonly TextPart[]; readonly final: boolean };
}

export interface ToolCall {
  readonly name: string;
  /** Server that owns it, for a tool reached over MCP. */
  readonly server?: string;
  readonly args: Readonly<Record<string, unknown>>;
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
