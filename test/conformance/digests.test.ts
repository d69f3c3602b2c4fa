/*
 * Comparing two nodes by their digests, in this process and through the route: what is found, and how little is sent.
 */
import { Store, systemClock, type Digest, type Level } from '@skein/core';
import { Comparison, fetchDigest, type AskJson } from '@skein/http';
import { Leader } from '@skein/leader';
import { EVERYWHERE, formatPlace, type DigestBy } from '@skein/protocol';
import type { Difference } from '@skein/replication';
import { aloneWith, createMemoryLevel } from '@skein/testing';
import { afterEach, describe, expect, it } from 'vitest';

const DOCUMENTS = 30_000;
const RETENTION = { changesMin: 1e9, bytesMax: 1e9, silenceMsMax: 1e9 };
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

class TestNode {
  readonly level: Level;
  readonly store: Store;
  readonly #leader: Leader;

  static async of(documents: number, value = (i: number) => `${i}`): Promise<TestNode> {
    const { level } = await createMemoryLevel();
    const node = new TestNode(level, await Store.open({ level, role: 'leader', node: 'n', clock: systemClock }));
    const puts = Array.from({ length: documents }, (_, i) => i).map(
      (i) => ({ op: 'put', collection: i % 3 === 0 ? 'a' : 'ab', key: `k ${i}/é`, valueText: value(i) }) as const,
    );
    if (documents > 0) await node.store.load(puts);
    return node;
  }

  private constructor(level: Level, store: Store) {
    this.level = level;
    this.store = store;
    this.#leader = new Leader({
      store,
      membership: aloneWith(store),
      clock: systemClock,
      random: () => 0.5,
      version: 'test',
      retention: RETENTION,
    });
    closers.push(async () => {
      await this.#leader.stop();
      await store.close();
    });
  }

  // Any JSON, as the client of the other suites gives it: each test says what it expects of it.
  async get(path: string): Promise<{ readonly status: number; readonly headers: any; readonly json: any }> {
    const { statusCode, headers, body } = await this.#leader.server.app.inject(path);
    return { status: statusCode, headers, json: JSON.parse(body) as unknown };
  }

  ask: AskJson = async (path) => {
    const { status, json } = await this.get(path);
    expect([status, json.code]).toStrictEqual([200, undefined]);
    return json;
  };

  async digest(by: DigestBy = 'value'): Promise<Digest> {
    const snapshot = await this.store.snapshot();
    closers.push(() => snapshot.close());
    return this.store.digests.at(snapshot, by);
  }
}

async function collect(comparison: Comparison): Promise<readonly Difference[]> {
  const found: Difference[] = [];
  for await (const difference of comparison.differences()) found.push(difference);
  return found;
}

const named = (differences: readonly Difference[]) =>
  differences.map(({ collection, key, mine, theirs }) => [
    `${collection}/${key}`,
    mine === null ? 'missing' : theirs === null ? 'extra' : 'differs',
  ]);

describe('a comparison of two nodes', () => {
  it('names exactly the documents that differ, and has little else sent', async () => {
    const [mine, theirs] = [await TestNode.of(DOCUMENTS), await TestNode.of(DOCUMENTS)];
    await theirs.store.collection('ab').put('k 1000/é', 'other');
    await theirs.store.collection('a').put('added', 1);
    await theirs.store.collection('ab').delete('k 20000/é');
    const comparison = new Comparison(await mine.digest(), await fetchDigest(theirs.ask, 'value'));
    expect(comparison.isEqual).toBe(false);
    expect(named(await collect(comparison))).toStrictEqual([
      ['a/added', 'missing'],
      ['ab/k 1000/é', 'differs'],
      ['ab/k 20000/é', 'extra'],
    ]);
    const { documents, hashes } = comparison.cost;
    expect(documents).toBeLessThan(DOCUMENTS / 4);
    expect(hashes).toBeLessThan(DOCUMENTS / 50);
  });

  it('has nothing sent but the roots when they are equal', async () => {
    const [mine, theirs] = [await TestNode.of(300), await TestNode.of(300)];
    const comparison = new Comparison(await mine.digest(), await fetchDigest(theirs.ask, 'value'));
    expect([comparison.isEqual, await collect(comparison)]).toStrictEqual([true, []]);
    expect(comparison.cost).toStrictEqual({ requests: 0, hashes: 0, documents: 0 });
  });

  it('goes through everything in order when one side has nothing, page by page', async () => {
    const [full, empty] = [await TestNode.of(DOCUMENTS), await TestNode.of(0)];
    const found = await collect(new Comparison(await fetchDigest(full.ask, 'value'), await empty.digest()));
    const { entries } = await (await full.digest()).documents(EVERYWHERE);
    expect(entries).toHaveLength(5000);
    expect(found.slice(0, 5000).map(({ key }) => key)).toStrictEqual(entries.map(({ key }) => key));
    expect(new Set(found.map(({ collection, key }) => formatPlace(collection, key))).size).toBe(DOCUMENTS);
    expect(found.every(({ theirs }) => theirs === null)).toBe(true);
  });

  it('finds everything when every document is another', async () => {
    const [mine, theirs] = [await TestNode.of(DOCUMENTS), await TestNode.of(DOCUMENTS, (i) => `${i + 1}`)];
    const found = await collect(
      new Comparison(await fetchDigest(mine.ask, 'value'), await fetchDigest(theirs.ask, 'value')),
    );
    expect(found).toHaveLength(DOCUMENTS);
  });
});

