import type { MergeChange } from '@skein/core';
import { ManualClock } from '@skein/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { Quarantine, type QuarantineParts } from '../../packages/mqtt/src/mesh/quarantine.ts';

const DRIFT_MS = 300_000;
const MINUTE_MS = 60_000;
let clock: ManualClock;
let warned: unknown[];
let quarantine: Quarantine;

beforeEach(() => {
  clock = new ManualClock();
  warned = [];
  const logger = { warn: (facts: { node: string }) => warned.push(facts.node) } as unknown as QuarantineParts['logger'];
  quarantine = new Quarantine({ clock, driftMsMax: DRIFT_MS, logger });
});

const ahead = (ms: number, node = 'b'): MergeChange => ({
  collection: 'c',
  key: 'k',
  stamp: { ms: clock.wall() + ms, node, incarnation: 'x', seq: 1 },
  over: null,
  valueText: '1',
});

describe('changes that were made ahead of the clock', () => {
  it('are let in up to the bound, and kept out beyond it', () => {
    const [within, beyond] = [ahead(DRIFT_MS), ahead(DRIFT_MS + 1)];
    expect(quarantine.admit([beyond, within])).toStrictEqual([within]);
    expect([quarantine.count, quarantine.alarm]).toMatchObject([1, { node: 'b', ms: DRIFT_MS + 1 }]);
    clock.advance(1);
    expect(quarantine.admit([beyond])).toStrictEqual([beyond]);
  });

  it('are said to be there for as long as they would be kept out', () => {
    quarantine.admit([ahead(DRIFT_MS + 2)]);
    clock.advance(1);
    expect(quarantine.alarm).not.toBeNull();
    clock.advance(1);
    expect([quarantine.alarm, quarantine.last]).toMatchObject([null, { node: 'b' }]);
  });

  it('are said to be there for ten minutes after the last', () => {
    quarantine.admit([ahead(DRIFT_MS + 60 * MINUTE_MS)]);
    clock.advance(10 * MINUTE_MS);
    expect(quarantine.alarm).not.toBeNull();
    clock.advance(1);
    expect([quarantine.alarm, quarantine.last]).toMatchObject([null, { node: 'b' }]);
  });

  it('are told of once, of each node and for as long as it goes on', () => {
    for (let i = 0; i < 5; i++) {
      quarantine.admit([ahead(DRIFT_MS + 1), ahead(DRIFT_MS + 1, 'c')]);
      clock.advance(9 * MINUTE_MS);
    }
    expect(warned).toStrictEqual(['b', 'c']);
    clock.advance(2 * MINUTE_MS);
    quarantine.admit([ahead(DRIFT_MS + 1)]);
    expect(warned).toStrictEqual(['b', 'c', 'b']);
    // Two of each of five, and one.
    expect(quarantine.count).toBe(11);
  });
});
