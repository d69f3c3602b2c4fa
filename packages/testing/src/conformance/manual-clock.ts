import { sleepBy, type Cancel, type Clock } from '@skein/core';

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

  later(ms: number, act: () => void): Cancel {
    const sleeper = { wakesAt: this.#now + ms, wake: act };
    this.#sleepers = [...this.#sleepers, sleeper];
    for (const resume of this.#waiting.splice(0)) resume();
    return () => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepBy(this, ms, signal);
  }

  /** Both clocks go on, and who has slept long enough wakes. */
  advance(ms: number): void {
    this.#now += ms;
    this.#wall += ms;
    for (const sleeper of this.#sleepers) {
      // Whoever has woken before may have taken it back.
      if (sleeper.wakesAt > this.#now || !this.#sleepers.includes(sleeper)) continue;
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
      sleeper.wake();
    }
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
