import type { SortedMap } from './sorted-map.ts';

/** One change of a batch; without a value it is a deletion. */
export interface Operation {
  readonly key: Buffer;
  readonly value: Buffer | undefined;
}

export function apply(operations: readonly Operation[], map: SortedMap): void {
  for (const { key, value } of operations) {
    if (value === undefined) map.delete(key);
    else map.set([key, value]);
  }
}

/** What a batch takes in a log file, near enough to decide when the next file begins. */
export function bytesOf(operations: readonly Operation[]): number {
  return operations.reduce((bytes, { key, value }) => bytes + key.length + (value?.length ?? 0), BATCH_HEADER_BYTES);
}

const BATCH_HEADER_BYTES = 12;
