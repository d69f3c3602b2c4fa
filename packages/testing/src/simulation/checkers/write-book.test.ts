import { describe, expect, it } from 'vitest';
import { failed, sent } from './histories.test-kit.ts';
import { WriteBook } from './write-book.ts';

/** How often the put of write 1 may be in the log after these events. */
function allowedAfter(...events: readonly (ReturnType<typeof sent> | ReturnType<typeof failed>)[]): number | undefined {
  const book = new WriteBook();
  for (const event of events) book.observe({ ...event, ms: 0 });
  return book.allowed('put\0c\0a\0"1"');
}

const KEY = { idempotencyKey: 'key' };

describe('the write book', () => {
  it.each<[what: string, allowed: number | undefined, expected: number | undefined]>([
    ['never, when nobody asked', allowedAfter(), undefined],
    ['once for each attempt without a key', allowedAfter(sent(1), sent(1)), 2],
    ['once for all attempts with a key', allowedAfter(sent(1, KEY), sent(1, KEY)), 1],
    ['not for an attempt that was refused', allowedAfter(sent(1), failed(1, 'refused')), 0],
    ['still for an attempt of unknown outcome', allowedAfter(sent(1), failed(1, 'unknown')), 1],
    ['still for the other attempt', allowedAfter(sent(1), sent(1), failed(1, 'refused')), 1],
    ['still for a key, of which a copy may be under way', allowedAfter(sent(1, KEY), failed(1, 'refused')), 1],
  ])('allows a change %s', (_, allowed, expected) => {
    expect(allowed).toBe(expected);
  });
});
