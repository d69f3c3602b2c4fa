/** How many turns are asked for at once. */
const TURNS = 64;

/**
 * Lets everything that one event set in motion come to rest: all promises and ticks, which Node empties between one
 * immediate and the next. Asking for many at once saves the polls between them; nothing in a world waits for a poll.
 */
export class Turns {
  #ahead = 0;
  #resolve: (() => void) | undefined;

  rest(): Promise<void> {
    if (this.#ahead === 0) for (; this.#ahead < TURNS; this.#ahead++) setImmediate(() => this.#take());
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  #take(): void {
    this.#ahead--;
    this.#resolve?.();
  }
}
