import { describe, expect, it } from 'vitest';
import { MergeTurns } from './merge-turns.ts';

describe('turns to merge', () => {
  it('come one after another, the lowest rank first, and of one rank in the order in which they came', async () => {
    const turns = new MergeTurns();
    const begun: string[] = [];
    const ends: (() => void)[] = [];
    const take = (name: string, rank: number): Promise<void> =>
      turns.take(rank, async () => {
        begun.push(name);
        await new Promise<void>((resolve) => ends.push(resolve));
      });
    const all = [take('first', 3), take('b1', 1), take('c', 2), take('b2', 1), take('a', 0)];
    for (let i = 0; i < all.length; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      expect(begun).toHaveLength(i + 1);
      ends[i]!();
    }
    await Promise.all(all);
    expect(begun).toStrictEqual(['first', 'a', 'b1', 'b2', 'c']);
  });

  it('come also behind one that failed, and not to more than may wait', async () => {
    const turns = new MergeTurns();
    let fail: (error: Error) => void = () => undefined;
    const first = turns.take(0, () => new Promise((_resolve, reject) => (fail = reject)));
    const waiting = Array.from({ length: 64 }, (_, i) => turns.take(0, async () => i));
    await expect(turns.take(0, async () => 'too many')).rejects.toMatchObject({ code: 'overloaded' });
    fail(new Error('the disk'));
    await expect(first).rejects.toThrow('the disk');
    expect(await Promise.all(waiting)).toHaveLength(64);
  });
});
