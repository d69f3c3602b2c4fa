export type { CorsOrigins } from './cors.ts';
export { chunksOf } from './cut-off-bodies.ts';
export { Comparison, type ComparisonCost, type DigestSource } from './digest/compare.ts';
export { fetchDigest, type AskJson } from './digest/fetch-digest.ts';
export { bulkLoads } from './documents/bulk.ts';
export { collectionDeletion, DELETION_QUERY } from './documents/delete-collection.ts';
export { parseOperations, transactions } from './documents/transactions.ts';
export { onlyForThisHistory } from './documents/meant-history.ts';
export { Replicas } from './documents/replicas.ts';
export { DEFINITION_QUERY, definitionWrites } from './definitions/writes.ts';
export { documentWrites } from './documents/writes.ts';
export { Front, type Routes } from './front.ts';
export { SlotBook } from './feed/slot-book.ts';
export type {
  LinkAnswer,
  LinkBody,
  LinkHeaders,
  LinkOptions,
  LinkRequest,
  NodeLink,
  OpenLink,
} from './link/node-link.ts';
export { NodeApi, declined, NodeDeclines } from './link/node-api.ts';
export { patiently } from './link/patiently.ts';
export { parseProblem, retryAfterMsOf } from './link/problem-answers.ts';
export { undiciLink } from './link/undici-link.ts';
export { Membership, type Roles } from './members/membership.ts';
export { heardFrom } from './members/member-watch.ts';
export { boundsOf, untilStopped, type ServedNode } from './node.ts';
export { openApiText } from './openapi/routes.ts';
export { Chore } from './operations/chore.ts';
export { liveGauge, type AddMetrics } from './operations/metrics.ts';
export { SloWatch } from './operations/slo-watch.ts';
export { problemBody, sendProblem, toSkeinError } from './problem.ts';
export { reasonOf } from './reason-of.ts';
export { NO_QUERY, preferredWait, prefers } from './request.ts';
export type { PushedRecord, PushOutcome, RecordSource } from './record-source.ts';
export type { MergeCounts, NodeParts, RoleAddition, TakenProgress } from './role-addition.ts';
export { fetchNamed } from './snapshot/fetch-named.ts';
export { createServer, type NodeServer, type ServerOptions } from './server.ts';
export { Turns } from './turns.ts';
