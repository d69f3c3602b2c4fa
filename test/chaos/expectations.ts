import { classicLevel, Store } from '@skein/core';
import { makeVersion, type Change, type Role } from '@skein/protocol';
import { readDocuments, readFeed, readRecords, type NodeProcess } from '@skein/testing';
import { expect } from 'vitest';

/** Every node holds the records of the first, byte for byte, and the documents these records make. Answers the feed. */
export async function expectSameEverywhere(nodes: readonly NodeProcess[]): Promise<readonly Change[]> {
  const [first] = nodes;
  const { changes } = await readFeed(first!.client);
  const epoch = String((await first!.status()).epoch);
  const records = await bytesOf(first!);
  const documents = documentsOf(changes, epoch);
  for (const node of nodes) {
    await node.caughtUpWith(first!, { timeoutMs: 40_000 });
    expect((await bytesOf(node)).equals(records)).toBe(true);
    expect(await readDocuments(node.client)).toStrictEqual(documents);
  }
  return changes;
}

async function bytesOf({ client }: NodeProcess): Promise<Buffer> {
  return Buffer.concat((await readRecords(client)).map(({ bytes }) => bytes));
}

/** What a node that holds these changes must send, collection by collection. */
function documentsOf(changes: readonly Change[], epoch: string): ReadonlyMap<string, string> {
  const collections = new Map<string, Map<string, string>>();
  for (const { offset, collection, key, op, value } of changes) {
    const documents = collections.get(collection) ?? new Map<string, string>();
    collections.set(collection, documents);
    if (op === 'delete') documents.delete(key);
    else documents.set(key, JSON.stringify({ key, version: makeVersion(offset, epoch), value }));
  }
  const texts = new Map<string, string>();
  for (const name of [...collections.keys()].toSorted()) {
    // Keys in these tests are ASCII, so their order as text is that of their bytes.
    const lines = [...collections.get(name)!].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => `${line}\n`);
    if (lines.length > 0) texts.set(name, lines.join(''));
  }
  return texts;
}

/** Stops a node and reads everything it has: each document and record is what was written, and they agree. */
export async function expectSound(node: NodeProcess, role: Role): Promise<void> {
  if (node.isRunning) expect((await node.stop()).exitCode).toBe(0);
  const store = await Store.open({ level: classicLevel(await node.database()), role, node: undefined });
  try {
    expect((await store.scrub()).problems).toStrictEqual([]);
  } finally {
    await store.close();
  }
}
