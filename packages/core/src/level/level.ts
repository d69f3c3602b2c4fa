import type {
  AbstractChainedBatch,
  AbstractChainedBatchWriteOptions,
  AbstractLevel,
  AbstractSnapshot,
} from 'abstract-level';

/** Any abstract-level database opened with buffer keys and buffer values. */
export type Level = AbstractLevel<string | Buffer | Uint8Array, Buffer, Buffer>;
export type LevelBatch = AbstractChainedBatch<Level, Buffer, Buffer>;
export type LevelSnapshot = AbstractSnapshot;

/** The only way a batch is ever written: mixing synced and unsynced batches leaves holes after a power cut. */
export const SYNCED: AbstractChainedBatchWriteOptions = { sync: true };
