import type { Dice } from './files.ts';

/**
 * One write after the other, as LevelDB does them. Which of those that wait is next, the threads that bring them fight
 * out: with dice, one may be overtaken by the one behind it.
 */
export class WriteTurns {
  readonly #dice: Dice | undefined;
  readonly #waiting: (() => Promise<void>)[] = [];
  #working: Promise<void> | undefined;

  constructor(dice: Dice | undefined) {
    this.#dice = dice;
  }

  take(write: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => write().then(resolve, reject));
      this.#working ??= this.#work();
    });
  }

  /** Until nobody waits for a turn or has one. */
  async over(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    // Those that come in the same moment wait, too.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#next()();
    this.#working = undefined;
  }

  #next(): () => Promise<void> {
    const isOvertaken = this.#dice !== undefined && this.#waiting.length > 1 && this.#dice.below(2) === 1;
    return this.#waiting.splice(isOvertaken ? 1 : 0, 1)[0]!;
  }
}
