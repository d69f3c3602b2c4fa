import type { Bench } from '../bench.ts';
import { toRow, type Row } from '../results.ts';
import type { Stage } from '../stage.ts';
import { measureRaw } from './raw.ts';

const WRITERS = 64;
const DOCUMENTS = 50_000;
const WARM_UP = 20_000;

/** What is written: by LevelDB alone, or by Skein into a collection that has nothing, a schema, or an index. */
type Written = 'raw' | 'none' | 'schema' | 'index';

/** Documents a second of each. */
type WritesMeasured = Readonly<Record<Written, number>>;

/**
 * Durable writes of 64 writers in the database's own process, beside LevelDB's own in batches of as many; and what is left of
 * them where the collection has a schema, or an index. All four are measured in turns; who is first alternates.
 */
export const embeddedWrites: Bench = {
  name: 'embedded-writes',
  async run(stage, { runs }) {
    const measured: WritesMeasured[] = [];
    for (let i = 0; i < runs; i++) measured.push(await measureWrites(stage, i % 2 === 0));
    const row = (name: string, pair: readonly [Written, Written], ceilingName: string, bound: number): Row => {
      const [figure, ceiling] = pair;
      return toRow({
        name: `durable writes in process, ${name}`,
        unit: 'documents/s',
        runs: measured.map((of) => ({ value: of[figure], ceiling: of[ceiling], ratio: of[figure] / of[ceiling] })),
        ceilingName,
        target: { of: 'ratio', relation: 'at least', bound },
      });
    };
    return [
      row('64 writers', ['none', 'raw'], 'raw LevelDB, batches of 64', 0.6),
      row('with a schema', ['schema', 'none'], 'without it', 0.75),
      row('with an index', ['index', 'none'], 'without it', 0.6),
    ];
  },
};

/** Reads in the database's own process, beside classic-level's getSync on the same files. */
export const embeddedReads: Bench = {
  name: 'embedded-reads',
  async run(stage, { runs }) {
    const measured: { readonly get: number; readonly hot: number; readonly raw: number }[] = [];
    for (let i = 0; i < runs; i++) {
      const reader = stage.start('embedded-reader', { directory: stage.directory(), documents: 2 * DOCUMENTS });
      measured.push(await reader.hear());
      await stage.stop(reader);
    }
    return [
      toRow({
        name: 'get in process',
        unit: 'documents/s',
        runs: measured.map(({ get, raw }) => ({ value: get, ceiling: raw, ratio: get / raw })),
        ceilingName: "classic-level's getSync",
        target: { of: 'ratio', relation: 'at least', bound: 0.8 },
      }),
      toRow({
        name: 'get in process, hot documents',
        unit: 'documents/s',
        runs: measured.map(({ hot }) => ({ value: hot })),
        target: { of: 'figure', relation: 'at least', bound: 1_000_000 },
      }),
    ];
  },
};

async function measureWrites(stage: Stage, isForwards: boolean): Promise<WritesMeasured> {
  const order: readonly Written[] = ['raw', 'none', 'schema', 'index'];
  const perSecond = { raw: 0, none: 0, schema: 0, index: 0 };
  for (const written of isForwards ? order : order.toReversed()) perSecond[written] = await measureOne(stage, written);
  return perSecond;
}

async function measureOne(stage: Stage, written: Written): Promise<number> {
  if (written === 'raw')
    return (await measureRaw(stage, { batch: WRITERS, documents: DOCUMENTS, warmUp: WARM_UP })).value;
  const options = { directory: stage.directory(), documents: DOCUMENTS, warmUp: WARM_UP, writers: WRITERS };
  const writer = stage.start('embedded-writer', { ...options, definition: written });
  const { seconds } = await writer.hear<{ readonly seconds: number }>();
  await stage.stop(writer);
  return DOCUMENTS / seconds;
}
