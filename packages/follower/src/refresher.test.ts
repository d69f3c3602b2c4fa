import { describe, expect, it } from 'vitest';
import { Refresher, type RefresherOptions } from './refresher.ts';

/** Questions that are answered, or not, when the test says so. */
function begin() {
  let nowMs = 100;
  let publish: (published: { readonly isAnew: boolean }) => void = () => undefined;
  const asked: { readonly answer: (head?: number) => void; readonly fail: () => void }[] = [];
  const listeners = new Set<typeof publish>();
  publish = (published) => {
    for (const listener of listeners) listener(published);
  };
  const store = {
    facts: { head: { offset: 5 } },
    subscribe: (listener: typeof publish) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } as unknown as RefresherOptions['store'];
  const refresher = new Refresher({
    store,
    now: () => nowMs,
    ask: () =>
      new Promise((resolve, reject) =>
        asked.push({ answer: (head = 0) => resolve(head), fail: () => reject(new Error('no answer')) }),
      ),
  });
  const told: string[] = [];
  const refresh = (name: string, sinceMs: number): void => {
    void refresher.refresh(sinceMs).then(
      () => told.push(name),
      () => told.push(`${name} in vain`),
    );
  };
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { asked, told, refresh, refresher, settled, publish, at: (ms: number) => (nowMs = ms), listeners };
}

describe('reads that want to know what is so now', () => {
  it('share one question when they come together', async () => {
    const { asked, told, refresh, settled } = begin();
    refresh('a', 100);
    refresh('b', 90);
    await settled();
    expect(asked).toHaveLength(1);
    asked[0]!.answer();
    await settled();
    expect(told).toStrictEqual(['a', 'b']);
  });

  it('wait for the next one when they come while one is under way, unless that is new enough for them', async () => {
    const { asked, told, refresh, settled, at } = begin();
    refresh('first', 100);
    await settled();
    at(150);
    refresh('content with that', 100);
    refresh('newer', 150);
    refresh('newer too', 140);
    await settled();
    expect(asked).toHaveLength(1);
    asked[0]!.answer();
    await settled();
    expect([told.toSorted(), asked.length]).toStrictEqual([['content with that', 'first'], 2]);
    asked[1]!.answer();
    await settled();
    expect(told.slice(2)).toStrictEqual(['newer', 'newer too']);
  });

  it('are told of a failure, and the next one is asked all the same', async () => {
    const { asked, told, refresh, settled } = begin();
    refresh('first', 100);
    await settled();
    refresh('second', 101);
    asked[0]!.fail();
    await settled();
    expect([told, asked.length]).toStrictEqual([['first in vain'], 2]);
    asked[1]!.answer();
    await settled();
    refresh('third', 0);
    await settled();
    expect([told, asked.length]).toStrictEqual([['first in vain', 'second'], 3]);
  });
});

describe('what a node knows from its questions', () => {
  it('is as of when they were asked, from where the log ended then', async () => {
    const { asked, refresh, refresher, settled, at } = begin();
    expect(refresher.asOfMs(5)).toBeNull();
    refresh('a', 100);
    await settled();
    at(170);
    asked[0]!.answer(7);
    await settled();
    expect([refresher.asOfMs(6), refresher.asOfMs(7)]).toStrictEqual([null, 100]);
  });

  it('is nothing any more when other content has taken the place of that, also while a question is under way', async () => {
    const { asked, refresh, refresher, settled, publish, listeners } = begin();
    refresh('a', 100);
    await settled();
    asked[0]!.answer(5);
    await settled();
    publish({ isAnew: false });
    expect(refresher.asOfMs(5)).toBe(100);
    publish({ isAnew: true });
    expect(refresher.asOfMs(5)).toBeNull();
    refresh('b', 100);
    await settled();
    publish({ isAnew: true });
    asked[1]!.answer(5);
    await settled();
    expect([refresher.asOfMs(5), listeners.size]).toStrictEqual([null, 1]);
  });
});
