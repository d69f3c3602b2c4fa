import type { Facts } from '@skein/core';
import { isEpoch, type Epoch } from '@skein/protocol';
import { contentOf } from '../events/document-key.ts';
import type { LoggedChange } from './changes-of.ts';
import type { Telling } from './telling.ts';

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
export function leaderTellingOf(change: LoggedChange, facts: Pick<Facts, 'identity' | 'history'>): Telling | null {
  if (change.collection.startsWith('$')) return null;
  const { key, value } = contentOf(change);
  const head = { key, nodeId: facts.identity.node, seq: change.offset, timestampMs: change.ts };
  const event = value === null ? { ...head, tombstone: true as const } : { ...head, tombstone: false as const, value };
  return { event, incarnation: leaderIncarnation(facts) };
}
