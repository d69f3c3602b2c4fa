export { backoffDelayMs, type BackoffPolicy } from './backoff.ts';
export {
  breakerAfterFailure,
  breakerBeforeRequest,
  breakerDelayMs,
  CLOSED,
  type Breaker,
  type BreakerPolicy,
} from './breaker.ts';
export { rateDelayMs } from './follower-fetch.ts';
export { step } from './follower-machine.ts';
export { isNextPushed, type PushedHead } from './follower-push.ts';
export {
  compareEntries,
  differenceBetween,
  differingRanges,
  kindOf,
  type Difference,
  type DifferenceKind,
} from './digest-diff.ts';
export {
  initialFollower,
  type FetchedPage,
  type FollowerEffect,
  type FollowerEvent,
  type FollowerPolicy,
  type FollowerState,
  type FollowerStep,
  type Refusal,
} from './follower-state.ts';
export {
  driftVerdict,
  followerReadiness,
  followerVerdict,
  storeVerdict,
  type FollowerCondition,
  type StoreCondition,
  type Verdict,
} from './health.ts';
export { hearingAfter, isReachable, nothingHeard, pingDelayMs, type Hearing } from './hearing.ts';
export { provenAfter, provenAsOfMs, type ProvenAnswers } from './proven.ts';
export { isOnlyLate, lateSentence } from './late-leader.ts';
export { pageBehind, pageBehindPushed, type PageBehind } from './overlap.ts';
export { planPage, type PagePlan, type PageRequest } from './page-planner.ts';
export { nextPageSize, PAGE_SIZES, type PageMeasure } from './page-size.ts';
export { placeOf, type LogBounds, type Place } from './place.ts';
export {
  lagChanges,
  lagOfServed,
  lagSeconds,
  NO_LAG,
  NO_PROGRESS,
  progressAfterApply,
  progressAfterContact,
  progressAfterHearing,
  progressAfterRecovery,
  progressAfterSilence,
  progressAt,
  type Lag,
  type Progress,
} from './progress.ts';
export { nextComparisonMs, REPAIRS_MAX, type DriftReport } from './drift.ts';
export { copyText } from './copy-text.ts';
export { copySecondsLeft, planCopy, type CopyPace } from './copy-plan.ts';
export { givesUp, type Expectation, type Obstacle, type Recovery, type Rung } from './recovery.ts';
export { dutyOf, type Duty } from './leadership/duty.ts';
export { forkOf, type Branch } from './leadership/fork.ts';
export { lastCounter, lastEpoch, othersOf, type Heard, type Self } from './leadership/heard.ts';
export {
  counterToAsk,
  planTakeover,
  promisesNeeded,
  type MemberSet,
  type Promised,
  type Takeover,
  type TakeoverPlan,
} from './leadership/promotion.ts';
export { planRestore, type Restoring, type RestorePlan } from './leadership/restoring.ts';
export { memberIds, replicasOf, replicatedUpTo, type Member } from './members.ts';
export { planRead, type ReadPlan } from './read-planner.ts';
export { planRetention, type RetainedLog, type RetentionPlan, type RetentionPolicy } from './retention.ts';
export {
  neededFrom,
  newSlot,
  outboxDrift,
  slotAfterAcknowledgement,
  SLOTS_MAX,
  slotState,
  type Slot,
  type SlotState,
} from './slots.ts';
export { streamDuty, streamLifeMs, type StreamState } from './stream-duty.ts';
export { upstreamOf, UPSTREAM_UNKNOWN, type Upstream } from './upstream.ts';
export {
  leaderCallMs,
  NEVER_WARNED,
  SLO_DEFAULTS,
  sloBreach,
  type Slo,
  type SloBreach,
  type SloLimits,
  type SloRecord,
} from './slo.ts';
export { type RatePolicy } from './token-bucket.ts';
export { SEQUENCE_BOUNDS, SequenceBook, type SequenceBounds } from './mesh/sequence-book.ts';
export { isTooFarAhead, msAhead } from './mesh/clock-drift.ts';
export {
  meshVerdict,
  PEER_SILENT_MS,
  type MeshCondition,
  type PeerCondition,
  type Uncompared,
} from './mesh/mesh-health.ts';
export { faultOfPeer, ITSELF, type SaidOfPeer } from './mesh/peer-identity.ts';
export {
  documentsOf,
  droppedThere,
  joined,
  openOf,
  toFindHere,
  toFindThere,
  withFound,
  type ComparedDocuments,
  type Held,
  type RepairItem,
  type Sides,
} from './mesh/compared-documents.ts';
export { planRepair } from './mesh/repair-plan.ts';
export {
  isTombstoneDue,
  passedByAll,
  passedByAllWhoSay,
  PassedForLong,
  TOMBSTONE_MS_MIN,
  waitedFor,
  type Audience,
} from './mesh/tombstones.ts';
