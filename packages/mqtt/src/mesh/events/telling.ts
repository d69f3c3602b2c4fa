import { parseStamp, SkeinError, type JsonText } from '@skein/protocol';
import { contentOf, type DocumentOfEvent } from '../../events/document-key.ts';
import { encodeEvent } from '../../events/encode-event.ts';
import { EventError } from '../../events/event-error.ts';
import { EVENT_BYTES_MAX, type ReplicationEvent } from '../../events/event.ts';
import type { LoggedChange } from '../../publisher/changes-of.ts';
import type { Telling } from '../../publisher/telling.ts';

/** Who tells, and the collection in which text travels as itself. */
export interface Teller {
  readonly nodeId: string;
  readonly plainCollection?: string | undefined;
}

/**
 * What a node of a mesh tells of a line of its log: only what it has made itself, when it was made. A line whose time is not
 * its stamp's is a change that came back from others, or an expiry, which each node does for itself; both were told before.
 */
export function meshTellingOf(change: LoggedChange, teller: Teller): Telling | null {
  const { collection, origin, ts, stamp: text, over } = change;
  if (text === undefined || origin !== teller.nodeId || collection.startsWith('$')) return null;
  const { ms, seq, incarnation } = parseStamp(text, origin);
  if (seq === 0 || ts !== ms) return null;
  return { event: eventOf(change, teller, { seq, timestampMs: ms }), incarnation, over };
}

/** What an event is at most beside its key and its value. */
const REST_BYTES_MAX = 256;

/** UTF-8 has no more for a character of JavaScript. */
const BYTES_OF_CHARACTER_MAX = 3;

/** Refuses a write that no broker would bring to the others. */
export function assertFitsEvent(
  change: { readonly collection: string; readonly key: string; readonly valueText: JsonText | null },
  teller: Teller,
): void {
  const characters = change.collection.length + change.key.length + (change.valueText?.length ?? 0);
  if (characters * BYTES_OF_CHARACTER_MAX + REST_BYTES_MAX <= EVENT_BYTES_MAX) return;
  try {
    encodeEvent(eventOf(change, teller, { seq: Number.MAX_SAFE_INTEGER, timestampMs: Number.MAX_SAFE_INTEGER }));
  } catch (error) {
    if (!(error instanceof EventError)) throw error;
    // What is no text for a broker goes over HTTP, and is counted when it is to be told.
    if (error.code !== 'size_limit') return;
    throw new SkeinError('too_large', `the document is too large for the other nodes of the mesh: ${error.message}`, {
      limit: EVENT_BYTES_MAX,
    });
  }
}

function eventOf(
  document: DocumentOfEvent,
  { nodeId, plainCollection }: Teller,
  numbers: { readonly seq: number; readonly timestampMs: number },
): ReplicationEvent {
  const { key, value } = contentOf(document, plainCollection);
  const head = { key, nodeId, ...numbers };
  return value === null ? { ...head, tombstone: true } : { ...head, tombstone: false, value };
}
