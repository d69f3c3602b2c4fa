import type { Clock, Snapshot, Store } from '@skein/core';
import { formatPosition, isSkeinError, samePosition, SkeinError, type Position } from '@skein/protocol';

/** A snapshot of the store that several requests read from. */
export interface Pin {
  /** Unique: what was read from one pin is not what is read from another, also at the same position. */
  readonly id: number;
  readonly snapshot: Snapshot;
}

/** A pin nobody has asked for during this time is let go. */
const PIN_IDLE_MS = 60_000;
/** What is pinned holds back LevelDB's cleaning up, so not even a busy one stays for longer. */
const PIN_AGE_MS_MAX = 3_600_000;
const PINS_MAX = 16;
/** Where there is no room for another, one that was not asked for during this time gives way. */
const PIN_REST_MS = 5000;

interface HeldPin extends Pin {
  /** Times are monotonic milliseconds. */
  madeAtMs: number;
  usedAtMs: number;
  readonly ending: AbortController;
}

/**
 * Snapshots held for others: whoever reads a store in several requests reads it as of one position, and names it by that.
 * A young one is shared by all who ask for one, and there are never more than a few.
 */
export class Pins {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #pins = new Map<string, HeldPin>();
  #taking: Promise<Pin> | null = null;
  #made = 0;
  /** How often the store has become anew. */
  #renewals = 0;
  #isClosed = false;

  constructor(store: Store, clock: Clock, until?: AbortSignal) {
    this.#store = store;
    this.#clock = clock;
    store.subscribe(({ isAnew }) => {
      if (!isAnew) return;
      // What was pinned is of another content, though its position may be the same.
      this.#renewals++;
      for (const pin of this.#pins.values()) void this.#letGo(pin).catch(() => undefined);
    }, until);
  }

  get count(): number {
    return this.#pins.size;
  }

  /**
   * A pin that is no older than so, and not of before an offset. When no more may be made it is the newest one, unless that is
   * of before the offset.
   */
  async take(ageMsMax: number, offsetMin = 0): Promise<Pin> {
    const newest = [...this.#pins.values()].at(-1);
    const reaches = newest !== undefined && newest.snapshot.position.offset >= offsetMin;
    if (reaches && this.#clock.now() - newest.madeAtMs <= ageMsMax) return this.#used(newest);
    if (newest !== undefined && !(await this.#hasRoom())) {
      if (reaches) return this.#used(newest);
      throw new SkeinError('overloaded', 'too many snapshots are being read', { retryAfterSeconds: 1 });
    }
    this.#taking ??= this.#make().finally(() => (this.#taking = null));
    const shared = await this.#taking;
    // Whoever began it may have needed less. What is begun now is of the head.
    return shared.snapshot.position.offset >= offsetMin ? shared : this.#make();
  }

  /** The pin at a position; it stays a while longer for having been asked for. */
  async at(position: Position): Promise<Pin> {
    const pin = this.#pins.get(formatPosition(position));
    if (pin !== undefined) return this.#used(pin);
    // What is at one position is always the same: where the store has not moved on, nothing is lost with the pin.
    if (samePosition(position, this.#store.facts.head)) {
      const made = await this.take(0);
      if (samePosition(position, made.snapshot.position)) return made;
    }
    throw new SkeinError('snapshot_gone', undefined, { snapshot: formatPosition(position) });
  }

  /** Reads from a pin. When the store has been reopened meanwhile, what was pinned is gone, and so is the pin. */
  async read<T>(pin: Pin, read: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    try {
      return await read(pin.snapshot);
    } catch (error) {
      const held = this.#pins.get(formatPosition(pin.snapshot.position));
      if (held === pin && isSkeinError(error, 'starting')) await this.#letGo(held);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#taking?.catch(() => undefined);
    await Promise.all([...this.#pins.values()].map((pin) => this.#letGo(pin)));
  }

  async #hasRoom(): Promise<boolean> {
    if (this.#pins.size < PINS_MAX) return true;
    const [longestAtRest] = [...this.#pins.values()].toSorted((a, b) => a.usedAtMs - b.usedAtMs);
    if (this.#clock.now() - longestAtRest!.usedAtMs < PIN_REST_MS) return false;
    await this.#letGo(longestAtRest!);
    return true;
  }

  #used(pin: HeldPin): Pin {
    pin.usedAtMs = this.#clock.now();
    return pin;
  }

  async #make(): Promise<Pin> {
    const renewals = this.#renewals;
    const snapshot = await this.#store.snapshot();
    if (renewals !== this.#renewals) {
      await snapshot.close();
      return this.#make();
    }
    const nowMs = this.#clock.now();
    const same = this.#pins.get(formatPosition(snapshot.position));
    if (same !== undefined) {
      await snapshot.close();
      same.madeAtMs = nowMs;
      return this.#used(same);
    }
    const pin: HeldPin = {
      id: ++this.#made,
      snapshot,
      madeAtMs: nowMs,
      usedAtMs: nowMs,
      ending: new AbortController(),
    };
    this.#pins.set(formatPosition(snapshot.position), pin);
    if (this.#isClosed) await this.#letGo(pin);
    else void this.#watch(pin);
    return pin;
  }

  /** Lets go of it when its time is up. */
  async #watch(pin: HeldPin): Promise<void> {
    const { signal } = pin.ending;
    for (;;) {
      const endsAtMs = Math.min(pin.usedAtMs + PIN_IDLE_MS, pin.madeAtMs + PIN_AGE_MS_MAX);
      const leftMs = endsAtMs - this.#clock.now();
      if (leftMs <= 0) return this.#letGo(pin);
      await this.#clock.sleep(leftMs, signal).catch(() => undefined);
      if (signal.aborted) return;
    }
  }

  async #letGo(pin: HeldPin): Promise<void> {
    this.#pins.delete(formatPosition(pin.snapshot.position));
    pin.ending.abort();
    await pin.snapshot.close();
  }
}
