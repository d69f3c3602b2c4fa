import type { Bench } from '../bench.ts';
import { inPairs, toRow } from '../results.ts';
import { load } from './nodes.ts';
import { DOCUMENTS, measureRaw, RAW_NAME } from './raw.ts';

/** 200,000 documents into an empty leader with one streamed NDJSON request. */
export const bulkLoad: Bench = {
  name: 'bulk-load',
  async run(stage, { runs }) {
    const pairs = await inPairs(runs, {
      figure: async () => {
        const leader = await stage.node('leader');
        const seconds = await load(stage, leader.url);
        await stage.stop(leader.actor);
        return { value: DOCUMENTS / seconds };
      },
      ceiling: () => measureRaw(stage),
    });
    return [toRow({ name: 'bulk load', unit: 'documents/s', runs: pairs, ceilingName: RAW_NAME })];
  },
};
