import { SkeinError } from '@skein/protocol';

/** More do not wait: whoever comes then is to come again. */
const WAITING_MAX = 64;

interface Waiting {
  readonly rank: number;
  readonly begin: () => void;
}

/** Lets one after another have a turn: of those who wait the one with the lowest rank, and of equals the first that came. */
export class MergeTurns {
  readonly #waiting: Waiting[] = [];
  #isTaken = false;

  async take<T>(rank: number, work: () => Promise<T>): Promise<T> {
    await this.#turn(rank);
    try {
      return await work();
    } finally {
      this.#passOn();
    }
  }

  #turn(rank: number): Promise<void> | undefined {
    if (!this.#isTaken) {
      this.#isTaken = true;
      return undefined;
    }
    if (this.#waiting.length === WAITING_MAX)
      throw new SkeinError('overloaded', 'too many wait for what they send to be merged', { retryAfterSeconds: 1 });
    return new Promise((begin) => {
      const at = this.#waiting.findIndex((other) => other.rank > rank);
      this.#waiting.splice(at === -1 ? this.#waiting.length : at, 0, { rank, begin });
    });
  }

  #passOn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#isTaken = false;
    else next.begin();
  }
}
