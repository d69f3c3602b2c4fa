import { randomBytes } from 'node:crypto';
import { cp, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { servedPath } from '@skein/core';
import { Cluster, readDocuments, runSkein, until, type NodeProcess } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/*
 * LevelDB hands out flipped bits of its tables without a word, and skips a damaged block of its log. Here one bit of one
 * document's value is flipped, in each place of the files where it stands: in the stored document, and in the record.
 */
/** No part of it occurs twice, so that it stands in compressed tables as it is. */
const MARKER = 'αβγδεζηθικλμνξοπρστυφχψω';

const cluster = new Cluster();
let leader: NodeProcess;
let follower: NodeProcess;

/**
 * Enough after the marked document, and little enough room in memory, for it to have been written to tables; and its key
 * before the others, so that it and its record are not in one block, where the second would be a reference to the first.
 */
beforeAll(async () => {
  leader = await cluster.leader({ 'write-buffer': '64KiB' });
  follower = await cluster.follower(leader, { 'write-buffer': '64KiB' });
  await leader.client.put('/v1/collections/docs/before', 1);
  await leader.client.put('/v1/collections/docs/a-marked', MARKER);
  for (let i = 0; i < 60; i++) {
    const documents = Array.from({ length: 10 }, (_, j) => ({
      key: `k-${i}-${j}`,
      value: randomBytes(200).toString('base64url'),
    }));
    await leader.client.load('docs', documents);
  }
  await follower.caughtUpWith(leader);
  await follower.stop();
  await leader.stop();
});
afterAll(() => cluster.close());

interface Place {
  readonly file: string;
  readonly at: number;
}

/** Where a text stands in the files of a node's database. */
async function placesOf(text: string, node: NodeProcess, ending: string): Promise<readonly Place[]> {
  const directory = await node.database();
  const places: Place[] = [];
  for (const file of (await readdir(directory)).filter((name) => name.endsWith(ending))) {
    const bytes = await readFile(join(directory, file));
    for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1)) places.push({ file, at });
  }
  return places;
}

async function flip(data: string, { file, at }: Place): Promise<void> {
  const handle = await open(join(await servedPath(data), file), 'r+');
  try {
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at);
    buffer[0]! ^= 1;
    await handle.write(buffer, 0, 1, at);
  } finally {
    await handle.close();
  }
}

async function copyOf(node: NodeProcess, place: Place): Promise<string> {
  const copy = await cluster.directory();
  await cp(node.data, copy, { recursive: true });
  await flip(copy, place);
  return copy;
}

/** Finds the flipped document when it is read, says so, writes nothing more, and still serves what is sound. */
async function expectFoundAtRead({ client }: NodeProcess): Promise<void> {
  const read = await client.get('/v1/collections/docs/a-marked');
  expect([read.status, read.json.code]).toStrictEqual([500, 'corrupt']);
  expect(read.json).toMatchObject({ detail: 'document "a-marked" of docs fails its checksum', key: 'a-marked' });
  expect((await client.get('/v1/collections/docs')).status).toBe(500);
  const health = await client.get('/healthz');
  expect([health.status, health.json.error]).toStrictEqual([
    503,
    expect.stringMatching(/corrupt.*document "a-marked" of docs/),
  ]);
  expect((await client.get('/readyz')).status).toBe(503);
  expect((await client.get('/v1/collections/docs/before')).json).toBe(1);
}

/** Refuses to start: one sentence that says what is wrong and what to do. */
async function expectFoundAtOpen(data: string, what: RegExp): Promise<void> {
  const { exitCode, stdout, stderr } = await runSkein(['leader', '--data', data, '--port', '0']);
  expect([exitCode, stdout]).toStrictEqual([1, '']);
  expect(stderr).toMatch(/^skein: \S+ is corrupt \(.+\): keep a copy of it, and start with an empty directory$/);
  expect(stderr).toMatch(what);
}

