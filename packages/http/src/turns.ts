import { SkeinError } from '@skein/protocol';

/** Lets so many work at once and so many more wait, first come, first served; the rest is asked to come again. Without a bound on those who wait, these are few by what they are. */
export class Turns {
  readonly #workingMax: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #working = 0;

  constructor(workingMax: number, waitingMax = Infinity) {
    this.#workingMax = workingMax;
    this.#waitingMax = waitingMax;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#working < this.#workingMax) this.#working++;
    else await this.#wait();
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // Whoever is next takes over the turn, so that nobody who comes just now gets in between.
      if (next === undefined) this.#working--;
      else next();
    }
  }

  #wait(): Promise<void> {
    if (this.#waiting.length >= this.#waitingMax)
      throw new SkeinError('overloaded', 'too many are reading snapshots already', { retryAfterSeconds: 1 });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
