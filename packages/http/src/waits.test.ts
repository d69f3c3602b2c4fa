import type { Clock } from '@skein/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Waits, type WaitEnd } from './waits.ts';

/** Timers that a test ends by hand. */
function handClock() {
  const timers = new Map<number, () => void>();
  let next = 0;
  const later = (_ms: number, act: () => void) => {
    const id = next++;
    timers.set(id, act);
    return () => void timers.delete(id);
  };
  return { clock: { later } as unknown as Clock, timers };
}

it('a wait ends once, for the first of what may end it, however others end', async () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ what: fc.constant('wait' as const), for: fc.nat(5) }),
      fc.record({ what: fc.constant('news' as const), of: fc.nat(5) }),
      fc.record({ what: fc.constant('time-up' as const), which: fc.nat(20) }),
    ),
    { maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      const { clock, timers } = handClock();
      const stopping = new AbortController();
      const waits = new Waits<number>(clock, stopping.signal);
      const expected = new Map<number, { readonly of: number; end: WaitEnd | null }>();
      const ended: Promise<readonly [number, WaitEnd]>[] = [];
      let count = 0;
      for (const step of taken) {
        if (step.what === 'wait') {
          const id = count++;
          expected.set(id, { of: step.for, end: null });
          ended.push(waits.until((news) => news === step.for, 1).then((how) => [id, how] as const));
        } else if (step.what === 'news') {
          waits.tell(step.of);
          for (const wait of expected.values()) if (wait.of === step.of) wait.end ??= 'happened';
        } else {
          timers.get(step.which)?.();
          const wait = expected.get(step.which);
          if (wait !== undefined) wait.end ??= 'time-up';
        }
        expect(waits.waiting).toBe([...expected.values()].filter(({ end }) => end === null).length);
      }
      stopping.abort();
      for (const wait of expected.values()) wait.end ??= 'gone';
      expect(waits.waiting).toBe(0);
      for (const [id, how] of await Promise.all(ended)) expect(how).toBe(expected.get(id)!.end);
    }),
  );
});
