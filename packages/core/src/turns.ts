/** One after the other, in the order in which they were asked for, whatever becomes of the one before. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Somebody waits for the one whose turn it is. */
  get areAwaited(): boolean {
    return this.#waiting > 0;
  }

  take<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting++;
    const turn = this.#last.then(() => {
      this.#waiting--;
      return work();
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
