import type { Clock } from '@skein/core';
import type { FastifyReply } from 'fastify';

/** What ended a wait. */
export type WaitEnd = 'happened' | 'time-up' | 'gone';

/** Looks whether what is waited for is there: once at the beginning, and then with each piece of news. */
type Condition<News> = (news: News | undefined) => boolean;

interface Wait<News> {
  readonly holds: Condition<News>;
  readonly end: (how: WaitEnd) => void;
  /** Its place among all; -1 once it has ended. */
  at: number;
}

/**
 * Lets requests wait for news. A wait ends when its condition holds after some, when its time is up, or when its client or
 * the node goes away; nothing polls.
 */
export class Waits<News> {
  readonly #clock: Clock;
  readonly #stopping: AbortSignal;
  /** In no order, and no set; see decision 0023. */
  readonly #waits: Wait<News>[] = [];

  constructor(clock: Clock, stopping: AbortSignal) {
    this.#clock = clock;
    this.#stopping = stopping;
    stopping.addEventListener('abort', () => {
      for (const wait of [...this.#waits]) wait.end('gone');
    });
  }

  /** How many requests are waiting. */
  get waiting(): number {
    return this.#waits.length;
  }

  tell(news: News): void {
    for (const wait of this.#waits.filter(({ holds }) => holds(news))) wait.end('happened');
  }

  /** Without a reply, whoever waits is in this process and does not go away. */
  async until(holds: Condition<News>, waitMs: number, reply?: FastifyReply): Promise<WaitEnd> {
    if (holds(undefined)) return 'happened';
    if (waitMs <= 0) return 'time-up';
    if (this.#stopping.aborted) return 'gone';
    return new Promise((resolve) => {
      // For each of them a timer, and no signal: a thousand may end at once.
      const end = (how: WaitEnd): void => {
        if (wait.at === -1) return;
        cancel();
        this.#take(wait);
        reply?.raw.off('close', onClose);
        resolve(how);
      };
      const onClose = (): void => end('gone');
      const wait: Wait<News> = { holds, end, at: this.#waits.length };
      const cancel = this.#clock.later(waitMs, () => end('time-up'));
      this.#waits.push(wait);
      reply?.raw.once('close', onClose);
    });
  }

  /** The last one takes its place. */
  #take(wait: Wait<News>): void {
    const last = this.#waits.pop()!;
    last.at = wait.at;
    if (last !== wait) this.#waits[wait.at] = last;
    wait.at = -1;
  }
}
