import type { Clock } from '@skein/core';
import type { FastifyInstance } from 'fastify';

export interface ChoreParts {
  readonly clock: Clock;
  readonly everyMs: number;
  /** Ends early when it is told to. */
  readonly work: (signal: AbortSignal) => Promise<void>;
  /** It is done again the next time, whatever went wrong; not told of what the end has interrupted. */
  readonly onFailed: (error: unknown) => void;
  /** What it cannot begin without. */
  readonly prepare?: (() => Promise<void>) | undefined;
  /** Done once more at the end, when there is no other time. */
  readonly isDoneAtEnd?: boolean | undefined;
}

/** Something a server does now and then, from when it is ready until it closes, and never twice at once. */
export class Chore {
  readonly #parts: ChoreParts;
  readonly #ending = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(parts: ChoreParts) {
    this.#parts = parts;
  }

  install(app: FastifyInstance): void {
    app.addHook('onReady', async () => {
      await this.#parts.prepare?.();
      this.#running = this.#run();
    });
    app.addHook('onClose', async () => {
      this.#ending.abort();
      await this.#running;
    });
  }

  async #run(): Promise<void> {
    const { clock, everyMs, isDoneAtEnd = false } = this.#parts;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await clock.sleep(everyMs, signal).catch(() => undefined);
      if (!signal.aborted || isDoneAtEnd) await this.#work(signal);
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    try {
      await this.#parts.work(signal);
    } catch (error) {
      if (!signal.aborted) this.#parts.onFailed(error);
    }
  }
}
