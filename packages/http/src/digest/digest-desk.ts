import type { Digest, Snapshot, Store } from '@skein/core';
import { isSkeinError, SkeinError, type DigestBy, type Position, type Since } from '@skein/protocol';
import type { ServedNode } from '../node.ts';
import type { Pin, Pins } from '../pins.ts';

/** Digests asked for in several requests are of one position, which is answered for so long, or for longer; see `Offer`. */
const OFFER_MS_MIN = 5000;
/** An answer is not held back for longer by digests that are still being made. */
const READY_MS_MAX = 5000;
/** Nor is who asks for a position only: whatever it does is standing still meanwhile. */
const PIN_MS_MAX = 500;

/**
 * A pinned position and its digest, which is what everybody is answered with who needs no later one: until the digest is
 * made, and then for as long again as that has taken. So whoever is told to come again finds it made, however long it
 * takes and whatever is written meanwhile, and also when they come less and less often.
 */
interface Offer {
  readonly pin: Promise<Pin>;
  readonly digest: Promise<Digest>;
  /** Monotonic milliseconds; without end while the digest is being made. */
  endsAtMs: number;
}

/**
 * Digests for those who ask over HTTP. One pass over a store may take minutes: it goes on by itself, for as long as anybody
 * asks for it once a minute, while those who ask are told to come again.
 */
export class DigestDesk {
  readonly #node: Pick<ServedNode, 'store' | 'clock' | 'stopping'>;
  readonly #pins: Pins;
  readonly #offers = new Map<DigestBy, Offer>();

  constructor(node: Pick<ServedNode, 'store' | 'clock' | 'stopping'>, pins: Pins) {
    this.#node = node;
    this.#pins = pins;
    node.store.subscribe(({ isAnew }) => {
      if (isAnew) this.#offers.clear();
    }, node.stopping);
  }

  get #store(): Store {
    return this.#node.store;
  }

  /** The digest as of about now. */
  async newest(by: DigestBy): Promise<Digest> {
    return this.#soon(this.#digestOf(await this.#offered(by, 0), by), READY_MS_MAX);
  }

  /** Pins a position that is not before an offset, and waits for no digest of it: who asks is held up for no longer. */
  async pin(min: Since, by: DigestBy): Promise<Snapshot> {
    return (await this.#offered(by, this.#offsetOf(min))).snapshot;
  }

  /** Reads from the digest of a pinned position. */
  async read<T>(position: Position, by: DigestBy, read: (digest: Digest) => T | Promise<T>): Promise<T> {
    const pin = await this.#pins.at(position);
    const digest = await this.#soon(this.#digestOf(pin, by), READY_MS_MAX);
    return this.#pins.read(pin, async () => read(digest));
  }

  #offsetOf(min: Since): number {
    if (min.kind === 'now') return this.#store.facts.head.offset;
    return min.kind === 'offset' ? min.offset : min.position.offset;
  }

  /** The pin that is offered, or a new one when it is of before the offset: not before the digest of the old one is made. */
  async #offered(by: DigestBy, offsetMin: number): Promise<Pin> {
    let passed: Offer | undefined;
    for (;;) {
      const { head } = this.#store.facts;
      if (offsetMin > head.offset) throw new SkeinError('ahead', `this log ends at ${head.offset}`);
      const known = this.#current(by);
      const offer = known === undefined || known === passed ? this.#begin(by, offsetMin) : known;
      const pin = await this.#held(offer);
      if (pin !== undefined && pin.snapshot.position.offset >= offsetMin) return pin;
      await this.#soon(offer.digest, PIN_MS_MAX);
      passed = offer;
    }
  }

  #current(by: DigestBy): Offer | undefined {
    const offer = this.#offers.get(by);
    return offer !== undefined && this.#node.clock.now() < offer.endsAtMs ? offer : undefined;
  }

  /** The pin of an offer, which stays for being asked about; undefined when nobody has, and it was let go. */
  async #held(offer: Offer): Promise<Pin | undefined> {
    const { snapshot } = await offer.pin;
    try {
      return await this.#pins.at(snapshot.position);
    } catch (error) {
      if (isSkeinError(error, 'snapshot_gone')) return undefined;
      throw error;
    }
  }

  #begin(by: DigestBy, offsetMin: number): Offer {
    const beganAtMs = this.#node.clock.now();
    const pin = this.#pins.take(0, offsetMin);
    const offer: Offer = { pin, digest: pin.then((taken) => this.#digestOf(taken, by)), endsAtMs: Infinity };
    this.#offers.set(by, offer);
    offer.digest.then(
      () => {
        const nowMs = this.#node.clock.now();
        offer.endsAtMs = nowMs + Math.max(OFFER_MS_MIN, nowMs - beganAtMs);
      },
      // Whoever comes next begins anew.
      () => {
        if (this.#offers.get(by) === offer) this.#offers.delete(by);
      },
    );
    return offer;
  }

  async #digestOf(pin: Pin, by: DigestBy): Promise<Digest> {
    const { stopping } = this.#node;
    try {
      return await this.#pins.read(pin, (snapshot) => this.#store.digests.at(snapshot, by, stopping));
    } catch (error) {
      throw stopping.aborted ? new SkeinError('stopping') : error;
    }
  }

  async #soon<T>(made: Promise<T>, waitMs: number): Promise<T> {
    let cancel = (): void => undefined;
    const late = new Promise<'late'>((resolve) => (cancel = this.#node.clock.later(waitMs, () => resolve('late'))));
    try {
      // Nobody may be left to hear of its failure.
      made.catch(() => undefined);
      const first = await Promise.race([made.then((value) => ({ value })), late]);
      if (first === 'late')
        throw new SkeinError('starting', 'the digests are still being made', { retryAfterSeconds: 1 });
      return first.value;
    } finally {
      cancel();
    }
  }
}
