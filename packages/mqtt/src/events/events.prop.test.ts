import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEvent } from './decode-event.ts';
import { contentOf, documentOf } from './document-key.ts';
import { encodeEvent } from './encode-event.ts';
import { EventError } from './event-error.ts';
import { EVENT_BYTES_MAX, type ReplicationEvent } from './event.ts';
import { EVENT_TEXT_CHARS_MAX, eventFromText, eventToText } from './event-text.ts';

/** `EVENT_RUNS=1000000` for as many as are to be seen once; a few seconds' worth otherwise. */
const numRuns = Number(process.env['EVENT_RUNS'] ?? 10_000);
const TIMEOUT_MS = Math.max(30_000, numRuns);

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme-ascii', maxLength: 300 }));
const some = text.filter((one) => one.length > 0);
const whole = fc.oneof(fc.maxSafeNat(), fc.nat(), fc.nat(300));
const head = { key: some, nodeId: some, seq: whole, timestampMs: whole };
const event: fc.Arbitrary<ReplicationEvent> = fc.oneof(
  fc.record({ ...head, tombstone: fc.constant(false as const), value: text }),
  fc.record({ ...head, tombstone: fc.constant(true as const) }),
);

describe('an event', () => {
  it('is what it was after it has travelled', { timeout: TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(event, (sent) => {
        const bytes = encodeEvent(sent);
        expect(decodeEvent(bytes)).toEqual(sent);
        expect(eventToText(eventFromText(eventToText(sent)))).toBe(Buffer.from(bytes).toString('base64'));
      }),
      { numRuns },
    );
  });

  it('whose bytes were changed is another one or is refused, and nothing else happens', { timeout: TIMEOUT_MS }, () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(event, changes, fc.nat(20), (sent, bytesChanged, cut) => {
        const bytes = Buffer.from(encodeEvent(sent));
        for (const [at, byte] of bytesChanged) bytes[at % bytes.length] = byte;
        const mutated = bytes.subarray(0, Math.max(0, bytes.length - (cut > 10 ? cut - 10 : 0)));
        let read: ReplicationEvent;
        try {
          read = decodeEvent(mutated);
        } catch (error) {
          if (!(error instanceof EventError)) throw error;
          return;
        }
        // Whatever is taken is one event with one spelling, but for the order of its fields.
        expect(encodeEvent(read).length).toBe(mutated.length);
      }),
      { numRuns },
    );
  });

  it('of any bytes is refused, or is one', { timeout: TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          decodeEvent(bytes);
        } catch (error) {
          if (!(error instanceof EventError)) throw error;
        }
      }),
      { numRuns: Math.min(numRuns, 100_000) },
    );
  });

  it('has 307,200 bytes at most, and one more is too many both ways', () => {
    const sized = (bytes: number): ReplicationEvent => {
      const empty = {
        key: 'k',
        nodeId: 'n',
        seq: 1,
        timestampMs: 2,
        tombstone: false,
        value: 'v'.repeat(300_000),
      } as const;
      const missing = bytes - encodeEvent(empty).length;
      return { ...empty, value: 'v'.repeat(300_000 + missing) };
    };
    const largest = sized(EVENT_BYTES_MAX);
    expect(encodeEvent(largest)).toHaveLength(EVENT_BYTES_MAX);
    expect(eventFromText(eventToText(largest))).toEqual(largest);
    expect(eventToText(largest)).toHaveLength(EVENT_TEXT_CHARS_MAX);

    const tooLarge = expect.objectContaining({ code: 'size_limit' });
    const { value, ...rest } = largest as Extract<ReplicationEvent, { tombstone: false }>;
    expect(() => encodeEvent({ ...rest, value: `${value}v` })).toThrow(tooLarge);
    expect(() => encodeEvent({ ...rest, value: `${value.slice(1)}é` })).toThrow(tooLarge);
    const bytes = Buffer.concat([encodeEvent(largest), Buffer.of(0)]);
    expect(() => decodeEvent(bytes)).toThrow(tooLarge);
    expect(() => eventFromText(bytes.toString('base64'))).toThrow(tooLarge);
  });

  it('is not made of what is none', () => {
    const good = { key: 'k', nodeId: 'n', seq: 1, timestampMs: 2, tombstone: false, value: 'v' } as const;
    const wrong = { key: '', nodeId: '\ud800', seq: 2 ** 53, timestampMs: -1, value: 1, tombstone: null };
    for (const [field, value] of Object.entries(wrong))
      expect(() => encodeEvent({ ...good, [field]: value })).toThrow(expect.objectContaining({ code: 'schema' }));
  });

  it('has one text: no line ends, no other alphabet, no bits behind the end', () => {
    const sent = eventToText({ key: 'k', nodeId: 'n', seq: 1, timestampMs: 2, tombstone: true });
    const malformed = expect.objectContaining({ code: 'malformed' });
    expect(sent).toMatch(/=$/);
    for (const wrong of [
      `${sent}\n`,
      ` ${sent}`,
      sent.replace(/=+$/, ''),
      sent.replace(/.=/, (two) => `${two === 'Q=' ? 'R' : 'V'}=`),
      '!',
    ])
      expect(() => eventFromText(wrong)).toThrow(malformed);
  });
});

describe('a document in an event', () => {
  const collection = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
  const key = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
    .filter((one) => !one.includes('\0') && one !== '.' && one !== '..');

  it('is the same one at the other end, with and without a collection for plain keys', () => {
    const valueText = fc.option(fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)));
    fc.assert(
      fc.property(collection, key, valueText, fc.boolean(), (name, documentKey, json, isPlain) => {
        const document = { collection: name, key: documentKey, valueText: json };
        const plain = isPlain ? name : 'plain';
        const content = contentOf(document, plain);
        const common = { key: content.key, nodeId: 'n', seq: 1, timestampMs: 1 };
        const told: ReplicationEvent =
          content.value === null
            ? { ...common, tombstone: true }
            : { ...common, tombstone: false, value: content.value };
        expect(documentOf(told, plain)).toEqual(document);
      }),
    );
  });

  it('of another kind of node is its text, in the collection kept for those, and is told to them as they tell it', () => {
    const told = { key: 'user:123', nodeId: 'n', seq: 1, timestampMs: 1, tombstone: false, value: 'alice' } as const;
    const document = { collection: 'kv', key: 'user:123', valueText: '"alice"' };
    expect(documentOf(told, 'kv')).toEqual(document);
    expect(contentOf(document, 'kv')).toEqual({ key: 'user:123', value: 'alice' });
    expect(() => documentOf(told)).toThrow(expect.objectContaining({ code: 'schema' }));
  });

  it.each([
    ['orders/o-1', '{"a":'],
    ['orders/o-1', `${'['.repeat(65)}${']'.repeat(65)}`],
    ['orders/..', '1'],
    ['orders/a\0b', '1'],
  ])('that cannot be one is refused: %s %s', (eventKey, value) => {
    const told = { key: eventKey, nodeId: 'n', seq: 1, timestampMs: 1, tombstone: false, value } as const;
    expect(() => documentOf(told, 'kv')).toThrow(expect.objectContaining({ code: 'schema' }));
  });
});
