/** Names on the wire, each in one place. Header names are lower case, as Node hands them over. */
export const HEADERS = {
  position: 'skein-position',
  minPosition: 'skein-min-position',
  epoch: 'skein-epoch',
  role: 'skein-role',
  leader: 'skein-leader',
  log: 'skein-log',
  next: 'skein-next',
  head: 'skein-head',
  tail: 'skein-tail',
  upToDate: 'skein-up-to-date',
  follower: 'skein-follower',
  applied: 'skein-applied',
  node: 'skein-node',
  upstream: 'skein-upstream',
  lagChanges: 'skein-lag-changes',
  lagMs: 'skein-lag-ms',
  question: 'skein-question',
  pushKey: 'skein-push-key',
  idempotencyKey: 'idempotency-key',
  idempotentReplayed: 'idempotent-replayed',
} as const;

/** What a follower says of a lag that it does not know. */
export const LAG_UNKNOWN = 'unknown';

export const MEDIA_TYPES = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  records: 'application/vnd.skein.records',
  events: 'text/event-stream',
  problem: 'application/problem+json',
} as const;

/** What a node is: one that takes writes and is followed, one that follows, or one of several that take writes and merge them. */
export const ROLES = ['leader', 'follower', 'mesh'] as const;
export type Role = (typeof ROLES)[number];

/** Whether a node of that role writes a log of its own. */
export function takesWrites(role: Role): boolean {
  return role !== 'follower';
}
