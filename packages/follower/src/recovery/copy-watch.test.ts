import type { Clock } from '@skein/core';
import { describe, expect, it } from 'vitest';
import type { CopyStatus } from './copy-leader.ts';
import { watchingCopy } from './copy-watch.ts';

const COPY: CopyStatus = { step: 'copying', documents: 429, documents_total: 1000, seconds_left: 30 };

/** A time that passes only while somebody sleeps; a copy that is done when so many sleeps have passed. */
class Scene {
  nowMs = 0;
  readonly told: [number, CopyStatus][] = [];
  #sleeps = 0;

  async watch(statuses: readonly (CopyStatus | null)[], end: () => Promise<string>): Promise<string> {
    let done: () => void = () => undefined;
    const making = new Promise<void>((resolve) => (done = resolve)).then(end);
    const clock: Clock = {
      now: () => this.nowMs,
      wall: () => 0,
      later: () => () => undefined,
      sleep: async (ms, signal) => {
        if (this.#sleeps++ === statuses.length) {
          done();
          await new Promise((_resolve, reject) => {
            signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
          });
        }
        this.nowMs += ms;
      },
    };
    return watchingCopy(making, {
      clock,
      status: () => statuses[this.#sleeps - 1]!,
      tell: (copy) => this.told.push([this.nowMs, copy]),
    });
  }
}

describe('a copy that is being made', () => {
  it('is told of every five seconds, and not where there is nothing to tell', async () => {
    const scene = new Scene();
    const verifying: CopyStatus = { ...COPY, step: 'verifying', seconds_left: null };
    expect(await scene.watch([null, COPY, verifying], async () => 'made')).toBe('made');
    expect(scene.told).toStrictEqual([
      [10_000, COPY],
      [15_000, verifying],
    ]);
  });

  it('is not told of any more when it has failed, and fails as it did', async () => {
    const scene = new Scene();
    const failure = new Error('no copy');
    await expect(scene.watch([COPY], () => Promise.reject(failure))).rejects.toBe(failure);
    await Promise.resolve();
    expect(scene.told).toStrictEqual([[5000, COPY]]);
  });
});
