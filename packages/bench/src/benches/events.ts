import { decodeEvent, encodeEvent, type ReplicationEvent } from '@skein/mqtt';
import { decode, encode } from 'cborg';
import type { Bench } from '../bench.ts';
import { documentText, keyOf, Random } from '../documents.ts';
import { inPairs, toRow, type Run } from '../results.ts';

const EVENTS = 1000;

/** Encoding and decoding events, each beside cborg on the same fields, which checks nothing of what they say. */
export const events: Bench = {
  name: 'events',
  async run(_stage, { runs, quick }) {
    const random = new Random(7);
    const told = Array.from({ length: EVENTS }, (_, i): ReplicationEvent => {
      const head = { key: `bench/${keyOf(i)}`, nodeId: 'leader-1', seq: i + 1, timestampMs: 1_767_225_600_000 + i };
      return { ...head, tombstone: false, value: documentText(i, random) };
    });
    const fields = told.map(({ nodeId, timestampMs, ...rest }) => ({
      ...rest,
      node_id: nodeId,
      timestamp_ms: timestampMs,
    }));
    const bytes = told.map(encodeEvent);
    const rounds = quick ? 20 : 200;
    const row = (name: string, measured: readonly Run[]) =>
      toRow({
        name,
        unit: 'events/s',
        runs: measured,
        ceilingName: 'cborg',
        target: { of: 'ratio', relation: 'at least', bound: 0.8 },
      });
    const pairs = (figure: (i: number) => void, ceiling: (i: number) => void): Promise<readonly Run[]> =>
      inPairs(runs, { figure: async () => timed(figure, rounds), ceiling: async () => timed(ceiling, rounds) });
    return [
      row(
        'events encoded',
        await pairs(
          (i) => void encodeEvent(told[i]!),
          (i) => void encode(fields[i]),
        ),
      ),
      row(
        'events decoded',
        await pairs(
          (i) => void decodeEvent(bytes[i]!),
          (i) => void decode(bytes[i]!),
        ),
      ),
    ];
  },
};

function timed(act: (i: number) => void, rounds: number): Run {
  for (let i = 0; i < EVENTS; i++) act(i);
  const startedAt = performance.now();
  for (let round = 0; round < rounds; round++) for (let i = 0; i < EVENTS; i++) act(i);
  return { value: (EVENTS * rounds) / ((performance.now() - startedAt) / 1000) };
}
