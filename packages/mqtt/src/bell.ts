/** Wakes the one who waits for news; news that comes while nobody waits is there for the next. */
export class Bell {
  #hasRung = false;
  #wake: (() => void) | null = null;

  ring(): void {
    this.#hasRung = true;
    this.#wake?.();
  }

  /** Resolves when there has been news since the last time, or at once when nobody is to wait any more. */
  async next(signal: AbortSignal): Promise<void> {
    if (!this.#hasRung && !signal.aborted) {
      const stop = (): void => this.#wake?.();
      signal.addEventListener('abort', stop, { once: true });
      await new Promise<void>((resolve) => (this.#wake = resolve));
      signal.removeEventListener('abort', stop);
      this.#wake = null;
    }
    this.#hasRung = false;
  }
}
