import type { Clock, Document, Store } from '@skein/core';
import { Chore, type SlotBook } from '@skein/http';
import { isSkeinError, TOMBSTONES } from '@skein/protocol';
import {
  isTombstoneDue,
  passedByAll,
  passedByAllWhoSay,
  PassedForLong,
  waitedFor,
  type Audience,
} from '@skein/replication';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { DroppedTombstones } from './dropped-tombstones.ts';
import type { HeardNodes } from './heard-nodes.ts';

const LOOK_EVERY_MS = 60_000;
/** So many are looked at without a pause: where none of them may go, the next time goes on behind them. */
const LOOKED_AT_MAX = 10_000;
const DROPPED_AT_ONCE = 250;

export interface TombstoneKeeperParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly dropped: DroppedTombstones;
  readonly everyMs?: number | undefined;
  /** How long all have to have had what is dropped. */
  readonly restMs: number;
  /** How many are dropped before it is asked again who has passed what. */
  readonly batchMax: number;
  readonly heard: HeardNodes;
  readonly peers: () => Audience['peers'];
  readonly logger?: FastifyBaseLogger | undefined;
}

/** Drops tombstones that every known node has passed: nobody can bring back what they are of. */
export class TombstoneKeeper {
  readonly #parts: TombstoneKeeperParts;
  readonly #passed: PassedForLong;
  readonly #passedHere: PassedForLong;
  #slots: SlotBook | null = null;
  /** Keys of those that a peer has dropped, as far as it is known since the start. */
  readonly #droppedThere = new Set<string>();
  /** Behind which key the next look begins. */
  #after: string | undefined;
  #count: number | null = null;
  #dropped = 0;
  /** The oldest place in the log of one that was seen since the last look from the beginning. */
  #oldest: number | null = null;

  constructor(parts: TombstoneKeeperParts) {
    this.#parts = parts;
    this.#passed = new PassedForLong(parts.restMs);
    this.#passedHere = new PassedForLong(parts.restMs);
  }

  get count(): number | null {
    return this.#count;
  }

  install(app: FastifyInstance, slots: SlotBook): void {
    const { clock, logger, everyMs = LOOK_EVERY_MS } = this.#parts;
    this.#slots = slots;
    new Chore({
      clock,
      everyMs,
      work: (signal) => this.#look(signal),
      // A store that cannot be written to says so itself; they stay until the next look.
      onFailed: (error) => logger?.debug({ err: error }, 'tombstones could not be dropped'),
    }).install(app);
  }

  /** A peer has some of this node's tombstones no more. */
  noteDroppedThere(keys: readonly string[]): void {
    for (const key of keys) if (this.#droppedThere.size < LOOKED_AT_MAX) this.#droppedThere.add(key);
  }

  describe(): Readonly<Record<string, unknown>> {
    const waiting = this.#oldest === null ? [] : waitedFor(this.#oldest, this.#audience());
    return { count: this.#count, dropped: this.#dropped, waiting_for: waiting };
  }

  #audience(): Audience {
    return { slots: [...this.#slots!.all()], peers: this.#parts.peers(), heard: this.#parts.heard.all };
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { store, heard } = this.#parts;
    await heard.load();
    while (!signal.aborted && (await this.#dropSome()));
    this.#count = await store.count(TOMBSTONES);
    if (this.#count === 0) this.#oldest = null;
  }

  /** Answers whether it has, and more may go. */
  async #dropSome(): Promise<boolean> {
    const due = await this.#due();
    for (let i = 0; i < due.length; i += DROPPED_AT_ONCE) await this.#drop(due.slice(i, i + DROPPED_AT_ONCE));
    return due.length > 0 && this.#after !== undefined;
  }

  async #due(): Promise<readonly Document[]> {
    const { store, clock, batchMax } = this.#parts;
    const audience = this.#audience();
    const passed = this.#passed.see(passedByAll(audience), clock.now());
    const passedHere = this.#passedHere.see(passedByAllWhoSay(audience), clock.now());
    const due: Document[] = [];
    let looked = 0;
    if (this.#after === undefined) this.#oldest = null;
    for await (const tombstone of store.documents.iterate(TOMBSTONES, { after: this.#after })) {
      if (due.length === batchMax || looked === LOOKED_AT_MAX) return due;
      looked++;
      this.#after = tombstone.key;
      const ms = tombstone.made?.stamp.ms ?? tombstone.ts;
      const needed = this.#droppedThere.has(tombstone.key) ? passedHere : passed;
      if (isTombstoneDue({ offset: tombstone.offset, ms }, needed, clock.wall())) due.push(tombstone);
      else this.#oldest = Math.min(this.#oldest ?? Infinity, tombstone.offset);
    }
    this.#after = undefined;
    return due;
  }

  /** One that has been replaced meanwhile stays. */
  async #drop(tombstones: readonly Document[]): Promise<void> {
    const { dropped } = this.#parts;
    await dropped.dropTo(Math.max(...tombstones.map(({ made, ts }) => made?.stamp.ms ?? ts)));
    await Promise.all(tombstones.map((tombstone) => this.#dropOne(tombstone)));
  }

  async #dropOne({ key, version }: Document): Promise<void> {
    const operation = { op: 'delete', collection: TOMBSTONES, key, condition: { ifMatch: [version] } } as const;
    try {
      await this.#parts.store.commit({ operations: [operation] });
      this.#dropped++;
      this.#droppedThere.delete(key);
    } catch (error) {
      if (!isSkeinError(error, 'precondition_failed') && !isSkeinError(error, 'not_found')) throw error;
    }
  }
}
