import type { Bench } from '../bench.ts';
import { memoryOf, MIB, WRITE_BUFFERS_MIB } from '../machine.ts';
import { inPairs, toRow } from '../results.ts';
import { quiet } from '../stage.ts';
import { load } from './nodes.ts';
import { DOCUMENTS, measureRaw, RAW_NAME } from './raw.ts';

/**
 * 200,000 documents into an empty leader with one streamed NDJSON request. Memory is what the kernel saw at most, less
 * what the leader had when it was empty, and less the write buffers.
 */
export const bulkLoad: Bench = {
  name: 'bulk-load',
  async run(stage, { runs }) {
    const pairs = await inPairs(runs, {
      figure: async () => {
        const leader = await stage.node('leader');
        await quiet(leader.actor);
        const idle = memoryOf(leader.actor.pid).now;
        const seconds = await load(stage, leader.url);
        const { peak } = memoryOf(leader.actor.pid);
        await stage.stop(leader.actor);
        return { value: DOCUMENTS / seconds, notes: { memory_mib: (peak - idle) / MIB - WRITE_BUFFERS_MIB } };
      },
      ceiling: () => measureRaw(stage),
    });
    return [
      toRow({
        name: 'bulk load',
        unit: 'documents/s',
        runs: pairs,
        ceilingName: RAW_NAME,
        target: { of: 'ratio', relation: 'at least', bound: 0.4 },
      }),
      toRow({
        name: 'bulk load: leader memory above idle',
        unit: 'MiB',
        runs: pairs.map(({ notes }) => ({ value: notes!.memory_mib! })),
      }),
    ];
  },
};
