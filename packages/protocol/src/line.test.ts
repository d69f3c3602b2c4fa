import { describe, expect, it } from 'vitest';
import { encodeLine, LineReader, parseLine } from './line.ts';

const LINE = '{"offset":7,"ts":1,"origin":"n","collection":"c","key":"k","op":"put","value":{"a":1}}';
const bad = expect.objectContaining({ code: 'bad_record' });

/** Reads bytes, so that what is not UTF-8 can be said too: every character of the text is one byte. */
function read(line: string): LineReader {
  const bytes = Buffer.from(line, 'latin1');
  const reader = new LineReader();
  reader.read(bytes, 0, bytes.length);
  return reader;
}

describe('a line', () => {
  it('has its fields in order and leaves absent ones out', () => {
    const head = { offset: 7, ts: 1, origin: 'n', collection: 'c', key: 'k' };
    expect(encodeLine(head, '{"a":1}')).toBe(LINE);
    expect(
      Object.keys(parseLine(encodeLine({ ...head, trace: 't', idem: 'i', tx: 9, over: '0.m', stamp: '1.1.a' }, '0'))),
    ).toEqual('offset ts origin stamp over tx idem trace collection key op value'.split(' '));
  });

  it('shows its value first behind the text `,"value":`, whatever the key', () => {
    const line = encodeLine({ offset: 7, ts: 1, origin: 'n', collection: 'c', key: ',"value":' }, '42');
    expect(line.slice(line.indexOf(',"value":'))).toBe(',"value":42}');
  });

  it.each([
    ['nothing at all', ''],
    ['a leading zero', LINE.replace('7', '07')],
    ['a signed offset', LINE.replace('7', '-7')],
    ['an exponent', LINE.replace('7', '7e0')],
    ['no offset', LINE.replace('7', '')],
    ['offset 0', LINE.replace('7', '0')],
    ['offset 2^53', LINE.replace('7', '9007199254740992')],
    ['an offset of 400 digits', LINE.replace('7', '9'.repeat(400))],
    ['a transaction that ended before it', LINE.replace(',"collection"', ',"tx":6,"collection"')],
    ['fields in another order', LINE.replace('"offset":7,"ts":1', '"ts":1,"offset":7')],
    ['idem behind trace', LINE.replace(',"collection"', ',"trace":"t","idem":"i","collection"')],
    ['a field it does not know', LINE.replace(',"key"', ',"extra":1,"key"')],
    ['white space', LINE.replace('"ts":1', '"ts": 1')],
    ['an operation it does not know', LINE.replace('put', 'pat')],
    ['no value', LINE.replace('{"a":1}', '')],
    ['no end', LINE.slice(0, -2)],
    ['something behind the end of a delete', LINE.replace('"put","value":{"a":1}}', '"delete"}}')],
    ['an escape JSON does not have', LINE.replace('"k"', '"\\x"')],
    ['half an escape', LINE.replace('"k"', '"\\u12"')],
    ['an escape nobody needs', LINE.replace('"k"', '"\\u0041"')],
    ['an escape in upper case', LINE.replace('"k"', '"\\u001F"')],
    ['an escaped slash', LINE.replace('"k"', '"\\/"')],
    ['a control character', LINE.replace('"k"', '"\u0001"')],
    ['a NUL', LINE.replace('"k"', '"\0"')],
    ['a byte that is not UTF-8', LINE.replace('"k"', '"\u00ff"')],
    ['an overlong form', LINE.replace('"k"', '"\u00c0\u00af"')],
    ['a surrogate in UTF-8', LINE.replace('"k"', '"\u00ed\u00a0\u0080"')],
    ['a cut UTF-8 sequence in the origin', LINE.replace('"n"', '"\u00e2\u0082"')],
    ['an escape nobody needs in the collection', LINE.replace('"c"', '"\\u0063"')],
  ])('with %s is refused', (_, line) => {
    expect(() => read(line)).toThrow(bad);
  });

  it.each([
    ['a value that is not JSON', LINE.replace('{"a":1}', '{"a":}')],
    ['a second field behind its value', LINE.replace('{"a":1}', '1,"offset":99')],
    ['a value cut off at a brace', LINE.slice(0, -1)],
  ])('with %s is refused when it is read whole', (_, line) => {
    expect(() => parseLine(line)).toThrow(bad);
  });

  it('is not handed out by reference to its reader: texts made before stay true', () => {
    const reader = read(LINE);
    const key = reader.key();
    const other = Buffer.from(LINE.replace('"k"', '"other"'));
    reader.read(other, 0, other.length);
    expect([key, reader.key()]).toEqual(['k', 'other']);
  });
});
