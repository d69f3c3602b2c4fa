import { checkKey, checkWritableCollection, parseJson, type JsonText } from '@skein/protocol';
import { EventError } from './event-error.ts';
import type { ReplicationEvent } from './event.ts';

/** A document, as an event tells of it: what it is now, or null where it is gone. */
export interface DocumentOfEvent {
  readonly collection: string;
  readonly key: string;
  readonly valueText: JsonText | null;
}

/** What an event carries of a document. */
export interface EventContent {
  readonly key: string;
  readonly value: string | null;
}

const DOCUMENT_KEY = /^([A-Za-z0-9_-]{1,64})\/([^]+)$/;

/**
 * A document under `collection/key`, its value as JSON text. In the collection that is kept for nodes of other kinds, which
 * know keys and text and no collections, text travels as itself under its key alone, so that they understand it.
 */
export function contentOf({ collection, key, valueText }: DocumentOfEvent, plainCollection?: string): EventContent {
  if (collection === plainCollection && !DOCUMENT_KEY.test(key)) {
    if (valueText === null) return { key, value: null };
    if (valueText.startsWith('"')) return { key, value: JSON.parse(valueText) as string };
  }
  return { key: `${collection}/${key}`, value: valueText };
}

/**
 * The document that an event is about. A key without a collection is one of another kind of node: its text is a document
 * of the collection that is kept for those, where there is one.
 */
export function documentOf(event: ReplicationEvent, plainCollection?: string): DocumentOfEvent {
  const [, collection, key] = DOCUMENT_KEY.exec(event.key) ?? [];
  if (collection === undefined || key === undefined) return plainDocumentOf(event, plainCollection);
  return proven(() => ({
    collection: checkWritableCollection(collection),
    key: checkKey(key),
    valueText: event.tombstone ? null : JSON.stringify(parseJson(event.value)),
  }));
}

function plainDocumentOf(event: ReplicationEvent, collection: string | undefined): DocumentOfEvent {
  if (collection === undefined)
    throw new EventError('schema', `the key '${event.key.slice(0, 40)}' names no collection`);
  const valueText = event.tombstone ? null : JSON.stringify(event.value);
  return proven(() => ({ collection, key: checkKey(event.key), valueText }));
}

function proven(document: () => DocumentOfEvent): DocumentOfEvent {
  try {
    return document();
  } catch (error) {
    throw new EventError('schema', error instanceof Error ? error.message : String(error), error);
  }
}
