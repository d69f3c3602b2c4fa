import { systemClock, type Store } from '@skein/core';
import { Membership } from '@skein/http';

/** The place among members of a node that is alone. */
export function aloneWith(store: Store): Membership {
  const openLink = (): never => {
    throw new Error('a node that is alone asks nobody');
  };
  return new Membership({
    store,
    clock: systemClock,
    openLink,
    peers: [],
    leaders: [],
    minReplicas: 0,
    instance: 'alone',
    logger: undefined,
  });
}
