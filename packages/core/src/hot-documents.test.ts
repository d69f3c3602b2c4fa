import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Document } from './document.ts';
import { HotDocuments } from './hot-documents.ts';

const EPOCH = '1-00000000';
const MIB = 1024 * 1024;

function documentOf(key: string, offset: number, valueLength = 1): Document {
  const bytes = Buffer.alloc(0);
  return new Document(key, { bytes, valueStart: 0, valueEnd: valueLength, offset, ts: 0 }, EPOCH);
}

/** Reads a document, as a store does that has it at this offset. */
function read(hot: HotDocuments, collection: string, key: string, offset = 1, valueLength = 1): Document {
  const found = hot.get(collection, key);
  if (found !== undefined) return found;
  const document = documentOf(key, offset, valueLength);
  hot.offer(collection, document);
  return document;
}

const keysOf = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `k${i}`);
const keptOf = (hot: HotDocuments, keys: readonly string[]): number =>
  keys.filter((key) => hot.get('c', key) !== undefined).length;

describe('hot documents', () => {
  it('are what was written last, whatever is read, written and forgotten', () => {
    // Two collections that hash alike, and two keys.
    const collection = fc.constantFrom('c2ya8', 'czki6');
    const name = fc.record({ collection, key: fc.constantFrom('k5pwu', 'kg5fa', 'ä', 'long'.repeat(80)) });
    const kind = fc.oneof(
      { weight: 80, arbitrary: fc.constant('read') },
      { weight: 10, arbitrary: fc.constant('write') },
      { weight: 1, arbitrary: fc.constant('clear') },
    );
    fc.assert(
      fc.property(fc.array(fc.record({ kind, name }), { minLength: 100, maxLength: 500 }), (steps) => {
        const hot = new HotDocuments();
        const stored = new Map<string, number>();
        for (const [i, { kind: what, name: named }] of steps.entries()) {
          const { collection: of, key } = named;
          const id = `${of}/${key}`;
          // No two documents are of one offset.
          const offset = stored.get(id) ?? -1 - stored.size;
          stored.set(id, offset);
          if (what === 'clear') hot.clear();
          else if (what === 'read') expect(read(hot, of, key, offset).offset).toBe(offset);
          else {
            stored.set(id, i);
            hot.forget(of, () => key);
          }
        }
      }),
    );
  });

  it('are there without a read soon after they are read often', () => {
    const hot = new HotDocuments();
    const keys = keysOf(100);
    for (let round = 0; round < 30; round++) for (const key of keys) read(hot, 'c', key);
    expect(keptOf(hot, keys)).toBeGreaterThan(80);
  });

  it('stay while many others are read once', () => {
    const hot = new HotDocuments();
    const wanted = keysOf(50);
    for (let round = 0; round < 30; round++) for (const key of wanted) read(hot, 'c', key);
    const before = keptOf(hot, wanted);
    for (let i = 0; i < 500_000; i++) {
      read(hot, 'c', `once-${i}`, 1, 300);
      if (i % 20_000 === 0) for (const key of wanted) read(hot, 'c', key);
    }
    expect(keptOf(hot, wanted)).toBeGreaterThan(0.9 * before);
  });

  it('take up no more than their bound, small or large', () => {
    for (const valueLength of [10, 1000, MIB - 250, 2 * MIB]) {
      const hot = new HotDocuments();
      const keys = keysOf(300_000 / Math.max(1, valueLength / 1000));
      for (const key of keys) read(hot, 'c', key, 1, valueLength);
      expect(keptOf(hot, keys) * (valueLength + 250)).toBeLessThanOrEqual(16 * MIB);
      expect(keptOf(hot, keys) > 0).toBe(valueLength < MIB);
    }
  });

  it('need no name of what is written where nothing is kept', () => {
    const hot = new HotDocuments();
    for (let i = 0; i < 100; i++) read(hot, 'c', `k${i}`);
    hot.forget('other', () => expect.unreachable());
    for (const key of keysOf(100)) hot.forget('c', () => key);
    hot.forget('c', () => expect.unreachable());
  });
});
