import type { MergeChange } from '@skein/core';

/** What waits to be merged, at most; what comes then is dropped, and had when nodes compare. */
const CHANGES_MAX = 10_000;
const BYTES_MAX = 32 * 1024 * 1024;

/** What is merged at once. */
const BATCH_CHANGES_MAX = 500;
const BATCH_BYTES_MAX = 1024 * 1024;

/** What a change takes beside its message. */
const OVERHEAD_BYTES = 500;

/** Changes that a broker has brought, in the order in which they came, until they are merged. */
export class HeardQueue {
  readonly #waiting: { readonly change: MergeChange; readonly bytes: number }[] = [];
  #bytes = 0;

  get size(): number {
    return this.#waiting.length;
  }

  /** False when there is no room for it. */
  add(change: MergeChange, messageBytes: number): boolean {
    const bytes = messageBytes + OVERHEAD_BYTES;
    if (this.size >= CHANGES_MAX || this.#bytes + bytes > BYTES_MAX) return false;
    this.#waiting.push({ change, bytes });
    this.#bytes += bytes;
    return true;
  }

  /** Those that have waited longest; they stay until they are dropped. */
  first(): readonly MergeChange[] {
    let bytes = 0;
    const batch: MergeChange[] = [];
    for (const each of this.#waiting) {
      bytes += each.bytes;
      if (batch.length === BATCH_CHANGES_MAX || (batch.length > 0 && bytes > BATCH_BYTES_MAX)) break;
      batch.push(each.change);
    }
    return batch;
  }

  drop(count: number): void {
    for (const { bytes } of this.#waiting.splice(0, count)) this.#bytes -= bytes;
  }
}
