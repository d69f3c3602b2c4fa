export { bulkLoads } from './documents/bulk.ts';
export { transactions } from './documents/transactions.ts';
export { documentWrites, type Writer } from './documents/writes.ts';
export type { SlotBook } from './feed/slot-book.ts';
export { boundsOf, type ServedNode } from './node.ts';
export { liveGauge, type RoleMetrics } from './operations/metrics.ts';
export { sendProblem, toSkeinError } from './problem.ts';
export { NO_QUERY, prefers } from './request.ts';
export { createServer, type NodeServer, type ServerOptions } from './server.ts';
