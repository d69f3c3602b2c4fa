import { sleepBy, type Cancel, type Clock } from '@skein/core';
import type { Scheduler } from './scheduler.ts';

/** When the worlds begin, for those who look at a calendar. */
export const WALL_START = Date.UTC(2026, 0, 1);

/** The clock of one actor: its monotonic time is the world's, its wall clock may have been set by somebody. */
export class SimClock implements Clock {
  readonly #scheduler: Scheduler;
  readonly #actor: string;
  readonly #isAlive: () => boolean;
  readonly #wallSkewMs: () => number;

  constructor(
    scheduler: Scheduler,
    actor: string,
    isAlive: () => boolean = () => true,
    wallSkewMs: () => number = () => 0,
  ) {
    this.#scheduler = scheduler;
    this.#actor = actor;
    this.#isAlive = isAlive;
    this.#wallSkewMs = wallSkewMs;
  }

  now(): number {
    return this.#scheduler.nowMs;
  }

  wall(): number {
    return Math.floor(WALL_START + this.#scheduler.nowMs + this.#wallSkewMs());
  }

  later(ms: number, act: () => void): Cancel {
    return this.#scheduler.after(ms, this.#actor, 'wakes', () => {
      // Nobody wakes in a process that is gone.
      if (this.#isAlive()) act();
    });
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepBy(this, ms, signal);
  }
}
