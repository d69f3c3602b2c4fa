import { servedPath } from '@skein/core';
import { ClassicLevel } from 'classic-level';
import { openDatabase } from 'skein';
import { COLLECTION, documentText, keyOf, Random, shuffledIds } from '../documents.ts';
import { given, machineMs, sayLast } from './stage-hand.ts';

/**
 * Reads documents from a database of this process, each of many once, in random order; the same many with classic-level's
 * getSync alone, from the very files, both twice and in the order that leaves neither the better minutes; and then a few
 * again and again.
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

const levelKeys = keys.map((key) => Buffer.from(`d${COLLECTION}\0${key}`));
const get = [await readHere()];
const raw = [await readRaw(), await readRaw()];
get.push(await readHere());
const hot = await readHot();
sayLast({ get: documents / mean(get), raw: documents / mean(raw), hot });

/** Seconds for all of them once, behind a first time. */
async function readHere(): Promise<number> {
  const opened = await openDatabase({ data: directory, scrubEveryMs: null });
  const collection = opened.collection(COLLECTION);
  const readAll = async (): Promise<void> => {
    for (const key of keys) if ((await collection.get(key)) === undefined) throw new Error(`${key} is missing`);
  };
  await readAll();
  const seconds = await secondsOf(readAll);
  await opened.close();
  return seconds;
}

async function readRaw(): Promise<number> {
  const level = new ClassicLevel<Buffer, Buffer>(await servedPath(directory), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    cacheSize: 32 * 1024 * 1024,
  });
  await level.open();
  const readAll = async (): Promise<void> => {
    for (const key of levelKeys) if (level.getSync(key) === undefined) throw new Error('a document is missing');
  };
  await readAll();
  const seconds = await secondsOf(readAll);
  await level.close();
  return seconds;
}

/** A few of them again and again, in documents a second. */
async function readHot(): Promise<number> {
  const opened = await openDatabase({ data: directory, scrubEveryMs: null });
  const collection = opened.collection(COLLECTION);
  const hotKeys = keys.slice(0, HOT_DOCUMENTS);
  const seconds = await secondsOf(async () => {
    for (let i = 0; i < HOT_READS; i++) await collection.get(hotKeys[i % HOT_DOCUMENTS]!);
  });
  await opened.close();
  return HOT_READS / seconds;
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const startedAt = machineMs();
  await work();
  return (machineMs() - startedAt) / 1000;
}

function mean(seconds: readonly number[]): number {
  return seconds.reduce((sum, each) => sum + each, 0) / seconds.length;
}
