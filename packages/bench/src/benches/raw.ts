import type { Bench } from '../bench.ts';
import { toRow, type Run } from '../results.ts';
import type { Stage } from '../stage.ts';

/** How many documents the benches that write in bulk write. */
export const DOCUMENTS = 200_000;

export const RAW_NAME = 'raw LevelDB';

/** Documents a second that LevelDB takes with nothing around it, in a process and a directory of its own. */
export async function measureRaw(stage: Stage, batch = 1000, documents = DOCUMENTS): Promise<Run> {
  const writer = stage.start('raw-writer', { directory: stage.directory(), documents, batch });
  const { seconds } = await writer.hear<{ readonly seconds: number }>();
  await stage.stop(writer);
  return { value: documents / seconds };
}

export const raw: Bench = {
  name: 'raw',
  async run(stage, { runs }) {
    const measured: Run[] = [];
    for (let i = 0; i < runs; i++) measured.push(await measureRaw(stage));
    return [toRow({ name: RAW_NAME, unit: 'documents/s', runs: measured })];
  },
};
