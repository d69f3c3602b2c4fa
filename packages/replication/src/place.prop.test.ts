import { START, type EpochSpan, type Position } from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeOf, type LogBounds } from './place.ts';

/**
 * Two histories that share their first changes and then part, as after a failover or a restored backup. Whatever node A
 * is asked about a position of B, it must never take a change of B's own for one of its own.
 */
interface Log {
  readonly history: readonly EpochSpan[];
  /** The position at every offset, the first at index 0. */
  readonly positions: readonly Position[];
}

/** How long each leadership wrote, and by how much the counter grew to the next; 0 goes on in the same epoch. */
const reigns = fc.array(fc.record({ changes: fc.integer({ min: 1, max: 6 }), grows: fc.nat(3) }), {
  minLength: 1,
  maxLength: 4,
});
const logs = fc
  .record({ shared: reigns, ofA: reigns, ofB: reigns, kept: fc.nat(30) })
  .map(({ shared, ofA, ofB, kept }) => {
    const start = extend({ history: [{ epoch: '1-ssssssss', offsetFirst: 1 }], positions: [START] }, shared, 's');
    const a = extend(start, ofA, 'a');
    const head = a.positions.at(-1)!;
    const bounds: LogBounds = { log: 'log', history: a.history, head, tail: Math.max(1, head.offset + 1 - kept) };
    return { fork: start.positions.length - 1, bounds, a, b: extend(start, ofB, 'b') };
  });

function extend({ history, positions }: Log, added: readonly { changes: number; grows: number }[], name: string): Log {
  const spans = [...history];
  const all = [...positions];
  for (const { changes, grows } of added) {
    const counter = Number.parseInt(spans.at(-1)!.epoch, 10) + grows;
    if (grows > 0) spans.push({ epoch: `${counter}-${name.repeat(8)}`, offsetFirst: all.length });
    for (let i = 0; i < changes; i++)
      all.push({ offset: all.length, epoch: spans.at(-1)!.epoch, hash: `${name}${all.length}` });
  }
  return { history: spans, positions: all };
}

function placeOnA({ bounds, a }: { bounds: LogBounds; a: Log }, position: Position): ReturnType<typeof placeOf> {
  const held = position.offset >= bounds.tail - 1 ? a.positions[position.offset] : undefined;
  return placeOf({ kind: 'position', position }, bounds, held);
}

describe('the places of two logs that parted', () => {
  it('are here, or compacted, as far as both agree', () => {
    fc.assert(
      fc.property(logs, (world) => {
        for (const position of world.b.positions.slice(0, world.fork + 1)) {
          const isKept = position.offset >= world.bounds.tail - 1;
          expect(placeOnA(world, position)).toStrictEqual(isKept ? { kind: 'here', position } : { kind: 'compacted' });
        }
      }),
    );
  });

  it('are never here behind the fork, and lead back to before the position asked for', () => {
    fc.assert(
      fc.property(logs, (world) => {
        for (const position of world.b.positions.slice(world.fork + 1)) {
          const place = placeOnA(world, position);
          expect(['ahead', 'newer-epoch', 'diverged', 'compacted']).toContain(place.kind);
          if (place.kind === 'compacted') expect(position.offset).toBeLessThan(world.bounds.tail - 1);
          if (place.kind !== 'diverged' && place.kind !== 'newer-epoch') continue;
          expect(place.fork).toBeGreaterThanOrEqual(0);
          expect(place.fork).toBeLessThan(position.offset);
          expect(place.fork).toBeLessThanOrEqual(world.bounds.head.offset);
        }
      }),
      { numRuns: 300 },
    );
  });
});
