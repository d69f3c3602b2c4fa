import assert from 'node:assert/strict';
import type { Level, LogReadLimits, ScanOptions, Store } from '@skein/core';
import {
  isSkeinError,
  parseLine,
  parseRecords,
  recordLines,
  type Change,
  type ErrorCode,
  type JsonValue,
  type RecordView,
  type SkeinError,
} from '@skein/protocol';

/** More than any log in these tests. */
export const ALL: LogReadLimits = { changesMax: 1_000_000, bytesMax: 64 * 1024 * 1024 };

/** Waits for a refusal with this code, and answers it. */
export async function refused(code: ErrorCode, promise: Promise<unknown>): Promise<SkeinError> {
  const error: unknown = await promise.then(
    () => assert.fail(`was not refused with ${code}`),
    (thrown: unknown) => thrown,
  );
  if (!isSkeinError(error, code)) throw new Error(`was not refused with ${code}`, { cause: error });
  return error;
}

export async function valueOf(store: Store, collection: string, key: string): Promise<JsonValue | undefined> {
  return (await store.documents.get(collection, key))?.value;
}

export async function keysOf(store: Store, collection: string, options: ScanOptions = {}): Promise<readonly string[]> {
  return (await store.documents.scan(collection, options)).documents.map(({ key }) => key);
}

/** The documents of a collection as `key@version=value`. */
export async function listOf(store: Pick<Store, 'documents'>, collection: string): Promise<readonly string[]> {
  const list: string[] = [];
  for await (const { key, version, valueBytes } of store.documents.iterate(collection)) {
    list.push(`${key}@${version}=${valueBytes.toString()}`);
  }
  return list;
}

/** Every record a store keeps. */
export async function recordsOf(store: Store): Promise<readonly RecordView[]> {
  const records: RecordView[] = [];
  for (let after = store.facts.tail - 1; after < store.facts.head.offset; after = records.at(-1)!.offsetLast) {
    records.push(...(await store.readLog(after, ALL)).records);
  }
  return records;
}

export function changesIn(records: readonly RecordView[]): readonly Change[] {
  return records.flatMap((record) => {
    const lines = new TextDecoder().decode(recordLines(record)).split('\n');
    return lines.slice(0, -1).map(parseLine);
  });
}

export async function changesOf(store: Store): Promise<readonly Change[]> {
  return changesIn(await recordsOf(store));
}

/** What stands in a database under keys of one kind (see core's layout), as hex. */
export async function entriesOf(level: Level, kind: string): Promise<readonly string[]> {
  const entries: string[] = [];
  for await (const [key, value] of level.iterator(rangeOf(kind)))
    entries.push(`${key.toString('hex')}=${value.toString('hex')}`);
  return entries;
}

/** The keys of one kind. */
export function rangeOf(kind: string): { readonly gte: Buffer; readonly lt: Buffer } {
  return { gte: Buffer.from(kind), lt: Buffer.of(kind.charCodeAt(0) + 1) };
}

/** A follower takes what it lacks of its leader's log, as it would arrive: in pages of whole records. */
export async function follow(leader: Store, follower: Store, limits: LogReadLimits = ALL): Promise<void> {
  const { log } = leader.facts.identity;
  while (follower.facts.head.offset < leader.facts.head.offset) {
    const { records } = await leader.readLog(follower.facts.head.offset, limits);
    await follower.apply(log!, overTheWire(records));
  }
}

/** Records as a follower gets them: views into one page. */
export function overTheWire(records: readonly RecordView[]): readonly RecordView[] {
  return parseRecords(Buffer.concat(records.map(({ bytes }) => bytes)));
}

/** Waits for what happens by itself, without the clock. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
