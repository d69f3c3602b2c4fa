import type { Run } from '../results.ts';
import type { Stage } from '../stage.ts';

/** How many documents the benches that write in bulk write. */
export const DOCUMENTS = 200_000;

export const RAW_NAME = 'raw LevelDB';

interface RawOptions {
  readonly batch?: number;
  readonly documents?: number;
  /** Written before the clock starts. */
  readonly warmUp?: number;
}

/** Documents a second that LevelDB takes with nothing around it, in a process and a directory of its own. */
export async function measureRaw(stage: Stage, options: RawOptions = {}): Promise<Run> {
  const { batch = 1000, documents = DOCUMENTS, warmUp = 0 } = options;
  const writer = stage.start('raw-writer', { directory: stage.directory(), documents, batch, warmUp });
  const { seconds } = await writer.hear<{ readonly seconds: number }>();
  await stage.stop(writer);
  return { value: documents / seconds };
}
