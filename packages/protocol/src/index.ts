export { DEFINITIONS, definitionSchema, type Definition, type IndexDefinition, type Violation } from './definition.ts';
export {
  beginsWith,
  branchDigest,
  comparePlaces,
  DIGEST_ENTRIES_MAX,
  DIGEST_SHAPE,
  DIGESTS_BY,
  digestDocumentsSchema,
  digestRangesSchema,
  digestPinSchema,
  digestRootSchema,
  documentDigest,
  EVERYWHERE,
  formatPlace,
  leafDigest,
  parsePlace,
  placeHash,
  rootDigest,
  type DigestBy,
  type DigestedRange,
  type DigestEntry,
  type DigestPage,
  type DigestRange,
  type DigestRoot,
  type DigestShape,
  type Place,
  type PlaceRange,
} from './digest.ts';
export {
  epochContinues,
  epochCounter,
  epochOf,
  isEpoch,
  makeEpoch,
  newestCounter,
  parseEpoch,
  type Epoch,
  type EpochSpan,
} from './epoch.ts';
export { ERRORS, isSkeinError, SkeinError, type ErrorCode } from './errors.ts';
export { healthSchema, type Health } from './health.ts';
export { checkJson, parseJson, type JsonText, type JsonValue } from './json.ts';
export { LIMITS } from './limits.ts';
export {
  EPOCHS,
  memberSchema,
  type EpochDocument,
  type EpochPromise,
  type EpochPromises,
  type LossAccepted,
  type MemberAnswer,
} from './leadership.ts';
export { encodeLine, LineReader, parseLine, type Change, type ChangeHead } from './line.ts';
export { checkKey, checkNodeId, isNodeId, checkReadableCollection, checkWritableCollection } from './names.ts';
export { bareId, farewellEvent, HEARTBEAT, idField, retryField } from './event-stream.ts';
export { jsonPageFrame, ndjsonPageFrame, pageSchema, type PageFacts } from './page.ts';
export {
  formatPosition,
  parseOffset,
  parsePosition,
  parseSince,
  samePosition,
  START,
  ZERO_HASH,
  type Position,
  type Since,
} from './position.ts';
export {
  chainHash,
  parseRecords,
  readRecord,
  RECORD_HEADER_BYTES,
  recordLines,
  recordPosition,
  writeRecordHeader,
  type RecordHeader,
  type RecordView,
  type Sha256,
} from './record.ts';
export {
  encodeIdempotencyLine,
  encodeSnapshotHeader,
  encodeSnapshotTrailer,
  formatSnapshotCursor,
  isIdempotencyLine,
  parseIdempotencyLine,
  parseSnapshotCursor,
  parseSnapshotPage,
  snapshotChecksum,
  type IdempotencyLine,
  type SnapshotCursor,
  type SnapshotHeader,
  type SnapshotPage,
} from './snapshot.ts';
export {
  checkMeshKey,
  compareStamps,
  CONFLICTS,
  formatOver,
  formatPlacedStamp,
  formatStamp,
  isIncarnation,
  isOlder,
  parseOver,
  parsePlacedStamp,
  parseStamp,
  TOMBSTONES,
  type Over,
  type Stamp,
} from './stamp.ts';
export { HMAC_KEY_BYTES_MIN, topicPrefixProblem, topicsOf, type Topics } from './topics.ts';
export { formatEtag, makeVersion, parseEtagList, parseVersion, type Version } from './version.ts';
export { HEADERS, LAG_UNKNOWN, MEDIA_TYPES, ROLES, takesWrites, type Role } from './wire.ts';
