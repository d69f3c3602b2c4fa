import type { Clock } from '@skein/core';

interface Sleeper {
  readonly wakesAt: number;
  readonly wake: () => void;
}

/** Time that moves when a test says so. */
export class ManualClock implements Clock {
  #now = 0;
  #wall: number;
  #sleepers: readonly Sleeper[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(wall = Date.UTC(2026, 0, 1)) {
    this.#wall = wall;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wall;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal!.reason as Error);
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const sleeper = { wakesAt: this.#now + ms, wake };
      this.#sleepers = [...this.#sleepers, sleeper];
      signal?.addEventListener('abort', onAbort, { once: true });
      for (const resume of this.#waiting.splice(0)) resume();
    });
  }

  /** Both clocks go on, and who has slept long enough wakes. */
  advance(ms: number): void {
    this.#now += ms;
    this.#wall += ms;
    const woken = this.#sleepers.filter(({ wakesAt }) => wakesAt <= this.#now);
    this.#sleepers = this.#sleepers.filter(({ wakesAt }) => wakesAt > this.#now);
    for (const { wake } of woken) wake();
  }

  /** Somebody sets the wall clock; the monotonic one takes no notice. */
  setWall(wall: number): void {
    this.#wall = wall;
  }

  /** Resolves once somebody sleeps. */
  async untilAsleep(): Promise<void> {
    while (this.#sleepers.length === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
