import type { Clock, Digest, Snapshot, Store } from '@skein/core';
import { formatPosition, SkeinError, type DigestBy, type Position } from '@skein/protocol';
import type { Pin, Pins } from '../pins.ts';

/** Digests asked for in several requests are of one position, which a pin of this age or less may have. */
const PIN_AGE_MS_MAX = 5000;
/** An answer is not held back for longer by digests that are still being made. */
const READY_MS_MAX = 5000;
/** Nor is who asks for a position only: whatever it does is standing still meanwhile. */
const PIN_MS_MAX = 500;
/** As many changes are read in a moment. */
const CHANGES_MAX = 100_000;

/**
 * Digests for those who ask over HTTP. The first pass over a store may take minutes: it goes on by itself, on a snapshot of
 * its own, while those who ask meanwhile are told to come again.
 */
export class DigestDesk {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #pins: Pins;
  readonly #underWay = new Map<DigestBy, Promise<void>>();

  constructor(store: Store, clock: Clock, pins: Pins) {
    this.#store = store;
    this.#clock = clock;
    this.#pins = pins;
  }

  /** The digest as of about now. */
  async newest(by: DigestBy): Promise<Digest> {
    if (!this.#isNearlyMade(by)) await this.#soon(this.#bringAlong(by));
    const young = await this.#pins.take(PIN_AGE_MS_MAX);
    // A tree is only ever brought forward: what was pinned before where it is now would be read whole.
    const isOlder = young.snapshot.position.offset < (this.#store.digests.keptAt(by)?.offset ?? 0);
    return this.#digestOf(isOlder ? await this.#pins.take(0) : young, by);
  }

  /** Pins a position that is not before an offset, and reads nothing yet: who asks is held up for no longer. */
  async pin(offsetMin: number): Promise<Snapshot> {
    // What is pinned before the first tree is made would be older than the tree is then.
    if (!this.#isNearlyMade('version')) await this.#soon(this.#bringAlong('version'), PIN_MS_MAX);
    const { snapshot } = await this.#pins.take(PIN_AGE_MS_MAX, offsetMin);
    if (snapshot.position.offset >= offsetMin) return snapshot;
    throw new SkeinError('ahead', `this log ends at ${snapshot.position.offset}`);
  }

  /** Reads from the digest of a pinned position. */
  async read<T>(position: Position, by: DigestBy, read: (digest: Digest) => T | Promise<T>): Promise<T> {
    if (!this.#isNearlyMade(by)) await this.#soon(this.#bringAlong(by));
    const pin = await this.#pins.at(position);
    if (this.#isPassed(pin, by))
      throw new SkeinError('snapshot_gone', undefined, { snapshot: formatPosition(position) });
    const digest = await this.#digestOf(pin, by);
    return this.#pins.read(pin, async () => read(digest));
  }

  #digestOf(pin: Pin, by: DigestBy): Promise<Digest> {
    return this.#soon(this.#pins.read(pin, (snapshot) => this.#store.digests.at(snapshot, by)));
  }

  /** Whether the tree has been brought beyond a position for which no digest was made: it would have to be read whole. */
  #isPassed({ snapshot }: Pin, by: DigestBy): boolean {
    const { digests } = this.#store;
    return !digests.has(snapshot, by) && snapshot.position.offset < (digests.keptAt(by)?.offset ?? 0);
  }

  /** Whether there is a tree from which the log goes on to here, and not for long. */
  #isNearlyMade(by: DigestBy): boolean {
    const kept = this.#store.digests.keptAt(by);
    const { head, tail } = this.#store.facts;
    return kept !== undefined && kept.offset >= tail - 1 && head.offset - kept.offset <= CHANGES_MAX;
  }

  /** Has the store keep a tree that is nearly new, so that one of a pin is made at once. */
  #bringAlong(by: DigestBy): Promise<void> {
    const known = this.#underWay.get(by);
    if (known !== undefined) return known;
    const made = this.#makeOne(by).finally(() => this.#underWay.delete(by));
    this.#underWay.set(by, made);
    return made;
  }

  async #makeOne(by: DigestBy): Promise<void> {
    const snapshot = await this.#store.snapshot();
    try {
      await this.#store.digests.at(snapshot, by);
    } finally {
      await snapshot.close();
    }
  }

  async #soon<T>(made: Promise<T>, waitMs = READY_MS_MAX): Promise<T> {
    const waiting = new AbortController();
    const late = this.#clock.sleep(waitMs, waiting.signal).then(
      () => 'late' as const,
      () => 'late' as const,
    );
    try {
      // Nobody may be left to hear of its failure.
      made.catch(() => undefined);
      const first = await Promise.race([made.then((value) => ({ value })), late]);
      if (first === 'late')
        throw new SkeinError('starting', 'the digests are still being made', { retryAfterSeconds: 1 });
      return first.value;
    } finally {
      waiting.abort();
    }
  }
}
