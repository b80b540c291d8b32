// Group commit: transactions queue up, run one after another as savepoints of one open transaction, and share one commit, so that one fsync pays for many.

import { setImmediate as turn } from 'node:timers/promises';
import { FullarcError } from '../../protocol/control.ts';
import type { Commit, Tx } from './store.ts';

/** One connection of an engine. Its errors are already those of the house. */
export interface Connection {
  begin(): void;
  commit(): void;
  rollback(): void;
  savepoint(): void;
  releaseSavepoint(): void;
  rollbackToSavepoint(): void;
  /** False once the engine gave the whole transaction up by itself, as SQLite does when the disk is full. */
  readonly inTransaction: boolean;
  /** A view for one transaction; after `end` it refuses every use. */
  view(): { readonly tx: Tx; end(): void };
  close(): void;
}

export class GroupCommit {
  readonly #connection: Connection;
  readonly #groupSize: number;
  readonly #queue: Member[] = [];
  #draining: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(connection: Connection, groupSize: number) {
    this.#connection = connection;
    this.#groupSize = groupSize;
  }

  submit<T>(work: (tx: Tx) => Promise<T>): Commit<T> {
    const done = Promise.withResolvers<T>();
    const durable = Promise.withResolvers<T>();
    done.promise.catch(ignore);
    durable.promise.catch(ignore);
    const reject = (error: unknown): void => {
      done.reject(error);
      durable.reject(error);
    };
    const perform = async (tx: Tx): Promise<Executed> => {
      const value = await work(tx);
      return { done: () => done.resolve(value), durable: () => durable.resolve(value) };
    };
    if (this.#closing) reject(new FullarcError('shutting-down', 'The store is closing and takes no more transactions.', 'Repeat the call once the governor is back.'));
    else {
      this.#queue.push({ perform, reject });
      this.#draining ??= this.#drain();
    }
    return { done: done.promise, durable: durable.promise };
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#draining;
      this.#connection.close();
    })();
    return this.#closing;
  }

  async #drain(): Promise<void> {
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#group();
    this.#draining = undefined;
  }

  async #group(): Promise<void> {
    try {
      this.#connection.begin();
    } catch (error) {
      // Each of them would meet the same refusal, after the same wait.
      for (const member of this.#queue.splice(0, this.#groupSize)) member.reject(error);
      return;
    }
    const members: Member[] = [];
    const executed: Executed[] = [];
    try {
      for (let member = await this.#next(0); member; member = await this.#next(members.length)) {
        members.push(member);
        const outcome = await this.#perform(member);
        if (outcome) executed.push(outcome);
      }
      this.#connection.commit();
    } catch (error) {
      for (const member of members) member.reject(error);
      this.#abandon();
      return;
    }
    for (const { durable } of executed) durable();
  }

  #abandon(): void {
    try {
      if (this.#connection.inTransaction) this.#connection.rollback();
    } catch {
      // The next group meets the same trouble when it begins, and reports it to its own members.
      return;
    }
  }

  /** The next to join the open group. An empty queue gets one turn of the event loop to fill: answers to `done` and requests off the wire arrive in it. */
  async #next(joined: number): Promise<Member | undefined> {
    if (joined >= this.#groupSize) return undefined;
    if (this.#queue.length === 0) await turn();
    return this.#queue.shift();
  }

  /** Undefined when the member alone failed. Throws when the whole group is lost. */
  async #perform(member: Member): Promise<Executed | undefined> {
    this.#connection.savepoint();
    const view = this.#connection.view();
    try {
      const outcome = await member.perform(view.tx);
      if (!this.#connection.inTransaction) throw new FullarcError('store-failed', 'The database gave up the open transaction.', 'Repeat the call; see the error before this one for the cause.');
      this.#connection.releaseSavepoint();
      outcome.done();
      return outcome;
    } catch (error) {
      if (!this.#connection.inTransaction) throw error;
      member.reject(error);
      this.#connection.rollbackToSavepoint();
      return undefined;
    } finally {
      view.end();
    }
  }
}

interface Member {
  perform(tx: Tx): Promise<Executed>;
  reject(error: unknown): void;
}
interface Executed {
  done(): void;
  durable(): void;
}
const ignore = (): void => {};
