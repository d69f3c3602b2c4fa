import type { RecordView } from '@skein/protocol';

/** A record that was pushed, and the log that it is said to be of. */
export interface PushedRecord {
  readonly log: string;
  readonly record: RecordView;
}

/** What became of it: it is being applied; it is not the next one, or none can be taken now; it is not true to its hash. */
export type PushOutcome = 'taken' | 'not_next' | 'refused';

/** Where records come from beside the feed: sooner, or later, twice, in another order, or never, and maybe made up. */
export interface RecordSource {
  /** Told of each that was signed with the key the feed has told; without one, of none. Call the answer to stop. */
  subscribe(listener: (pushed: PushedRecord) => PushOutcome, keyOfLeader: () => string | null): () => void;
}
