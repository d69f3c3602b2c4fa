import { EventError } from './event-error.ts';
import type { ReplicationEvent } from './event.ts';

/** The fields in the order in which they are written. */
export type FieldName = 'key' | 'node_id' | 'seq' | 'timestamp_ms' | 'tombstone' | 'value';

/** Throws unless fields, as anybody may have written them, are all an event says, and nothing else. */
export function eventOfFields(found: Partial<Record<FieldName, unknown>>): ReplicationEvent {
  const { tombstone, value } = found;
  const key = text('key', found.key);
  const nodeId = text('node_id', found.node_id);
  const seq = whole('seq', found.seq);
  const timestampMs = whole('timestamp_ms', found.timestamp_ms);
  if (tombstone === true) {
    if (value !== undefined) throw new EventError('schema', 'a tombstone has no value');
    return { key, nodeId, seq, timestampMs, tombstone };
  }
  if (tombstone !== false) throw new EventError('schema', "'tombstone' has to be true or false");
  if (typeof value !== 'string') throw new EventError('schema', "'value' has to be text, unless it is a tombstone");
  return { key, nodeId, seq, timestampMs, tombstone, value };
}

function text(name: FieldName, found: unknown): string {
  if (typeof found === 'string' && found.length > 0) return found;
  throw new EventError('schema', `'${name}' has to be text, and some`);
}

function whole(name: FieldName, found: unknown): number {
  if (typeof found === 'number' && Number.isSafeInteger(found) && found >= 0) return found;
  throw new EventError('schema', `'${name}' has to be a whole number up to 2^53 - 1`);
}
