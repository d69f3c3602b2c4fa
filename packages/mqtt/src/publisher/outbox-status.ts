/** How far a node is with telling others of its changes. */
export interface OutboxStatus {
  /** Whether there is a broker now. */
  readonly online: boolean;
  /** Changes of the log behind the cursor, in a mesh also those of others, of which there is nothing to tell. */
  readonly pending: number;
  /** When everything there was had last been told; null before the first time since this node started. */
  readonly lastFlushMs: number | null;
  /** The same of what was never told, since there was too much, or the log had let it go: readers find it in the feed. */
  readonly passedOver: number;
  /** Changes that are no events: most of all documents that are too large for one, or for the broker. */
  readonly leftOut: number;
  /** Events that the broker has acknowledged since this node started. */
  readonly published: number;
  /** Of the newest event that it has acknowledged; null before the first. */
  readonly seq: number | null;
  /** The cursor could not be stored: a crash now would have changes told twice. */
  readonly isCursorInMemory: boolean;
  readonly lastError: string | null;
}

/** Something that changes, for whoever runs in the same process. */
export interface Observable<Value> {
  readonly current: Value;
  /** Told of each value from now on; call the answer to stop. */
  subscribe(listener: (value: Value) => void): () => void;
}
