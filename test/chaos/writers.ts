import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Client } from '@skein/testing';
import type { Attempt, Oracle } from './oracle.ts';
import { randomOf, type Random } from './random.ts';

export interface WritersOptions {
  /** Where writes are sent; each goes to one of them. */
  readonly clients: readonly Client[];
  readonly oracle: Oracle;
  readonly seed: number;
  readonly count: number;
  /** Told of every answer that leaves open, or puts off, what was asked for. */
  readonly onFailure?: (answer: Answer) => void;
}

const KEYS_EACH = 20;
const APPENDS_PER_TEXT = 30;
const LOADED_AT_ONCE = 25;
const FILLER = 'skein '.repeat(400);

/** Clients that write without pause, each to keys of its own, and tell the oracle what they asked for and what they heard. */
export class Writers {
  readonly #loops: readonly Promise<void>[];
  #isStopping = false;

  constructor({ clients, oracle, seed, count, onFailure }: WritersOptions) {
    this.#loops = Array.from({ length: count }, (_, i) =>
      this.#loop(
        new Writer(`w${i}`, { clients, oracle, random: randomOf(seed + i), onFailure: onFailure ?? (() => undefined) }),
      ),
    );
  }

  /** Lets every writer finish what it is at. Throws what went wrong in one of them. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#loops);
  }

  async #loop(writer: Writer): Promise<void> {
    while (!this.#isStopping) await writer.writeSomething();
  }
}

interface WriterParts extends Pick<WritersOptions, 'clients' | 'oracle'> {
  readonly random: Random;
  readonly onFailure: (answer: Answer) => void;
}

class Writer {
  readonly #name: string;
  readonly #parts: WriterParts;
  readonly #random: Random;
  #count = 0;

  constructor(name: string, parts: WriterParts) {
    this.#name = name;
    this.#parts = parts;
    this.#random = parts.random;
  }

  async writeSomething(): Promise<void> {
    const id = `${this.#name}-${this.#count++}`;
    const kind = this.#random.pick(['put', 'put', 'put', 'append', 'append', 'transaction', 'load'] as const);
    switch (kind) {
      case 'put':
        await this.#try({ id, changes: 1, isTransaction: false }, (to) => to.put(this.#path(), this.#value(id)));
        break;
      case 'append':
        await this.#append(id);
        break;
      case 'transaction':
        await this.#try({ id, changes: 3, isTransaction: true }, (to) =>
          to.post('/v1/transactions', { operations: this.#operations(id) }),
        );
        break;
      case 'load':
        await this.#try({ id, changes: LOADED_AT_ONCE, isTransaction: false }, (to) =>
          to.load('loads', this.#lines(id)),
        );
        break;
    }
  }

  /** Sent again under its Idempotency-Key until somebody says how it went: then it must have happened once. */
  async #append(id: string): Promise<void> {
    const key = `${this.#name}-${Math.floor(this.#count / APPENDS_PER_TEXT)}`;
    const path = `/v1/collections/texts/${key}/append`;
    const attempt = { id, changes: 1, isTransaction: false };
    while (!(await this.#try(attempt, (to) => to.post(path, { text: `${id},` }, { 'idempotency-key': id }))));
  }

  /** Whether there was an answer that says how it went. Anything else leaves it open. */
  async #try(attempt: Attempt, write: (to: Client) => Promise<Answer>): Promise<boolean> {
    const { clients, oracle, onFailure } = this.#parts;
    oracle.asked(attempt);
    let answer: Answer;
    try {
      answer = await write(this.#random.pick(clients));
    } catch {
      // Nobody there, or gone in the middle: leave the processor to who is starting.
      await sleep(10);
      return false;
    }
    if (answer.status >= 500) {
      onFailure(answer);
      await sleep(10);
      return false;
    }
    if (answer.status < 300) oracle.wasAcknowledged(attempt.id, answer.json as { position: string });
    else if (answer.status === 404) oracle.wasRefused(attempt.id);
    else throw new Error(`${attempt.id} was answered ${answer.status}: ${answer.text}`);
    return true;
  }

  /** Changes two documents and deletes a third, which may not be there: then nothing happens at all. */
  #operations(id: string): readonly unknown[] {
    const [key, other, gone] = [this.#key(), this.#key(), this.#key()];
    return [
      { op: 'put', collection: 'docs', key, value: this.#value(id) },
      { op: 'put', collection: 'pairs', key: other, value: { id } },
      { op: 'delete', collection: 'docs', key: gone === key ? other : gone },
    ];
  }

  #lines(id: string): readonly unknown[] {
    return Array.from({ length: LOADED_AT_ONCE }, (_, i) => ({ key: `${this.#name}-${i}`, value: { id, i } }));
  }

  #value(id: string): unknown {
    return { id, filler: FILLER.slice(0, this.#random.below(FILLER.length)) };
  }

  #path(): string {
    return `/v1/collections/docs/${this.#key()}`;
  }

  #key(): string {
    return `${this.#name}-${this.#random.below(KEYS_EACH)}`;
  }
}
