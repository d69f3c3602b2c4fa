import { describe, expect, it } from 'vitest';
import { readableChanges } from './readable-changes.ts';

function stored(fields: string, value = '1'): Buffer {
  const line = `{"offset":1,"ts":1,"origin":"b"${fields},"op":"put","value":${value}}`;
  return Buffer.concat([Buffer.alloc(4), Buffer.from(line)]);
}

const good = stored(',"stamp":"5.1.x","collection":"c","key":"k"');

describe('what a peer has', () => {
  it('is read, each for itself: what cannot be merged here is named and passed over', () => {
    const strange = stored(',"stamp":"of a later kind","collection":"c","key":"k"');
    const definition = stored(',"stamp":"6.0.x","collection":"$definitions","key":"c"', '{"ofALaterKind":true}');
    const { changes, unreadable } = readableChanges([strange, good, definition]);
    expect(changes).toMatchObject([{ collection: 'c', key: 'k', valueText: '1', stamp: { ms: 5, node: 'b' } }]);
    expect(unreadable).toMatch(/of a later kind/);
    expect(readableChanges([definition])).toMatchObject({ changes: [], unreadable: expect.any(String) });
  });

  it('is of no concern without a stamp', () => {
    expect(readableChanges([stored(',"collection":"c","key":"k"')])).toStrictEqual({ changes: [], unreadable: null });
  });
});
