import { epochOf, LineReader, recordLines, START, type Position, type RecordView } from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logOf } from '../../test/log-of.ts';
import type { Facts } from '../facts.ts';
import { positionBefore } from './position-before.ts';

const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 20 });

describe('where the log stands behind everything of before a time', () => {
  it('is behind the last change of before, however the times lie, and nowhere when that may have been trimmed', async () => {
    const steps = fc.array(fc.nat(3), { minLength: 20, maxLength: 20 });
    const property = fc.asyncProperty(sizes, steps, fc.nat(5), fc.nat(70), async (given, step, trimmed, ms) => {
      const times = step.map((_, i) => 5 + step.slice(0, i + 1).reduce((a, b) => a + b));
      const { records: all, history, head } = logOf(given, { epochs: 2, tsOf: (record) => times[record]! });
      const records = all.slice(Math.min(trimmed, all.length - 1));
      const tail = records[0]!.offsetFirst;
      const facts = { head, tail, history, headTs: times[all.length - 1]! } as unknown as Facts;
      const found = await positionBefore(
        ms,
        () => facts,
        async (offset) => records.find(({ offsetLast }) => offsetLast > offset),
      );
      expect(found).toStrictEqual(expected(records, facts, ms));
    });
    await fc.assert(property, { numRuns: 500 });
  });

  it('is looked for again when the log is trimmed meanwhile', async () => {
    const { records, history, head } = logOf([1, 1, 1, 1, 1, 1, 1, 1], { tsOf: (record) => record });
    let tail = 1;
    const facts = (): Facts => ({ head, tail, history, headTs: 7 }) as unknown as Facts;
    const found = await positionBefore(3, facts, async (offset) => {
      tail = 5;
      return records.find(({ offsetFirst, offsetLast }) => offsetFirst >= tail && offsetLast > offset);
    });
    expect(found).toBeUndefined();
  });

  it('of an empty log is its beginning', async () => {
    const facts = { head: START, tail: 1, history: [], headTs: null } as unknown as Facts;
    expect(
      await positionBefore(
        0,
        () => facts,
        async () => undefined,
      ),
    ).toStrictEqual(START);
  });
});

/** By walking all of it. */
function expected(records: readonly RecordView[], { head, tail, history }: Facts, ms: number): Position | undefined {
  const first = records.find((record) => tsOf(record) >= ms);
  if (first === undefined) return head;
  if (first.offsetFirst === tail) return tail === 1 ? START : undefined;
  const offset = first.offsetFirst - 1;
  return { offset, epoch: epochOf(history, offset), hash: first.hashBefore };
}

function tsOf(record: RecordView): number {
  const lines = recordLines(record);
  const reader = new LineReader();
  reader.read(lines, 0, lines.indexOf(0x0a));
  return reader.ts;
}
