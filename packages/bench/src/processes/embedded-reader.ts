import { servedPath } from '@skein/core';
import { ClassicLevel } from 'classic-level';
import { openDatabase } from 'skein';
import { COLLECTION, documentText, keyOf, Random, shuffledIds } from '../documents.ts';
import { given, machineMs, sayLast } from './stage-hand.ts';

/**
 * Reads documents from a database of this process: each of many once, in random order; and a few again and again. Then the
 * same many with classic-level's getSync alone, from the very files.
 */

interface Given {
  readonly directory: string;
  readonly documents: number;
}

const HOT_DOCUMENTS = 100;
const HOT_READS = 2_000_000;
const LOADED_AT_ONCE = 1000;

const { directory, documents } = given() as Given;
const ids = shuffledIds(documents);
const keys = ids.map(keyOf);

const db = await openDatabase({ data: directory, scrubEveryMs: null });
const random = new Random(1);
for (let at = 0; at < ids.length; at += LOADED_AT_ONCE)
  await db.store.load(
    ids.slice(at, at + LOADED_AT_ONCE).map((id) => ({
      op: 'put',
      collection: COLLECTION,
      key: keyOf(id),
      valueText: documentText(id, random),
    })),
  );
await db.close();

const again = await openDatabase({ data: directory, scrubEveryMs: null });
const collection = again.collection(COLLECTION);
for (const key of keys) await collection.get(key);
const get = await perSecond(keys.length, async () => {
  for (const key of keys) if ((await collection.get(key)) === undefined) throw new Error(`${key} is missing`);
});
const hotKeys = keys.slice(0, HOT_DOCUMENTS);
const hot = await perSecond(HOT_READS, async () => {
  for (let i = 0; i < HOT_READS; i++) await collection.get(hotKeys[i % HOT_DOCUMENTS]!);
});
await again.close();

const level = new ClassicLevel<Buffer, Buffer>(await servedPath(directory), {
  keyEncoding: 'buffer',
  valueEncoding: 'buffer',
  cacheSize: 32 * 1024 * 1024,
});
await level.open();
const levelKeys = keys.map((key) => Buffer.from(`d${COLLECTION}\0${key}`));
for (const key of levelKeys) level.getSync(key);
const raw = await perSecond(keys.length, async () => {
  for (const key of levelKeys) if (level.getSync(key) === undefined) throw new Error('a document is missing');
});
await level.close();
sayLast({ get, hot, raw });

async function perSecond(count: number, work: () => Promise<void>): Promise<number> {
  const startedAt = machineMs();
  await work();
  return (1000 * count) / (machineMs() - startedAt);
}
