import { expect, it } from 'vitest';
import { AtMost } from './at-most.ts';

it('lets the next begin when one has ended, however that came', async () => {
  const atMost = new AtMost(2);
  const begun: number[] = [];
  const ends: ((error: Error | null) => void)[] = [];
  const all = [0, 1, 2, 3].map((i) =>
    atMost.do(() => {
      begun.push(i);
      return new Promise<void>((resolve, reject) => {
        ends.push((error) => (error === null ? resolve() : reject(error)));
      });
    }),
  );
  const settled = Promise.allSettled(all);
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  await turn();
  expect(begun).toStrictEqual([0, 1]);
  ends[1]!(new Error('no'));
  await turn();
  expect(begun).toStrictEqual([0, 1, 2]);
  ends[0]!(null);
  await turn();
  expect(begun).toStrictEqual([0, 1, 2, 3]);
  for (const end of ends) end(null);
  expect((await settled).map(({ status }) => status)).toStrictEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
});
