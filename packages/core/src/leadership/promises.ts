import type { EpochPromise, EpochPromises } from '@skein/protocol';

/** What a node has promised that has promised nothing. */
export const NO_PROMISES: EpochPromises = { spent: 0, outstanding: [] };

/** With one more; those of epochs that have been are nobody's any more. */
export function promisesWith({ spent, outstanding }: EpochPromises, given: EpochPromise, begun: number): EpochPromises {
  const owed = outstanding.filter(({ counter }) => counter > begun);
  return { spent: Math.max(spent, given.counter), outstanding: [...owed, given] };
}

/** Without one that was given back; every other one is owed as before. */
export function promisesWithout({ spent, outstanding }: EpochPromises, given: EpochPromise): EpochPromises {
  return { spent, outstanding: outstanding.filter((promise) => !isSamePromise(promise, given)) };
}

export function isPromised({ outstanding }: EpochPromises, asked: EpochPromise): boolean {
  return outstanding.some((promise) => isSamePromise(promise, asked));
}

function isSamePromise(one: EpochPromise, other: EpochPromise): boolean {
  return one.counter === other.counter && one.to === other.to;
}
