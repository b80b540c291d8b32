// What the gateway remembers of one run, in memory: what was judged, which tool calls are out, and how often a request has been answered.

import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { TextPart, ToolCall } from '../../../protocol/action.ts';
import type { Redaction } from '../../../protocol/verdict.ts';
import type { JsonObject } from './json.ts';
import type { Thread } from './wires/wire.ts';

/** A tool call that the model asked for, from the moment it was judged. */
export interface KnownCall {
  readonly key: string;
  readonly call: ToolCall;
  /** What the result turned into on its way to the model; absent while none came. */
  result?: { readonly withheld?: string };
  /** Key of the LLM call that carried the result first. */
  carriedBy?: string;
}

/** Entries that one run may hold of each kind; the oldest are forgotten, and a forgotten text is simply judged again. */
const MOST = 20_000;

export class Session {
  /** Tool calls by the provider's call id. */
  readonly calls = new Map<string, KnownCall>();
  /** Conversations kept by the provider, by the id of the last answer as the agent knows it. */
  readonly threads = new Map<string, Thread>();
  lastLlm: string | undefined;
  /** What judges cost in this run, in micro-dollars. */
  judgesCost = 0;
  private version = '';
  private readonly spans = new Map<string, readonly Redaction[]>();
  private readonly marks = new WeakMap<TextPart, string>();
  private readonly answered = new Map<string, number>();
  private readonly open = new Set<string>();

  /** Forgets every judgement that other policies made. */
  under(version: string): void {
    if (version === this.version) return;
    this.version = version;
    this.spans.clear();
  }

  /** What was redacted in this text when it was judged; undefined when it was not. */
  judged(part: TextPart): readonly Redaction[] | undefined {
    return this.spans.get(this.mark(part))?.map((span) => ({ ...span, at: part.at }));
  }

  remember(part: TextPart, redactions: readonly Redaction[]): void {
    keep(this.spans, this.mark(part), redactions.filter(({ at }) => at === part.at));
  }

  /** The same for every part with the same text in the same role. */
  mark(part: TextPart): string {
    const known = this.marks.get(part) ?? sha256(`${part.role}\0${part.text}`);
    this.marks.set(part, known);
    return known;
  }

  /**
   * The key of a request. The same request has the same key until it was answered: a client that repeats what was refused, held or broken
   * off meets the same verdict or the same open gate. `identity` tells requests apart; `done` is called once, with whether it was answered.
   */
  key(kind: 'llm' | 'http', identity: string): { readonly key: string; done(answered: boolean): void } {
    const digest = `${kind}:${sha256(identity)}`;
    let turn = this.answered.get(digest) ?? 0;
    while (this.open.has(`${digest}:${turn}`)) turn++;
    const key = `${digest}:${turn}`;
    this.open.add(key);
    return {
      key,
      done: (answered) => {
        if (this.open.delete(key) && answered) keep(this.answered, digest, (this.answered.get(digest) ?? 0) + 1);
      },
    };
  }

  /** The key of a tool call. A provider that uses an id twice for different calls does not get the first one's verdict for the second. */
  toolKey(id: string, call: ToolCall): string {
    const known = this.calls.get(id);
    return !known || canonical(known.call) === canonical(call) ? `tool:${id}` : `tool:${id}:${sha256(canonical(call)).slice(0, 16)}`;
  }

  know(id: string, call: KnownCall): void {
    keep(this.calls, id, call);
  }

  follow(shown: string, thread: Thread): void {
    keep(this.threads, shown, thread);
  }
}

/** Identity of a model request: RFC 8785 form of its body. Streamed or not is the same question: some agents fall back from one to the other when refused. */
export function requestIdentity({ stream: _, stream_options: __, ...body }: JsonObject): string {
  return canonical(body);
}

export function canonical(value: unknown): string {
  return canonicalize(value) ?? '';
}

const sha256 = (text: string): string => hash('sha256', text);

function keep<V>(memory: Map<string, V>, key: string, value: V): void {
  memory.delete(key);
  memory.set(key, value);
  if (memory.size > MOST) memory.delete(memory.keys().next().value as string);
}
