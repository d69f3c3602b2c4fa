import type { ServerOptions } from '@skein/http';

export type RetentionPolicy = ServerOptions['retention'];

/** What a node keeps of its log unless it is told otherwise. */
export const RETENTION: RetentionPolicy = {
  // All of it: a follower that finds its changes gone cannot be copied from its leader yet.
  changesMin: Number.MAX_SAFE_INTEGER,
  bytesMax: 4 * 1024 ** 3,
  silenceMsMax: 24 * 3_600_000,
};
