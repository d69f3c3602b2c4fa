import type { ServerOptions } from '@skein/http';

export type RetentionPolicy = ServerOptions['retention'];

export const DAY_MS = 24 * 3_600_000;

/** What a node keeps of its log unless it is told otherwise. */
export const RETENTION: RetentionPolicy = {
  changesMin: 1_000_000,
  bytesMax: 4 * 1024 ** 3,
  silenceMsMax: DAY_MS,
};
