import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '@skein/core';

/** A candidate that takes longer has others to blame; whoever waits is told by then. */
const HELD_MS_MAX = 2000;
/** Writes that wait for other members are answered by those, and need not be waited for. */
const UNDER_WAY_MS_MAX = 100;

const WRITTEN = /^\/v1\/(collections\/|transactions|definitions\/)/;
const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Where writes wait while the lead is handed over: from before the promise, after which nothing is written here, until this
 * node can pass them on to the one that leads. Not for ever, as that one may never come to lead.
 */
export class WriteGate {
  readonly #clock: Clock;
  /** A number, and no set of them, which would keep them all from being collected cheaply; see decision 0023. */
  #underWay = 0;
  /** One for all: a listener for each, and taking it off again, is a twentieth of what a small write costs. */
  readonly #onClose = (): void => this.#answered();
  #onNoneUnderWay: () => void = () => undefined;
  #held: Promise<void> | null = null;
  #open: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when writes may go on; null while they may. */
  get held(): Promise<void> | null {
    return this.#held;
  }

  /** A write goes on its way, until it is answered. */
  count(response: ServerResponse): void {
    // Its client has left while it was held, and nothing will be heard of it any more.
    if (response.closed) return;
    this.#underWay++;
    response.on('close', this.#onClose);
  }

  #answered(): void {
    this.#underWay--;
    if (this.#underWay === 0) this.#onNoneUnderWay();
  }

  /** Resolves when those that are on their way have been answered, or have had the time for it. */
  async hold(): Promise<void> {
    if (this.#held === null) {
      const opened = new AbortController();
      this.#held = new Promise<void>((resolve) => (this.#open = resolve)).then(() => opened.abort());
      void this.#clock.sleep(HELD_MS_MAX, opened.signal).then(
        () => this.letGo(),
        () => undefined,
      );
    }
    if (this.#underWay === 0) return;
    const answered = new AbortController();
    this.#onNoneUnderWay = () => answered.abort();
    await this.#clock.sleep(UNDER_WAY_MS_MAX, answered.signal).catch(() => undefined);
  }

  letGo(): void {
    this.#held = null;
    this.#open();
  }
}

export function isWrite({ method, url = '' }: IncomingMessage): boolean {
  return !READS.has(method ?? '') && WRITTEN.test(url);
}
