import { describe, expect, it } from 'vitest';
import type { Fault } from '../faults/fault.ts';
import { Violation } from '../history.ts';
import type { SeedOptions } from './seed-options.ts';
import type { SeedResult } from './world.ts';
import { shrink } from './shrink.ts';

const FAULTS: readonly Fault[] = ['a', 'b', 'c', 'd'].map((node, i) => ({ kind: 'crash', atMs: i, node }));

/** A world that fails when these nodes crash and it has so many writers. */
function worldFailingWith(needed: readonly string[], writersNeeded = 1) {
  const runs: SeedOptions[] = [];
  const run = async (seed: number, options: SeedOptions = {}): Promise<SeedResult> => {
    runs.push(options);
    const faults = options.faults ?? FAULTS;
    const crashed = new Set(faults.map((fault) => ('node' in fault ? fault.node : '')));
    const isFailing = needed.every((node) => crashed.has(node)) && 3 - (options.writersLess ?? 0) >= writersNeeded;
    const violation = isFailing ? new Violation('acknowledged', 'lost') : undefined;
    return { seed, faults, violation, events: 1, trace: '', marks: new Set(), transcript: [] };
  };
  return { run, runs };
}

describe('a failure is narrowed down', () => {
  it('to the faults it needs, wherever they stand', async () => {
    const { run } = worldFailingWith(['b', 'd'], 3);
    const { result, without, writersLess } = await shrink(await run(1), run);
    expect(without).toStrictEqual([0, 2]);
    expect(result.faults).toStrictEqual([FAULTS[1], FAULTS[3]]);
    expect(writersLess).toBe(0);
  });

  it('to no faults and fewer writers, when it needs neither', async () => {
    const { run } = worldFailingWith([], 2);
    const { result, without, writersLess } = await shrink(await run(1), run);
    expect(without).toStrictEqual([0, 1, 2, 3]);
    expect(writersLess).toBe(1);
    expect(result.violation).toBeDefined();
  });

  it('in the same way: another failure is not taken for this one', async () => {
    const { run } = worldFailingWith(['c'], 3);
    const other = async (seed: number, options: SeedOptions = {}): Promise<SeedResult> => {
      const result = await run(seed, options);
      return result.violation === undefined ? { ...result, violation: new Violation('feed', 'a gap') } : result;
    };
    expect((await shrink(await other(1), other)).without).toStrictEqual([0, 1, 3]);
  });

  it('and its story is kept', async () => {
    const { run, runs } = worldFailingWith(['a']);
    await shrink(await run(1), run);
    expect(runs.at(-1)?.keepTranscript).toBe(true);
  });
});
