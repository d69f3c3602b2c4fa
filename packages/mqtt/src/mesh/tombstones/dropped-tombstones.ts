import type { MergeChange, Store } from '@skein/core';
import { formatPlace, parseOffset, TOMBSTONES } from '@skein/protocol';

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

  /** Leaves out the deletions that nobody needs any more: one that comes with what it deleted is needed once more. */
  async without(changes: readonly MergeChange[]): Promise<readonly MergeChange[]> {
    const toMs = await this.#dropped();
    const isOld = ({ stamp, valueText }: MergeChange): boolean => valueText === null && stamp.ms <= toMs;
    const old = changes.filter(isOld);
    if (old.length === 0) return changes;
    const { documents } = this.#store;
    const isThere = await documents.hasMany(old);
    const hasTombstone = await documents.hasMany(
      old.map((change) => ({ collection: TOMBSTONES, key: placeOf(change) })),
    );
    const written = new Set(changes.filter(({ valueText }) => valueText !== null).map(placeOf));
    const needless = new Set(
      old.filter((change, i) => !isThere[i]! && !hasTombstone[i]! && !written.has(placeOf(change))),
    );
    return changes.filter((change) => !needless.has(change));
  }

  async #dropped(): Promise<number> {
    this.#toMs ??= parseOffset((await this.#store.note(NAME)) ?? '0') ?? 0;
    return this.#toMs;
  }
}

function placeOf({ collection, key }: MergeChange): string {
  return formatPlace(collection, key);
}
