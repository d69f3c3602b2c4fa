import { sha256, type Snapshot } from '@skein/core';
import {
  encodeSnapshotHeader,
  encodeSnapshotTrailer,
  parseSnapshotPage,
  snapshotChecksum,
  type SnapshotCursor,
  type SnapshotPage,
} from '@skein/protocol';

const NEWLINE = Buffer.from('\n');

/** Lines of a snapshot as they arrive at another node. */
export function pageOfLines(
  { log, position, history, count }: Snapshot,
  lines: readonly Buffer[],
  next: SnapshotCursor | null,
): SnapshotPage {
  const header = Buffer.from(encodeSnapshotHeader({ log: log!, position, history, documents: count }));
  const content = Buffer.concat(lines.flatMap((line) => [line, NEWLINE]));
  const checksum = snapshotChecksum(sha256, [header, content], next);
  const trailer = Buffer.from(encodeSnapshotTrailer({ next, lines: lines.length, checksum }));
  return parseSnapshotPage(Buffer.concat([header, content, trailer]), sha256);
}
