import { decode, encode } from 'cbor2';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { contentOf } from './document-key.ts';
import { eventFromText, eventToText } from './event-text.ts';
import type { EventErrorCode } from './event-error.ts';
import type { ReplicationEvent } from './event.ts';

/**
 * DESIGN section 10: the bytes that must never change, as base64. When a decision record allows a change,
 * `UPDATE_GOLDEN=1 npx vitest run packages/mqtt` writes the texts anew and the reviewer reads the diff.
 */
interface Golden {
  readonly events: readonly { readonly name: string; readonly event: ReplicationEvent; readonly text: string }[];
  readonly refused: readonly { readonly name: string; readonly cbor: string; readonly code: EventErrorCode }[];
}

const file = new URL('../../golden/events.json', import.meta.url);
const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;
if (process.env['UPDATE_GOLDEN'] === '1') {
  const events = golden.events.map((vector) => ({ ...vector, text: eventToText(vector.event) }));
  writeFileSync(file, `${JSON.stringify({ ...golden, events }, null, 2)}\n`);
}

/** What another library makes of an event, in the order of the contract. */
function byCbor2(event: ReplicationEvent): Uint8Array {
  const { key, nodeId, seq, timestampMs, tombstone } = event;
  const fields = { key, node_id: nodeId, seq, timestamp_ms: timestampMs, tombstone };
  return encode(event.tombstone ? fields : { ...fields, value: event.value }, { sortKeys: null });
}

describe('golden events', () => {
  for (const { name, event, text } of golden.events) {
    it(`${name}: the event is this text, and the text is this event`, () => {
      expect(eventToText(event)).toBe(text);
      expect(eventFromText(text)).toEqual(event);
    });

    it(`${name}: cbor2 writes the same bytes and reads the same fields`, () => {
      expect(Buffer.from(byCbor2(event)).toString('base64')).toBe(text);
      const read = decode<Record<string, unknown>>(Buffer.from(text, 'base64'));
      expect(Object.keys(read).slice(0, 5)).toEqual(['key', 'node_id', 'seq', 'timestamp_ms', 'tombstone']);
      expect(read['value']).toBe(event.tombstone ? undefined : event.value);
    });
  }

  for (const { name, cbor, code } of golden.refused) {
    it(`refused as ${code}: ${name}`, () => {
      const text = Buffer.from(cbor.replaceAll(' ', ''), 'hex').toString('base64');
      expect(() => eventFromText(text)).toThrow(expect.objectContaining({ code }));
    });
  }

  it('reads unique keys in any order', () => {
    const { event } = golden.events[0]!;
    const { key, nodeId, seq, timestampMs, tombstone } = event;
    const value = contentOf({ collection: 'kv', key: 'k', valueText: '1' }).value;
    const bytes = encode(
      { value, tombstone, timestamp_ms: timestampMs, seq, node_id: nodeId, key },
      { sortKeys: null },
    );
    expect(eventFromText(Buffer.from(bytes).toString('base64'))).toEqual({ ...event, value });
  });
});
