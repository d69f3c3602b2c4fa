import { cp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { classicLevel, Store, type Operation } from '@skein/core';
import { isSkeinError } from '@skein/protocol';
import { seededRandom, type Random } from './seeded-random.ts';
import { ALL } from './looking.ts';

/**
 * What came of one flipped bit in the files of a closed database.
 *
 * - refused: the store did not open, or a scrub found it.
 * - unharmed: everything that can be read is what was written.
 * - shorter: what can be read is what was written up to some change; LevelDB dropped the rest.
 * - silent: something else, and nobody said so. There must be none.
 */
export interface FlipResult {
  readonly flip: number;
  readonly place: string;
  readonly verdict: 'refused' | 'unharmed' | 'shorter' | 'silent';
}

const COLLECTIONS = ['a', 'b', 'c'];
const KEYS = 120;
const COMMITS = 250;
/** Small, so that there are several sorted files, some of them merged. */
const WRITE_BUFFER_BYTES = 32 * 1024;

/** Writes a database of every kind of change. Copied before it is closed, it is one whose process was killed. */
export async function writeDatabase(directory: string, { isKilled }: { readonly isKilled: boolean }): Promise<void> {
  const working = `${directory}-working`;
  const store = await open(working);
  const random = seededRandom(7);
  for (let i = 0; i < COMMITS; i++) {
    const operations = Array.from({ length: 1 + random(8) }, () => putAnything(random));
    await store.commit({ operations });
    if (i % 5 === 0) await deleteSome(store, random);
    if (i === COMMITS / 2) await store.trim(store.facts.head.offset / 2);
  }
  if (!isKilled) await store.close();
  await cp(working, directory, { recursive: true });
  await store.close();
  await rm(working, { recursive: true });
}

function putAnything(random: Random): Operation {
  const value = { text: 'x'.repeat(random(150)), number: random(1_000_000_000) };
  const collection = COLLECTIONS[random(COLLECTIONS.length)]!;
  return { op: 'put', collection, key: `k${random(KEYS)}`, valueText: JSON.stringify(value) };
}

async function deleteSome(store: Store, random: Random): Promise<void> {
  const collection = COLLECTIONS[random(COLLECTIONS.length)]!;
  const { documents } = await store.documents.scan(collection, { from: `k${random(KEYS)}`, limit: 2 });
  for (const { key } of documents) await store.collection(collection).delete(key);
}

/** Flips one bit after the other, each in a fresh copy, and tells of each. */
export async function rotDatabase(
  directory: string,
  {
    from,
    to,
    onResult,
  }: { readonly from: number; readonly to: number; readonly onResult: (result: FlipResult) => void },
): Promise<void> {
  const copy = `${directory}-copy`;
  await cp(directory, copy, { recursive: true });
  const whole = await contentOf(await open(copy));
  const files = (await readdir(directory)).filter((name) => /\.(ldb|log)$/.test(name)).toSorted();
  for (let flip = from; flip < to; flip++) {
    await rm(copy, { recursive: true });
    await cp(directory, copy, { recursive: true });
    const place = await flipIn(copy, files, seededRandom(flip));
    onResult({ flip, place, verdict: await judge(copy, whole) });
  }
}

async function flipIn(directory: string, files: readonly string[], random: Random): Promise<string> {
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(directory, name))).size));
  let at = random(sizes.reduce((sum, size) => sum + size, 0));
  const index = sizes.findIndex((size) => at < size || (at -= size) < 0);
  const path = join(directory, files[index]!);
  const bytes = await readFile(path);
  const bit = random(8);
  bytes[at]! ^= 1 << bit;
  await writeFile(path, bytes);
  return `bit ${bit} of byte ${at} of ${files[index]}`;
}

async function judge(directory: string, whole: Content): Promise<FlipResult['verdict']> {
  let store: Store | undefined;
  try {
    store = await open(directory);
    if ((await store.scrub()).problems.length > 0) return 'refused';
    const content = await contentOf(store);
    if (content.documents === whole.documents && content.log === whole.log) return 'unharmed';
    return isEarlier(content, whole) ? 'shorter' : 'silent';
  } catch (error) {
    if (isSkeinError(error, 'corrupt') || isOfLevel(error)) return 'refused';
    throw error;
  } finally {
    await store?.close();
  }
}

/** LevelDB stumbles over what it reads: it may look behind the end of a file, for one. */
function isOfLevel(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('LEVEL_');
}

function open(directory: string): Promise<Store> {
  const level = classicLevel(directory, { writeBufferBytes: WRITE_BUFFER_BYTES });
  return Store.open({ level, role: 'leader', node: 'leader-1' });
}

interface Content {
  readonly documents: string;
  readonly log: string;
}

/** All that can be read, by every way of reading it. */
async function contentOf(store: Store): Promise<Content> {
  const documents: string[] = [JSON.stringify([store.facts.identity, store.facts.history, store.facts.tail])];
  documents.push(JSON.stringify(await store.collections()));
  for (const collection of COLLECTIONS) {
    for await (const { key, version, valueBytes } of store.documents.iterate(collection)) {
      documents.push(`${collection} ${key} ${version} ${valueBytes.toString()}`);
    }
    const keys = Array.from({ length: KEYS }, (_, i) => `k${i}`);
    for (const document of await store.collection(collection).getMany(keys)) {
      documents.push(`${document?.version} ${document?.valueBytes.toString()}`);
    }
  }
  const { records } = await store.readLog(store.facts.tail - 1, ALL);
  await store.close();
  return { documents: documents.join('\n'), log: Buffer.concat(records.map(({ bytes }) => bytes)).toString('latin1') };
}

/** The scrub has held the documents against the log; so a log that is a beginning of the other's is enough. */
function isEarlier(content: Content, whole: Content): boolean {
  return content.log.length < whole.log.length && whole.log.startsWith(content.log);
}
