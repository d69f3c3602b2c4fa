import type { Position, RecordView } from '@skein/protocol';

/** What became durable: told to listeners once, in order, after the sync. */
export interface Published {
  readonly records: readonly RecordView[];
  readonly head: Position;
  /** How long the batch took to write and sync; zero when it was found again by a reopening. */
  readonly tookMs: number;
  /**
   * What is stored is not what the log made of what was there: the store is another copy, or was moved, or put right, also
   * where it stood. Nothing that was known of its content need be so any more.
   */
  readonly isAnew: boolean;
}

export type PublishListener = (published: Published) => void;
