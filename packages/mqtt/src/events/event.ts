interface EventHead {
  /** Of the document: `collection/key`, or what another kind of node calls it. */
  readonly key: string;
  /** Who publishes it. */
  readonly nodeId: string;
  /** Grows with each event of a node, as long as its incarnation is the same. */
  readonly seq: number;
  readonly timestampMs: number;
}

/** What happened to a document, as it is told to anybody who listens: its whole value, or that it is gone. */
export type ReplicationEvent =
  | (EventHead & { readonly tombstone: false; readonly value: string })
  | (EventHead & { readonly tombstone: true });

/** As CBOR; one byte more is neither made nor taken. */
export const EVENT_BYTES_MAX = 307_200;
