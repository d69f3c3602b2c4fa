import { isSkeinError } from '@skein/protocol';
import { salvageIdentity } from './facts.ts';
import type { Level } from './level/level.ts';
import { Store, type StoreOptions } from './store.ts';

/**
 * The databases of one node: the one it serves, and at most one that is being built beside it. Which of them is served
 * changes by one durable step. None is opened here; a store or a copy does that.
 */
export interface Generations {
  /** The one that is served. */
  current(): Level;
  /** The one being built, as it was left, or an empty one. */
  beside(): Promise<Level>;
  /** Closes the one being built, if there is one; it can be gone on with. */
  leave(): Promise<void>;
  /** Closes the one being built and removes it. */
  discard(): Promise<void>;
  /** From now on, durably, the one built beside is the current one. */
  promote(): Promise<void>;
  /** Removes what was current before; its database must be closed. */
  removeFormer(): Promise<void>;
  /** Puts the current one out of the way, so that an empty one takes its place. It must be closed. Answers where it is. */
  setAside(): Promise<string>;
  /** Throws unless there is room on the disk to open the current database. */
  probe(): Promise<void>;
}

export interface ServedStoreOptions extends Omit<StoreOptions, 'level' | 'probe'> {
  /** Told why a follower begins anew, and where what it had is. */
  readonly onSetAside: (reason: string, kept: string) => void;
}

/**
 * Opens the store that a node serves. A follower can have everything again from its leader, so where its store is not to
 * be believed it begins with an empty one, instead of not beginning.
 */
export async function openServed(generations: Generations, options: ServedStoreOptions): Promise<Store> {
  const open = (former: Awaited<ReturnType<typeof salvageIdentity>> = {}): Promise<Store> => {
    const { node = former.node } = options;
    const { role = options.role } = former;
    const level = generations.current();
    return Store.open({
      ...options,
      role,
      node,
      log: former.log,
      promised: former.promised,
      level,
      probe: () => generations.probe(),
    });
  };
  try {
    return await open();
  } catch (error) {
    if (!isSkeinError(error, 'corrupt')) throw error;
    // It is still the node it was, and follows this log, not any that may answer in its leader's place.
    const former = await salvageIdentity(generations.current());
    if ((former.role ?? options.role) !== 'follower') throw error;
    options.onSetAside(error.message, await generations.setAside());
    return open(former);
  }
}
