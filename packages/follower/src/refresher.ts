import type { Store } from '@skein/core';
import { provenAfter, provenAsOfMs, type ProvenAnswers } from '@skein/replication';

export interface RefresherOptions {
  readonly store: Pick<Store, 'facts' | 'subscribe'>;
  readonly now: () => number;
  /** Asks the node that is followed where its log ends; what it has then is all that had been written when it was asked. */
  readonly ask: () => Promise<number>;
  readonly until?: AbortSignal | undefined;
}

/**
 * Knows as of when this node has everything, for reads that set a bound on that. One question is under way at a time, and all
 * who came before it was asked share its answer; whoever comes while it is under way waits for the next, which is asked for
 * all of them. An answer to anything else proves nothing here: it may have been under way when the read came.
 */
export class Refresher {
  readonly #options: RefresherOptions;
  #underWay: { readonly askedAtMs: number; readonly done: Promise<void> } | null = null;
  #next: Promise<void> | null = null;
  #answers: ProvenAnswers = [];

  constructor(options: RefresherOptions) {
    this.#options = options;
    options.store.subscribe(({ isAnew }) => {
      // What was proven of other content proves nothing of this.
      if (isAnew) this.#answers = [];
    }, options.until);
  }

  /** As of when the log up to an offset was all there was, by this node's clock; null when that is not known. */
  asOfMs(offset: number): number | null {
    return provenAsOfMs(this.#answers, offset);
  }

  /** Resolves with the answer to a question that was asked at some time or later. */
  refresh(sinceMs: number): Promise<void> {
    const underWay = this.#underWay;
    if (underWay !== null && underWay.askedAtMs >= sinceMs) return underWay.done;
    this.#next ??= this.#begin(underWay?.done);
    return this.#next;
  }

  async #begin(before: Promise<void> | undefined): Promise<void> {
    await before?.catch(() => undefined);
    this.#next = null;
    const askedAtMs = this.#options.now();
    const underWay = { askedAtMs, done: this.#ask(askedAtMs) };
    this.#underWay = underWay;
    try {
      await underWay.done;
    } finally {
      if (this.#underWay === underWay) this.#underWay = null;
    }
  }

  async #ask(askedAtMs: number): Promise<void> {
    const { store, ask } = this.#options;
    let isSame = true;
    const stop = store.subscribe(({ isAnew }) => (isSame &&= !isAnew));
    try {
      const head = await ask();
      if (isSame) this.#answers = provenAfter(this.#answers, { head, askedAtMs }, store.facts.head.offset);
    } finally {
      stop();
    }
  }
}
