import { MUTANTS, runSeed } from '@skein/testing';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import pastFailures from './past-failures.json' with { type: 'json' };

/** Enough to see that the machine works; `npm run sim` is what looks for bugs. */
const SEEDS = Array.from({ length: 8 }, (_, i) => 100_000 + i);

describe('a simulated world', () => {
  it.each(pastFailures.map(({ seed, what }) => ({ seed, what })))(
    'of seed $seed no longer shows that $what',
    async ({ seed }) => {
      expect((await runSeed(seed)).violation).toBeUndefined();
    },
  );

  it('is in order, whatever its seed', async () => {
    for (const seed of SEEDS) {
      const { violation, events } = await runSeed(seed);
      expect({ seed, violation }).toStrictEqual({ seed, violation: undefined });
      expect(events).toBeGreaterThan(100);
    }
  });

  it('is the same run when it is run again, and another one for another seed', async () => {
    const traces = new Set<string>();
    for (const seed of SEEDS.slice(0, 3)) {
      const { trace, events } = await runSeed(seed);
      const again = await runSeed(seed);
      expect({ trace: again.trace, events: again.events }).toStrictEqual({ trace, events });
      traces.add(trace);
    }
    expect(traces.size).toBe(3);
  });

  it('without its faults has none, and its writers write all the same', async () => {
    const { violation, faults, transcript } = await runSeed(SEEDS[0]!, { faults: [], keepTranscript: true });
    expect(violation).toBeUndefined();
    expect(faults).toStrictEqual([]);
    expect(transcript.filter(({ kind }) => kind === 'ended')).toStrictEqual([]);
    expect(transcript.filter(({ kind }) => kind === 'write-acked').length).toBeGreaterThan(10);
  });
});

describe('a planted bug', () => {
  it.each(MUTANTS.flatMap(({ name, edits }) => edits.map((edit) => ({ name, ...edit }))))(
    'has one place: $name, in $file',
    ({ file, find }) => {
      const text = readFileSync(new URL(`../../packages/${file}`, import.meta.url), 'utf8');
      expect(text.split(find).length).toBe(2);
    },
  );
});
