import { describe, expect, it } from 'vitest';
import { Refresher } from './refresher.ts';

/** Questions that are answered, or not, when the test says so. */
function begin() {
  let nowMs = 100;
  const asked: { readonly answer: () => void; readonly fail: () => void }[] = [];
  const refresher = new Refresher(
    () => nowMs,
    () => new Promise((answer, reject) => asked.push({ answer, fail: () => reject(new Error('no answer')) })),
  );
  const told: string[] = [];
  const refresh = (name: string, sinceMs: number): void => {
    void refresher.refresh(sinceMs).then(
      () => told.push(name),
      () => told.push(`${name} in vain`),
    );
  };
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { asked, told, refresh, settled, at: (ms: number) => (nowMs = ms) };
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
