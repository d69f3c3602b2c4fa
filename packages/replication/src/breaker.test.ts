import { describe, expect, it } from 'vitest';
import { breakerAfterFailure, breakerBeforeRequest, breakerDelayMs, CLOSED, type Breaker } from './breaker.ts';

const POLICY = { failuresMax: 5, openMs: 30_000 };
const NOW = 1000;
const closed = (failures: number): Breaker => ({ kind: 'closed', failures });
const OPEN: Breaker = { kind: 'open', openUntilMs: NOW + 30_000 };
const HALF_OPEN: Breaker = { kind: 'half-open' };

describe('the circuit breaker', () => {
  it.each<[from: string, Breaker, to: string, Breaker]>([
    ['closed', CLOSED, 'closed, one failure counted', closed(1)],
    ['closed, three failures counted', closed(3), 'closed, four counted', closed(4)],
    ['closed, four failures counted', closed(4), 'open', OPEN],
    ['half open', HALF_OPEN, 'open', OPEN],
    ['open', { kind: 'open', openUntilMs: NOW + 1 }, 'open for the whole time again', OPEN],
  ])('%s, becomes %3$s by a failure', (_, before, __, after) => {
    expect(breakerAfterFailure(before, POLICY, NOW)).toStrictEqual(after);
  });

  it.each<[what: string, Breaker, nowMs: number, Breaker, delayMs: number]>([
    ['closed', closed(4), NOW, closed(4), 0],
    ['half open', HALF_OPEN, NOW, HALF_OPEN, 0],
    ['open, just now', OPEN, NOW, OPEN, 30_000],
    ['open, a moment before its time', OPEN, NOW + 29_999, OPEN, 1],
    ['open, when its time has come', OPEN, NOW + 30_000, HALF_OPEN, 0],
    ['open, long after', OPEN, NOW + 99_999, HALF_OPEN, 0],
  ])('%s: lets requests out or holds them back', (_, before, nowMs, after, delayMs) => {
    expect(breakerBeforeRequest(before, nowMs)).toStrictEqual(after);
    expect(breakerDelayMs(before, nowMs)).toBe(delayMs);
  });

  it('opens at the first failure when one is too many', () => {
    expect(breakerAfterFailure(CLOSED, { ...POLICY, failuresMax: 1 }, NOW)).toStrictEqual(OPEN);
  });
});
