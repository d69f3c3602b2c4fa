import { encodeIdempotencyLine, isSkeinError, type IdempotencyLine, type SnapshotPage } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { receiveLines } from './receive-lines.ts';

const POSITION = { offset: 12, epoch: '3-k9f3ab2c', hash: '9f1c22d07a3be4c1' };
const ENTRY: IdempotencyLine = {
  keyDigest: '0'.repeat(32),
  requestDigest: '1'.repeat(32),
  offsetFirst: 3,
  offsetLast: 3,
  ts: 1,
  created: [],
  position: POSITION,
};
const entry = encodeIdempotencyLine(ENTRY);

function put(collection: string, key: string, offset = 5): string {
  return `{"offset":${offset},"ts":1,"origin":"n","collection":"${collection}","key":"${key}","op":"put","value":[1]}`;
}

function page(lines: readonly string[], claimed = lines.length): SnapshotPage {
  return {
    header: { log: 'l', position: POSITION, history: [{ epoch: POSITION.epoch, offsetFirst: 1 }], documents: null },
    lines: Buffer.from(lines.map((line) => `${line}\n`).join('')),
    trailer: { next: null, lines: claimed, checksum: '' },
  };
}

describe('the lines of a page of a snapshot', () => {
  it('are documents in the order of their keys, then idempotency entries', () => {
    const { documents, entries } = receiveLines(page([put('a', 'k'), put('a', 'l', 12), put('ab', 'b'), entry]));
    expect(documents.map(({ collection, levelKey }) => [collection, levelKey.toString()])).toStrictEqual([
      ['a', 'da\0k'],
      ['a', 'da\0l'],
      ['ab', 'dab\0b'],
    ]);
    expect(documents[1]!.stored.subarray(4).toString()).toBe(put('a', 'l', 12));
    expect(entries).toStrictEqual([ENTRY]);
  });

  it('may be none', () => {
    expect(receiveLines(page([]))).toStrictEqual({ documents: [], entries: [] });
  });

  it.each<[string, SnapshotPage]>([
    ['more lines than it says', page([put('a', 'k'), put('a', 'l')], 1)],
    ['fewer lines than it says', page([put('a', 'k'), put('a', 'l')], 3)],
    ['far more lines claimed than it has bytes', page([put('a', 'k')], 2 ** 50)],
    ['documents out of order', page([put('a', 'l'), put('a', 'k')])],
    ['collections out of order', page([put('ab', 'a'), put('a', 'b')])],
    ['a document twice', page([put('a', 'k'), put('a', 'k')])],
    ['a document that is younger than the snapshot', page([put('a', 'k', 13)])],
    ['a document behind an entry', page([entry, put('a', 'k')])],
    ['a delete', page([put('a', 'k').replace('"put","value":[1]', '"delete"')])],
    ['what is no line', page(['{}'])],
  ])('are refused with %s', (_what, refused) => {
    expect(() => receiveLines(refused)).toThrow(expect.toSatisfy((error) => isSkeinError(error, 'bad_record')));
  });
});
