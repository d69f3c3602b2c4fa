/** Every bound of the wire contract in one place. Nothing in Skein grows without one of these. */
export const LIMITS = {
  keyBytesMax: 1024,
  collectionCharsMax: 64,
  nodeIdCharsMax: 64,
  /** Nodes between a follower and where its changes come from, that one included. */
  upstreamNodesMax: 16,
  valueBytesMaxDefault: 1024 * 1024,
  jsonDepthMax: 64,
  idempotencyKeyCharsMax: 255,
  idempotencyHoursKept: 24,
  transactionOperationsMax: 1000,
  transactionBytesMax: 8 * 1024 * 1024,
  pageLimitDefault: 1000,
  pageLimitMax: 5000,
  pageBytesMax: 4 * 1024 * 1024,
  waitSecondsMax: 60,
  headerBytesMax: 16 * 1024,
  indexesMax: 16,
  indexFieldsMax: 8,
  fieldCharsMax: 256,
  /** What the indexed fields of one document may be together, encoded. */
  indexedBytesMax: 2048,
  /** Ten years. */
  ttlSecondsMax: 315_360_000,
  violationsMax: 100,
  /** What a reader accepts as one record: a group of this many bytes plus one transaction over it. */
  recordBytesMax: 64 * 1024 * 1024,
} as const;
