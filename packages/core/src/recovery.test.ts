import { SkeinError } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import type { Clock } from './clock.ts';
import { isDiskFull, recover } from './recovery.ts';

/** A clock on which every pause is over at once, and written down. */
function pausing(): { readonly clock: Clock; readonly pauses: number[] } {
  const pauses: number[] = [];
  const sleep = async (ms: number): Promise<void> => void pauses.push(ms);
  return { clock: { now: () => 0, wall: () => 0, later: () => () => undefined, sleep }, pauses };
}

/** Fails so many times. */
function failing(times: number, error: unknown = new Error('no')): () => Promise<void> {
  let left = times;
  return async () => {
    if (left-- > 0) throw error;
  };
}

const never = new AbortController().signal;

describe('recovering', () => {
  it('tries at once, then after longer and longer pauses, up to ten seconds', async () => {
    const { clock, pauses } = pausing();
    const failures: unknown[] = [];
    const store = { probe: undefined, reopen: failing(8) };
    expect(await recover(store, clock, never, (error) => failures.push(error))).toBe('recovered');
    expect(pauses).toStrictEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    expect(failures.length).toBe(8);
  });

  it('does not close what can still be read before there is room to open it again', async () => {
    const { clock, pauses } = pausing();
    let reopened = 0;
    const store = { probe: failing(3), reopen: async () => void reopened++ };
    const seen: number[] = [];
    await recover(store, clock, never, () => seen.push(reopened));
    expect([seen, reopened, pauses.length]).toStrictEqual([[0, 0, 0], 1, 3]);
  });

  it('ends with what is corrupt: trying again would not mend it', async () => {
    const { clock, pauses } = pausing();
    const store = { probe: undefined, reopen: failing(Infinity, new SkeinError('corrupt')) };
    expect(await recover(store, clock, never, () => undefined)).toBe('corrupt');
    expect(pauses).toStrictEqual([]);
  });

  it('ends when the store is being closed', async () => {
    const closing = new AbortController();
    const { clock } = pausing();
    const store = { probe: undefined, reopen: failing(Infinity) };
    let attempts = 0;
    const onFailed = (): void => {
      if (++attempts === 3) closing.abort();
    };
    expect(await recover(store, clock, closing.signal, onFailed)).toBe('stopped');
    expect(attempts).toBe(3);
  });
});

describe('a full disk', () => {
  it.each([
    [new Error('IO error: /data/000005.log: No space left on device'), true],
    [new Error('the write failed', { cause: new Error('ENOSPC: no space, write') }), true],
    [new SkeinError('outcome_unknown', undefined, {}, new Error('Disk quota exceeded')), true],
    [new Error('IO error: /data/000005.log: Input/output error'), false],
    ['No space left on device', false],
    [undefined, false],
  ])('is told by what the error says: %s', (error, expected) => {
    expect(isDiskFull(error)).toBe(expected);
  });
});
