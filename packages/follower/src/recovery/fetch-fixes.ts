import type { Fixes } from '@skein/core';
import type { Position } from '@skein/protocol';
import type { Difference } from '@skein/replication';
import type { SnapshotClient } from './snapshot-client.ts';

export interface FixLimits {
  readonly differencesMax: number;
  readonly bytesMax: number;
}

export interface FetchedFixes {
  readonly fixes: Fixes;
  /** There is more than the limits allow. */
  readonly isPart: boolean;
}

/** What the leader takes at once. */
const NAMES_AT_ONCE = 500;

/** Has the leader send what it has of the documents that differ, as of a position it holds. */
export async function fetchFixes(
  snapshots: Pick<SnapshotClient, 'named'>,
  at: Position,
  differences: AsyncIterable<Difference>,
  limits: FixLimits,
  signal: AbortSignal,
): Promise<FetchedFixes> {
  const documents: Fixes['documents'][number][] = [];
  const removed: Difference[] = [];
  let wanted: Difference[] = [];
  let bytes = 0;
  const fetch = async (): Promise<void> => {
    if (wanted.length === 0) return;
    for (const document of await snapshots.named(at, wanted, signal)) {
      documents.push(document);
      bytes += document.stored.length;
    }
    wanted = [];
  };
  let count = 0;
  let isPart = false;
  for await (const difference of differences) {
    isPart = count === limits.differencesMax || bytes > limits.bytesMax;
    if (isPart) break;
    count++;
    if (difference.theirs === null) removed.push(difference);
    else wanted.push(difference);
    if (wanted.length === NAMES_AT_ONCE) await fetch();
  }
  await fetch();
  return { fixes: { documents, removed }, isPart };
}
