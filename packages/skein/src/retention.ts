import type { ServerOptions } from '@skein/http';

export type RetentionPolicy = ServerOptions['retention'];

/** What a node keeps of its log unless it is told otherwise. */
export const RETENTION: RetentionPolicy = {
  changesMin: 1_000_000,
  bytesMax: 4 * 1024 ** 3,
  silenceMsMax: 24 * 3_600_000,
};
