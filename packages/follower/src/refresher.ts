/** Asks the leader where its head is; with when that was. */
type Ask = () => Promise<void>;

/**
 * Questions for reads that want nothing older than so: one is under way at a time, and all who came before it was asked
 * share its answer. Whoever comes while it is under way waits for the next, which is asked for all of them.
 */
export class Refresher {
  readonly #now: () => number;
  readonly #ask: Ask;
  #underWay: { readonly askedAtMs: number; readonly done: Promise<void> } | null = null;
  #next: Promise<void> | null = null;

  constructor(now: () => number, ask: Ask) {
    this.#now = now;
    this.#ask = ask;
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
    const askedAtMs = this.#now();
    const done = this.#ask();
    const underWay = { askedAtMs, done };
    this.#underWay = underWay;
    try {
      await done;
    } finally {
      if (this.#underWay === underWay) this.#underWay = null;
    }
  }
}
