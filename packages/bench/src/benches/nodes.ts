import { request } from 'undici';
import { COLLECTION, keyOf } from '../documents.ts';
import { sleep, type Stage } from '../stage.ts';
import { DOCUMENTS } from './raw.ts';

/** Loads the documents of the bulk benches into a leader; answers how long that took, as its client saw it. */
export async function load(stage: Stage, url: string): Promise<number> {
  const loader = stage.start('bulk-loader', { url, documents: DOCUMENTS });
  const { seconds } = await loader.hear<{ readonly seconds: number }>();
  await stage.stop(loader);
  return seconds;
}

/** Writes one document, so that the log has begun. */
export async function writeOne(url: string): Promise<void> {
  const { statusCode, body } = await request(`${url}/v1/collections/${COLLECTION}/${keyOf(0)}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  await body.dump();
  if (statusCode >= 300) throw new Error(`a write was answered ${statusCode}`);
}

/** Waits until a node holds everything up to an offset. */
export async function untilApplied(url: string, offset: number): Promise<void> {
  await untilStatus(url, ({ applied }) => applied >= offset);
}

/** Waits until a node's log begins at an offset or behind it. */
export async function untilTrimmed(url: string, offset: number): Promise<void> {
  await untilStatus(url, ({ tail }) => tail >= offset);
}

interface Status {
  readonly applied: number;
  readonly tail: number;
}

async function untilStatus(url: string, isReached: (status: Status) => boolean): Promise<void> {
  for (;;) {
    const { body } = await request(`${url}/v1/status`);
    if (isReached((await body.json()) as Status)) return;
    await sleep(20);
  }
}
