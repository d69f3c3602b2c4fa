import type { MergeChange, Store } from '@skein/core';
import { formatPlace, parseOffset, TOMBSTONES, type Place } from '@skein/protocol';

const NAME = 'dropped tombstones';

/**
 * Up to when tombstones have been dropped here: all of those have been everywhere, so one that comes in again, of a document that
 * is not here, would only stay.
 */
export class DroppedTombstones {
  readonly #store: Store;
  #toMs: number | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Durable when it resolves; before any of them is dropped. */
  async dropTo(ms: number): Promise<void> {
    if (ms <= (await this.#dropped())) return;
    await this.#store.saveNote(NAME, String(ms));
    this.#toMs = ms;
  }

  /**
   * Leaves out the deletions that nobody needs any more. One that comes together with what it may delete is needed: that would
   * stay otherwise.
   */
  async without(changes: readonly MergeChange[]): Promise<readonly MergeChange[]> {
    const isPut = ({ valueText }: MergeChange): boolean => valueText !== null;
    const put = new Set(changes.filter(isPut).map(placeOf));
    return this.#without(changes, (change) => !isPut(change) && !put.has(placeOf(change)));
  }

  /**
   * The same of what a broker brings, and there of puts, too: it may be long ago that they were told, and what is not here may
   * have been deleted since. Whoever is compared with finds those that were not.
   */
  withoutLate(changes: readonly MergeChange[]): Promise<readonly MergeChange[]> {
    return this.#without(changes, () => true);
  }

  async #without(
    changes: readonly MergeChange[],
    mayGo: (change: MergeChange) => boolean,
  ): Promise<readonly MergeChange[]> {
    const toMs = await this.#dropped();
    const old = changes.filter((change) => change.stamp.ms <= toMs && mayGo(change));
    if (old.length === 0) return changes;
    const { documents } = this.#store;
    const isThere = await documents.hasMany(old);
    const hasTombstone = await documents.hasMany(
      old.map((change) => ({ collection: TOMBSTONES, key: placeOf(change) })),
    );
    const needless = new Set(old.filter((_, i) => !isThere[i]! && !hasTombstone[i]!));
    return changes.filter((change) => !needless.has(change));
  }

  async #dropped(): Promise<number> {
    this.#toMs ??= parseOffset((await this.#store.note(NAME)) ?? '0') ?? 0;
    return this.#toMs;
  }
}

function placeOf({ collection, key }: MergeChange): Place {
  return formatPlace(collection, key);
}