describe('one bit flipped', () => {
  it('in the tables of a leader is found, wherever it is', async () => {
    const places = await placesOf(MARKER, leader, '.ldb');
    const found = { atOpen: 0, atRead: 0 };
    for (const place of places) {
      const data = await copyOf(leader, { ...place, at: place.at + 20 });
      const damaged = await cluster.leader({}, { data }).catch(() => undefined);
      if (damaged === undefined) {
        await expectFoundAtOpen(data, /record \d+–\d+ fails its hash/);
        found.atOpen++;
      } else {
        await expectFoundAtRead(damaged);
        const write = await damaged.client.put('/v1/collections/docs/more', 1);
        expect([write.status, write.json.code]).toStrictEqual([500, 'corrupt']);
        found.atRead++;
      }
    }
    expect(found.atOpen).toBeGreaterThan(0);
    expect(found.atRead).toBeGreaterThan(0);
    expect(found.atOpen + found.atRead).toBe(places.length);
  });

  it('in the tables of a follower is found, and mended from its leader', async () => {
    await leader.start();
    const documents = await readDocuments(leader.client);
    const places = await placesOf(MARKER, follower, '.ldb');
    const found = { atOpen: 0, atRead: 0 };
    for (const place of places) {
      const data = await copyOf(follower, { ...place, at: place.at + 20 });
      const damaged = await cluster.follower(leader, {}, { data });
      if (damaged.log.includes('was set aside')) {
        expect(await readdir(data)).toContain('set-aside');
        found.atOpen++;
      } else {
        const read = await damaged.client.get('/v1/collections/docs/a-marked');
        expect([read.status, read.json.code]).toStrictEqual([500, 'corrupt']);
        // At the head nothing comes round by itself.
        await leader.client.put('/v1/collections/docs/before', 1);
        await until('it is copied anew', () => damaged.log.includes('the copy is made and served'));
        found.atRead++;
      }
      await damaged.caughtUpWith(leader);
      await damaged.ready();
      expect((await damaged.client.get('/v1/collections/docs/a-marked')).json).toBe(MARKER);
      expect(new Set((await readDocuments(damaged.client)).keys())).toStrictEqual(new Set(documents.keys()));
      await damaged.stop();
    }
    await leader.stop();
    expect(found.atOpen).toBeGreaterThan(0);
    expect(found.atRead).toBeGreaterThan(0);
    expect(found.atOpen + found.atRead).toBe(places.length);
  });

  it('in a document while the node runs is found when it is read', async () => {
    for (const place of await placesOf(MARKER, leader, '.ldb')) {
      const data = await cluster.directory();
      await cp(leader.data, data, { recursive: true });
      const node = await cluster.leader({ cache: '0B' }, { data });
      await flip(data, { ...place, at: place.at + 20 });
      const read = await node.client.get('/v1/collections/docs/a-marked');
      if (read.status === 200) {
        // It was the record: whoever follows must not be given it.
        expect(read.json).toBe(MARKER);
        const feed = await node.client.get('/v1/changes?limit=5');
        expect([feed.status, feed.json.code]).toStrictEqual([500, 'corrupt']);
        expect((await node.client.get('/healthz')).status).toBe(503);
      } else {
        await expectFoundAtRead(node);
      }
    }
  });

  it("in LevelDB's own log is found as the hole it makes", async () => {
    const node = await cluster.leader();
    for (let i = 0; i < 300; i++)
      await node.client.put(`/v1/collections/docs/k-${i}`, randomBytes(200).toString('base64url'));
    await node.client.put('/v1/collections/docs/a-marked', MARKER);
    for (let i = 300; i < 600; i++)
      await node.client.put(`/v1/collections/docs/k-${i}`, randomBytes(200).toString('base64url'));
    await node.kill();
    for (const place of await placesOf(MARKER, node, '.log')) {
      const data = await copyOf(node, place);
      await expectFoundAtOpen(data, /the log has \d+ where \d+ belongs/);
    }
    expect((await placesOf(MARKER, node, '.log')).length).toBe(2);
  });
});
