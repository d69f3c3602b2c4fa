import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSkeinError } from './errors.ts';
import { encodeLine, LineReader, parseLine, type ChangeHead } from './line.ts';

/** Well-formed text that leans to what breaks parsers: quotes, escapes, controls, BOM, field names, other planes. */
const nasty = fc.constantFrom(
  '"',
  '\\',
  '\\u0041',
  ',"value":',
  '","op":"delete"}',
  '\0',
  '\n',
  '\ufeff',
  '\u2028',
  '🦆',
);
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 12 }),
  fc.array(nasty, { maxLength: 5 }).map((parts) => parts.join('')),
);
const optional = fc.option(text, { nil: undefined });

const line = fc
  .record({
    offset: fc.oneof(
      fc.integer({ min: 1, max: 2000 }),
      fc.maxSafeNat().filter((n) => n > 0),
    ),
    ts: fc.maxSafeNat(),
    origin: text,
    stamp: optional,
    over: optional,
    txAhead: fc.option(fc.nat(1000), { nil: undefined }),
    idem: optional,
    trace: optional,
    collection: text,
    key: text,
    value: fc.option(fc.json(), { nil: undefined }),
  })
  .map(({ stamp, over, txAhead, idem, trace, value, ...rest }) => {
    const head: ChangeHead = {
      ...rest,
      ...(stamp === undefined ? {} : { stamp }),
      ...(over === undefined ? {} : { over }),
      ...(txAhead === undefined ? {} : { tx: Math.min(rest.offset + txAhead, Number.MAX_SAFE_INTEGER) }),
      ...(idem === undefined ? {} : { idem }),
      ...(trace === undefined ? {} : { trace }),
    };
    const valueText = value === undefined ? undefined : JSON.stringify(JSON.parse(value));
    return { head, valueText, bytes: Buffer.from(encodeLine(head, valueText)) };
  });

/** Where the head of a line ends: behind `"value":`, or at the end of a delete. */
function headEnd(bytes: Buffer): number {
  const value = bytes.indexOf(',"value":');
  return value === -1 ? bytes.length : value + ',"value":'.length;
}

/** Reads a line, or says that it was refused; any other exception fails the test. */
function read(bytes: Uint8Array, end = bytes.length): LineReader | 'refused' {
  const reader = new LineReader();
  try {
    reader.read(bytes, 0, end);
    return reader;
  } catch (error) {
    if (isSkeinError(error, 'bad_record')) return 'refused';
    throw error;
  }
}

describe('a line', () => {
  it('is read back as it was written, whole', () => {
    fc.assert(
      fc.property(line, ({ head, valueText, bytes }) => {
        const operation = valueText === undefined ? { op: 'delete' } : { op: 'put', value: JSON.parse(valueText) };
        expect(parseLine(bytes.toString())).toStrictEqual({ ...head, ...operation });
      }),
    );
  });

  it('is read back as it was written, field by field and in the middle of other bytes', () => {
    fc.assert(
      fc.property(line, fc.uint8Array({ maxLength: 20 }), ({ head, valueText, bytes }, around) => {
        const reader = new LineReader();
        const page = Buffer.concat([around, bytes, around]);
        reader.read(page, around.length, around.length + bytes.length);
        expect({
          offset: reader.offset,
          ts: reader.ts,
          origin: reader.origin(),
          stamp: reader.stamp(),
          over: reader.over(),
          transactionEnd: reader.transactionEnd,
          idem: reader.idem(),
          collection: reader.collection(),
          key: reader.key(),
          valueText: reader.isDelete ? undefined : page.subarray(reader.valueStart, reader.valueEnd).toString(),
        }).toStrictEqual({
          offset: head.offset,
          ts: head.ts,
          origin: head.origin,
          stamp: head.stamp,
          over: head.over,
          transactionEnd: head.tx ?? head.offset,
          idem: head.idem,
          collection: head.collection,
          key: head.key,
          valueText,
        });
        if (!reader.isKeyEscaped) expect(page.subarray(reader.keyStart, reader.keyEnd).toString()).toBe(head.key);
      }),
    );
  });

  it('leaves nothing behind in a reader that reads another after it', () => {
    const reader = new LineReader();
    fc.assert(
      fc.property(line, line, (a, b) => {
        reader.read(a.bytes, 0, a.bytes.length);
        reader.read(b.bytes, 0, b.bytes.length);
        const { head } = b;
        expect([reader.transactionEnd, reader.idem(), reader.key()]).toEqual([
          head.tx ?? head.offset,
          head.idem,
          head.key,
        ]);
      }),
    );
  });

  it('cut off anywhere in its head is refused, also when the rest lies behind the cut', () => {
    fc.assert(
      fc.property(line, ({ bytes }) => {
        for (let end = 0; end < headEnd(bytes); end++) expect(read(bytes, end)).toBe('refused');
      }),
    );
  });

  it('with any byte of its head changed, removed or added is refused, or is a line that encodeLine writes', () => {
    const mutation = fc.record({
      place: fc.nat(),
      removed: fc.constantFrom(0, 1, 2),
      added: fc.oneof(
        fc.uint8Array({ maxLength: 2 }),
        nasty.map((part) => new TextEncoder().encode(part)),
        fc.constantFrom('0', '-', '1e3', ' ', '"', '\\').map((part) => new TextEncoder().encode(part)),
      ),
    });
    fc.assert(
      fc.property(line, mutation, ({ bytes }, { place, removed, added }) => {
        const at = place % headEnd(bytes);
        const mutated = Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);
        const reader = read(mutated);
        if (reader === 'refused') return;
        const value = mutated.subarray(reader.valueStart, reader.valueEnd);
        const head = parseLine(reader.isDelete ? mutated.toString() : `${mutated.subarray(0, reader.valueStart)}0}`);
        expect(Buffer.from(encodeLine(head, reader.isDelete ? undefined : '\0')).toString('latin1')).toBe(
          reader.isDelete
            ? mutated.toString('latin1')
            : `${mutated.subarray(0, reader.valueStart).toString('latin1')}\0}`,
        );
        expect(value.length > 0).toBe(!reader.isDelete);
        expect(reader.key()).toBe(head.key);
      }),
      { numRuns: 3000 },
    );
  });
});
