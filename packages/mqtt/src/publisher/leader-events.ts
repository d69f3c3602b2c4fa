import type { Facts } from '@skein/core';
import { isEpoch, type Epoch } from '@skein/protocol';
import { contentOf } from '../events/document-key.ts';
import type { ReplicationEvent } from '../events/event.ts';
import type { LoggedChange } from './changes-of.ts';

/**
 * Which numbering a leader's offsets are of. Within a log and an epoch none is used twice: promotion goes on with them in
 * another epoch, and a restored leader, which uses some again, begins another one too.
 */
export function leaderIncarnation({ identity, history }: Pick<Facts, 'identity' | 'history'>): string {
  return `${identity.log}.${history.at(-1)!.epoch}`;
}

export function parseLeaderIncarnation(text: string): { readonly log: string; readonly epoch: Epoch } | undefined {
  const dot = text.indexOf('.');
  const epoch = text.slice(dot + 1);
  return dot > 0 && isEpoch(epoch) ? { log: text.slice(0, dot), epoch } : undefined;
}

/** What a leader tells of a change: all of it, under its offset, unless it is the system's own. */
export function leaderEventOf(change: LoggedChange, nodeId: string): ReplicationEvent | null {
  if (change.collection.startsWith('$')) return null;
  const { key, value } = contentOf(change);
  const head = { key, nodeId, seq: change.offset, timestampMs: change.ts };
  return value === null ? { ...head, tombstone: true } : { ...head, tombstone: false, value };
}
