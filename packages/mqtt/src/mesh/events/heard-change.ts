import type { MergeChange } from '@skein/core';
import { checkMeshKey, isIncarnation, isNodeId, parseOver, type Over } from '@skein/protocol';
import type { Told } from '../../broker/seals.ts';
import { documentOf } from '../../events/document-key.ts';
import { EventError } from '../../events/event-error.ts';
import { EVENT_TEXT_CHARS_MAX, eventFromText } from '../../events/event-text.ts';

/** Of nodes that are no Skein, which have no incarnations: nobody can say whether they use their numbers twice. */
export const NO_INCARNATION = '0';

/** A change as a message tells it, proven as far as one can be by itself. Throws an `EventError`. */
export function heardChange({ payload, incarnation, over }: Told, plainCollection?: string): MergeChange {
  // Before anything is made of it; latin1 has each byte as one character, and base64 has none that is not ASCII.
  if (payload.length > EVENT_TEXT_CHARS_MAX)
    throw new EventError(
      'size_limit',
      `an event has ${EVENT_TEXT_CHARS_MAX} characters at most, not ${payload.length}`,
    );
  const event = eventFromText(payload.toString('latin1'));
  const { collection, key, valueText } = documentOf(event, plainCollection);
  const told = incarnation === '' ? NO_INCARNATION : incarnation;
  if (!isNodeId(event.nodeId)) throw new EventError('schema', `'${event.nodeId.slice(0, 80)}' is not a node's id`);
  if (!isIncarnation(told)) throw new EventError('schema', `'${told.slice(0, 80)}' is no incarnation of a mesh's node`);
  return proven(() => {
    checkMeshKey(collection, key);
    const stamp = { ms: event.timestampMs, node: event.nodeId, incarnation: told, seq: event.seq };
    // Nobody can say what the writer of a node of another kind had seen; it is taken to be all that was before.
    return { collection, key, stamp, over: told === NO_INCARNATION ? stamp : overOf(over), valueText };
  });
}

function overOf(text: string | undefined): Over | null {
  return text === undefined ? null : parseOver(text);
}

function proven<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new EventError('schema', error instanceof Error ? error.message : String(error), error);
  }
}
