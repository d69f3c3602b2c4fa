import type { Bench } from '../bench.ts';
import { inPairs, toRow, type Run } from '../results.ts';
import type { Stage } from '../stage.ts';
import { measureRaw } from './raw.ts';

const WRITERS = 64;
const DOCUMENTS = 50_000;
const WARM_UP = 20_000;

/** Durable writes of 64 writers in the database's own process, beside LevelDB's own in batches of as many. */
export const embeddedWrites: Bench = {
  name: 'embedded-writes',
  async run(stage, { runs }) {
    const pairs = await inPairs(runs, {
      figure: () => write(stage, 'none'),
      ceiling: () => measureRaw(stage, { batch: WRITERS, documents: DOCUMENTS, warmUp: WARM_UP }),
    });
    const name = 'durable writes in process, 64 writers';
    const target = { of: 'ratio', relation: 'at least', bound: 0.6 } as const;
    return [toRow({ name, unit: 'documents/s', runs: pairs, ceilingName: 'raw LevelDB, batches of 64', target })];
  },
};

/** What is left of those writes where the collection has a schema, or an index. */
export const definitions: Bench = {
  name: 'definitions',
  async run(stage, { runs }) {
    const beside = (definition: 'schema' | 'index'): Promise<readonly Run[]> =>
      inPairs(runs, { figure: () => write(stage, definition), ceiling: () => write(stage, 'none') });
    const row = (name: string, bound: number, measured: readonly Run[]) =>
      toRow({
        name: `durable writes in process, ${name}`,
        unit: 'documents/s',
        runs: measured,
        ceilingName: 'without it',
        target: { of: 'ratio', relation: 'at least', bound },
      });
    return [row('with a schema', 0.75, await beside('schema')), row('with an index', 0.6, await beside('index'))];
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

async function write(stage: Stage, definition: 'none' | 'schema' | 'index'): Promise<Run> {
  const given = { directory: stage.directory(), documents: DOCUMENTS, warmUp: WARM_UP, writers: WRITERS, definition };
  const writer = stage.start('embedded-writer', given);
  const { seconds } = await writer.hear<{ readonly seconds: number }>();
  await stage.stop(writer);
  return { value: DOCUMENTS / seconds };
}
