import type { Platform } from './platform.ts';

/**
 * A signal that is aborted when the time is up, or with another one. `AbortSignal.any` would do the same and keep what it made
 * for as long as the other signal lives, which may be as long as the program.
 */
export class Limit {
  readonly #platform: Platform;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  #clear: () => void = () => undefined;
  #isTimeUp = false;

  constructor(platform: Platform, outer: AbortSignal | undefined) {
    this.#platform = platform;
    this.#outer = outer;
    if (outer?.aborted === true) this.#onAbort();
    else outer?.addEventListener('abort', this.#onAbort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** That it was the time, and nobody who gave up. */
  get isTimeUp(): boolean {
    return this.#isTimeUp;
  }

  /** The time begins, or begins anew. */
  start(limitMs: number): void {
    this.#clear();
    this.#clear = this.#platform.later(limitMs, () => {
      this.#isTimeUp = true;
      this.#controller.abort();
    });
  }

  /** Nobody waits now. */
  pause(): void {
    this.#clear();
  }

  /** What it was for is over; whatever of it is still under way is let go. */
  end(): void {
    this.#clear();
    this.#outer?.removeEventListener('abort', this.#onAbort);
    this.#controller.abort();
  }

  readonly #onAbort = (): void => this.#controller.abort(this.#outer?.reason);
}