describe('GET /v1/digest', () => {
  it('does its work once for a wall of requests', async () => {
    const node = await TestNode.of(DOCUMENTS);
    const answers = await Promise.all(Array.from({ length: 50 }, () => node.get('/v1/digest')));
    expect(new Set(answers.map(({ json }) => JSON.stringify(json))).size).toBe(1);
    expect(answers[0]).toMatchObject({
      status: 200,
      headers: { 'cache-control': 'no-store' },
      json: { documents: DOCUMENTS, by: 'version', hash: expect.stringMatching(/^[0-9a-f]{32}$/) },
    });
    expect(node.store.digests.documentsRead).toBe(DOCUMENTS);
  });

  it('answers as of a position for as long as it is held, while the store goes on', async () => {
    const node = await TestNode.of(2000);
    const { json: root } = await node.get('/v1/digest');
    const at = `at=${root.position}`;
    const before = await node.get(`/v1/digest?${at}&level=leaves`);
    await node.store.collection('ab').put('k 1/é', 'other');
    expect((await node.get(`/v1/digest?${at}&level=leaves`)).json).toStrictEqual(before.json);
    const { json } = await node.get(`/v1/digest?${at}&level=documents&from=ab/k%201/%C3%A9&to=ab/k%2010/%C3%A9`);
    expect(json).toMatchObject({ position: root.position, entries: [{ collection: 'ab', key: 'k 1/é' }] });
    expect(json.entries[0].version).toMatch(/^2\./);
  });

  it('pages what is too much at once', async () => {
    const node = await TestNode.of(6000);
    const { json: root } = await node.get('/v1/digest?by=value');
    const path = `/v1/digest?by=value&at=${root.position}&level=documents`;
    const first = (await node.get(path)).json;
    const second = (await node.get(`${path}&from=${encodeURIComponent(first.next)}`)).json;
    expect([first.entries.length, second.entries.length, second.next]).toStrictEqual([5000, 1000, undefined]);
    expect(formatPlace(second.entries[0].collection, second.entries[0].key)).toBe(first.next);
  });

  it('pins a position that is not before the one given, and answers its root', async () => {
    const node = await TestNode.of(3);
    const { json: pinned } = await node.get('/v1/digest?min=0');
    expect(Object.keys(pinned)).toStrictEqual(['log', 'epoch', 'position']);
    expect((await node.get(`/v1/digest?at=${pinned.position}`)).json).toStrictEqual(
      (await node.get('/v1/digest')).json,
    );
  });

  it.each([
    ['an unknown parameter', 'bogus=1', 400, 'bad_query'],
    ['an unknown level', 'at=0&level=twigs', 400, 'bad_query'],
    ['another kind of hash', 'by=name', 400, 'bad_query'],
    ['a level without a position', 'level=leaves', 400, 'bad_query'],
    ['a position to pin and one that is pinned', 'at=0&min=0', 400, 'bad_query'],
    ['a position to pin that is none', 'min=x', 400, 'bad_position'],
    ['a position to pin that is above the head', 'min=9.1-00000000.0000000000000000', 409, 'ahead'],
    ['a range of the root', 'from=c/k', 400, 'bad_query'],
    ['a parameter given twice', 'at=0&at=0&level=leaves', 400, 'bad_query'],
    ['a place without a key', 'at=0&level=leaves&from=c', 400, 'bad_query'],
    ['a key that is none', 'at=0&level=leaves&from=c/', 400, 'bad_key'],
    ['a collection that is none', 'at=0&level=leaves&to=%20/k', 400, 'bad_collection'],
    ['what is no position', 'at=x&level=leaves', 400, 'bad_position'],
    ['a position that is not held', 'at=1.1-00000000.0000000000000000&level=leaves', 410, 'snapshot_gone'],
  ])('refuses %s', async (_, query, status, code) => {
    const node = await TestNode.of(3);
    const { status: answered, json } = await node.get(`/v1/digest?${query}`);
    expect([answered, json.code]).toStrictEqual([status, code]);
  });
});
