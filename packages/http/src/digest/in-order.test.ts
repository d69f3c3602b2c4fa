import { describe, expect, it } from 'vitest';
import { inOrder } from './in-order.ts';

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('work in order', () => {
  it('gives results in the order of the items, whichever is done first, with no more begun than may be', async () => {
    const waiting: (() => void)[] = [];
    let underWay = 0;
    let mostUnderWay = 0;
    const work = async (item: number) => {
      mostUnderWay = Math.max(mostUnderWay, ++underWay);
      const isReleased = new Promise<void>((resolve) => waiting.push(resolve));
      // The newest is let go first.
      if (waiting.length === 3 || item === 6) for (const release of waiting.splice(0).toReversed()) release();
      await isReleased;
      underWay--;
      return item * 10;
    };
    expect(await collect(inOrder([0, 1, 2, 3, 4, 5, 6], 3, work))).toStrictEqual([0, 10, 20, 30, 40, 50, 60]);
    expect(mostUnderWay).toBe(3);
  });

  it('fails with the first failure in that order, and leaves none of the others unheard', async () => {
    const work = (item: number) => Promise.reject(new Error(`failed ${item}`));
    await expect(collect(inOrder([0, 1, 2], 2, work))).rejects.toThrow('failed 0');
  });

  it('begins nothing more for whoever has heard enough', async () => {
    const begun: number[] = [];
    for await (const result of inOrder([0, 1, 2, 3, 4, 5], 2, async (item) => begun.push(item))) {
      if (result === 1) break;
    }
    expect(begun).toStrictEqual([0, 1]);
  });
});
