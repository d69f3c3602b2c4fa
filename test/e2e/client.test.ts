/*
 * The client against real nodes: what it writes is written once, and what it has written it reads, whichever node answers and
 * whatever happens on the way.
 */
import { randomBytes } from 'node:crypto';
import { connect, isSkeinError, type Database, type SkeinError } from '@skein/client';
import { Cluster, type NodeProcess } from '@skein/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

interface Order {
  readonly total: number;
  readonly paid?: boolean;
}

const keys = (documents: readonly { readonly key: string }[]): readonly string[] => documents.map(({ key }) => key);

async function refusal(asked: Promise<unknown>): Promise<SkeinError> {
  const error: unknown = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isSkeinError(error)) throw new Error('it was not refused', { cause: error });
  return error;
}

describe('a leader and a follower as one database', () => {
  const cluster = new Cluster();
  let leader: NodeProcess;
  let follower: NodeProcess;
  /** Through the follower: its writes are passed on. */
  let db: Database;
  beforeAll(async () => {
    leader = await cluster.leader();
    follower = await cluster.follower(leader);
    db = connect([follower.url, leader.url]);
  });
  afterAll(() => cluster.close());

  it('puts, patches, gets and deletes documents', async () => {
    const orders = db.collection<Order>('crud');
    const put = await orders.put('o-1', { total: 42 });
    expect(put).toMatchObject({ key: 'o-1', created: true, position: db.position });
    expect(await orders.get('o-1')).toStrictEqual({ key: 'o-1', version: put.version, value: { total: 42 } });
    expect((await orders.patch('o-1', { paid: true })).created).toBe(false);
    expect((await orders.get('o-1'))?.value).toStrictEqual({ total: 42, paid: true });
    await orders.patch('o-1', { paid: null });
    expect((await orders.get('o-1'))?.value).toStrictEqual({ total: 42 });
    expect((await orders.delete('o-1'))?.key).toBe('o-1');
    expect([await orders.get('o-1'), await orders.delete('o-1')]).toStrictEqual([null, null]);
  });

  it('keeps keys and values as they are', async () => {
    const things = db.collection('things');
    for (const key of ['a/b?c=d&e#f', 'ä ö\n"%41', '...', '$', "o'neil", '漢字', '😀'.repeat(256)]) {
      await things.put(key, key);
      expect((await things.get(key))?.value).toBe(key);
      await things.delete(key);
    }
    for (const value of [null, 0, '', false, [], { a: [{}] }]) {
      await things.put('v', value);
      expect((await things.get('v'))?.value).toStrictEqual(value);
    }
  });

  it('refuses what is no name before it is on its way, and what JSON would change', async () => {
    const { position } = await leader.status();
    const things = db.collection('things');
    for (const key of ['', '.', '..', '\uD800'])
      expect(await refusal(things.put(key, 1))).toMatchObject({ code: 'bad_key', status: null });
    expect(() => db.collection('..')).toThrow('bad_collection');
    expect(() => db.collection('a/b')).toThrow('bad_collection');
    for (const value of [Number.NaN, [Infinity], { a: { b: -Infinity } }, undefined, () => 1, 1n])
      await expect(things.put('k', value)).rejects.toThrow(TypeError);
    expect(await refusal(things.put('a'.repeat(1025), 1))).toMatchObject({ code: 'bad_key', status: 400 });
    expect((await leader.status()).position).toBe(position);
  });

  it('writes under conditions', async () => {
    const orders = db.collection<Order>('conditions');
    const first = await orders.put('o-1', { total: 1 }, { ifVersion: null });
    const clash = await refusal(orders.put('o-1', { total: 2 }, { ifVersion: null }));
    expect(clash).toMatchObject({ code: 'precondition_failed', status: 412, retry: 'never', isOutcomeUnknown: false });
    expect(clash.problem['version']).toBe(first.version);
    expect(clash.message).toBe(`precondition_failed: the document is at version ${first.version}`);
    await orders.patch('o-1', { paid: true }, { ifVersion: first.version });
    expect((await refusal(orders.delete('o-1', { ifVersion: first.version }))).code).toBe('precondition_failed');
  });

  it('changes what is there, however many do so at once', async () => {
    const orders = db.collection<Order>('updates');
    const others = Array.from({ length: 5 }, () => connect([leader.url]).collection<Order>('updates'));
    const add = (collection: typeof orders) => collection.update('o', (order) => ({ total: (order?.total ?? 0) + 1 }));
    await Promise.all([orders, ...others].flatMap((collection) => [add(collection), add(collection)]));
    await orders.update('o', (order) => ({ ...order!, paid: true }));
    expect((await orders.get('o'))?.value).toStrictEqual({ total: 12, paid: true });
    expect(await orders.update('o', () => undefined)).toBeNull();
  });

  it('increments, decrements, appends and prepends', async () => {
    const counters = db.collection<number>('counters');
    expect((await counters.increment('n', 5)).value).toBe(5);
    expect((await counters.increment('n')).value).toBe(6);
    expect((await counters.decrement('n', 2)).value).toBe(4);
    const notes = db.collection<string>('notes');
    await notes.append('n', 'world');
    expect(await notes.prepend('n', 'hello ')).toMatchObject({ value: 'hello world', created: false });
    expect((await refusal(counters.append('n', 'x'))).code).toBe('wrong_type');
  });

  it('does all of a transaction or nothing', async () => {
    const orders = db.collection<Order>('tx');
    const counters = db.collection<number>('tx-counters');
    const { results, position } = await db
      .transaction()
      .put(orders, 'o-1', { total: 1 }, { ifVersion: null })
      .patch(orders, 'o-1', { paid: true })
      .increment(counters, 'orders')
      .decrement(counters, 'orders', 3)
      .append(db.collection('tx-notes'), 'n', 'b')
      .prepend(db.collection('tx-notes'), 'n', 'a')
      .commit();
    expect(results.map(({ collection, key }) => `${collection}/${key}`)).toStrictEqual([
      'tx/o-1',
      'tx/o-1',
      'tx-counters/orders',
      'tx-counters/orders',
      'tx-notes/n',
      'tx-notes/n',
    ]);
    expect(position).toBe(db.position);
    expect((await counters.get('orders'))?.value).toBe(-2);
    const refused = await refusal(
      db.transaction([
        { op: 'delete', collection: 'tx', key: 'o-1' },
        { op: 'put', collection: 'tx-counters', key: 'orders', value: 1, ifVersion: null },
      ]),
    );
    expect([refused.code, refused.problem['operation']]).toStrictEqual(['precondition_failed', 1]);
    expect((await orders.get('o-1'))?.value).toStrictEqual({ total: 1, paid: true });
  });

  it('loads what an iterable gives in groups, and reads all of it', async () => {
    const items = db.collection<{ readonly n: number }>('items');
    const progress: number[] = [];
    async function* source() {
      for (let n = 0; n < 2500; n++) yield { key: `k-${String(n).padStart(4, '0')}`, value: { n } };
    }
    const loaded = await items.load(source(), { onProgress: ({ count }) => progress.push(count) });
    expect([loaded.count, loaded.position, progress]).toStrictEqual([2500, db.position, [1000, 2000, 2500]]);
    const all: number[] = [];
    for await (const { value } of items.documents()) all.push(value.n);
    expect(all).toStrictEqual(Array.from({ length: 2500 }, (_, n) => n));
    const some: string[] = [];
    for await (const { key } of items.documents({ prefix: 'k-24', after: 'k-2402', reverse: true })) some.push(key);
    expect(some).toStrictEqual(['k-2401', 'k-2400']);
    expect(await items.load([])).toStrictEqual({ count: 0, position: '0' });
    expect((await db.collections()).find(({ name }) => name === 'items')?.documents).toBe(2500);
  });

  it('says how far a load came that is refused', async () => {
    const items = db.collection('half');
    const lines = Array.from({ length: 1500 }, (_, n) => ({ key: n === 1200 ? 'x'.repeat(2000) : `k-${n}`, value: n }));
    const error = await refusal(items.load(lines));
    expect([error.code, error.problem['count'], error.problem['position']]).toStrictEqual([
      'bad_key',
      1000,
      expect.stringMatching(/^\d+\./),
    ]);
    expect((await db.collections()).find(({ name }) => name === 'half')?.documents).toBe(1000);
  });

  it('lists pages in the order of keys', async () => {
    const pages = db.collection<number>('pages');
    await pages.load(['a-1', 'a-2', 'a-3', 'b-1'].map((key, value) => ({ key, value })));
    const first = await pages.list({ limit: 2, prefix: 'a' });
    expect([keys(first.documents), first.next]).toStrictEqual([['a-1', 'a-2'], 'a-2']);
    const second = await pages.list({ limit: 2, prefix: 'a', after: first.next! });
    expect([keys(second.documents), second.next]).toStrictEqual([['a-3'], null]);
    expect(keys((await pages.list({ reverse: true })).documents)).toStrictEqual(['b-1', 'a-3', 'a-2', 'a-1']);
    expect(keys((await pages.list({ from: 'a-2', to: 'b' })).documents)).toStrictEqual(['a-2', 'a-3']);
    expect((await refusal(pages.list({ limit: 0 }))).code).toBe('bad_query');
  });

  it('holds a collection to its definition, and finds documents by an index', async () => {
    const people = db.collection<{ readonly name: string; readonly age: number }>('people');
    await people.put('p-0', { name: 'zoe', age: 1.5 });
    const definition = {
      schema: { required: ['name', 'age'], properties: { age: { type: 'integer' } } },
      indexes: [{ name: 'by-name', fields: ['name', 'age'], unique: true }],
    };
    expect(await db.definitions.check('people', definition)).toMatchObject({ documents: 1, broken: 1 });
    expect((await refusal(db.definitions.put('people', definition, { strict: true }))).code).toBe('definition_broken');
    expect(await db.definitions.get('people')).toBeNull();
    const { version } = await db.definitions.put('people', definition, { ifVersion: null });
    expect(await db.definitions.get('people')).toStrictEqual({ collection: 'people', version, definition });
    expect((await db.definitions.list()).map(({ collection }) => collection)).toStrictEqual(['people']);

    const invalid = await refusal(people.put('p', { name: 'a', age: 0.5 }));
    expect([invalid.code, invalid.problem['violations']]).toMatchObject(['invalid_document', [{ path: '/age' }]]);
    await people.load(['ann', 'bob', 'bob', 'cid'].map((name, age) => ({ key: `p-${age + 1}`, value: { name, age } })));
    expect((await refusal(people.put('p-9', { name: 'bob', age: 2 }))).code).toBe('not_unique');

    const bobs = await people.query({ index: 'by-name', prefix: ['bob'], reverse: true, limit: 1 });
    expect(keys(bobs.documents)).toStrictEqual(['p-3']);
    const next = await people.query({ index: 'by-name', prefix: ['bob'], reverse: true, after: bobs.next! });
    expect([keys(next.documents), next.next]).toStrictEqual([['p-2'], null]);
    const all: string[] = [];
    for await (const { key } of people.documents({ index: 'by-name', from: ['ann', 0], to: ['cid'], limit: 2 }))
      all.push(key);
    expect(all).toStrictEqual(['p-1', 'p-2', 'p-3']);
    expect((await refusal(people.query({ index: 'by-age' }))).code).toBe('unknown_index');

    expect((await db.definitions.delete('people', { ifVersion: version }))?.key).toBe('people');
    expect(await db.definitions.delete('people')).toBeNull();
  });

  it('waits for a document to be another', async () => {
    const jobs = db.collection<string>('jobs');
    const made = jobs.waitFor('j', { after: null });
    await connect(leader.url).collection('jobs').put('j', 'new');
    const job = (await made)!;
    expect(job.value).toBe('new');
    expect((await refusal(jobs.waitFor('j', { after: job.version, forSeconds: 0 }))).code).toBe('timeout');
    const gone = jobs.waitFor('j', { after: job.version });
    await connect(leader.url).collection('jobs').delete('j');
    expect(await gone).toBeNull();
  });

  it('tells how the node is that answers', async () => {
    expect(await db.status()).toMatchObject({ role: 'follower', position: expect.stringMatching(/^\d+\./) });
    expect((await connect(`${leader.url}/`).status()).role).toBe('leader');
  });

  it('gives up with the reason of a signal', async () => {
    const reason = new Error('the page was left');
    const waits = new AbortController();
    const waiting = db.collection('none').waitFor('k', { after: null, signal: waits.signal });
    const reading = connect(follower.url, { position: '999999.9-zzzzzzzz.0000000000000000' })
      .collection('none')
      .get('k', { signal: waits.signal });
    const changes = db.changes({ since: 'now', signal: waits.signal });
    expect((await changes.next()).value).toMatchObject({ kind: 'position', isLive: true });
    const next = changes.next();
    waits.abort(reason);
    for (const each of [waiting, reading, next]) await expect(each).rejects.toBe(reason);
    await expect(db.collection('none').put('k', 1, { signal: waits.signal })).rejects.toBe(reason);
    expect((await leader.client.get('/v1/collections/none/k')).status).toBe(404);
  });

  it('is told at once, and with its code, what no other node would do otherwise', async () => {
    const error = await refusal(db.collection('$epochs').put('1', {}));
    expect(error).toMatchObject({ name: 'SkeinError', code: 'reserved_collection', status: 400, url: follower.url });
    expect([isSkeinError(error, 'bad_key'), isSkeinError(error, 'reserved_collection')]).toStrictEqual([false, true]);
  });
});

describe('a session', () => {
  const cluster = new Cluster();
  afterAll(() => cluster.close());

  it('reads what it has written, and what it is told of, from a follower that is behind', async () => {
    const leader = await cluster.leader();
    // It asks for changes seldom: without a position its answers would be old.
    const follower = await cluster.follower(leader, { 'poll-interval': '500ms' });
    await follower.caughtUpWith(leader);
    const writer = connect(leader.url);
    await writer.collection('c').put('k', 'first');
    const reader = connect(follower.url, { position: writer.position });
    expect((await reader.collection('c').get('k'))?.value).toBe('first');
    await writer.collection('c').put('k', 'second');
    reader.observe(writer.position);
    expect((await reader.collection('c').get('k'))?.value).toBe('second');
    // By its own writes, through the follower.
    await reader.collection('c').put('k', 'third');
    expect(keys((await reader.collection('c').list()).documents)).toStrictEqual(['k']);
    expect((await reader.collection('c').get('k'))?.value).toBe('third');
    const { version } = await writer.collection('c').put('k', 'fourth');
    const stranger = reader.session();
    // What it had before is another version, too, and is not waited for.
    expect((await refusal(stranger.collection('c').waitFor('k', { after: version, forSeconds: 0 }))).code).toBe(
      'timeout',
    );
    await writer.collection('c').put('k', 'fifth');
    expect((await stranger.collection('c').get('k', { maxStalenessSeconds: 0 }))?.value).toBe('fifth');
    expect(() => reader.observe('1')).toThrow("'1' is not a position");
  });

  it('asks another node when one does not come as far in time', async () => {
    const leader = await cluster.leader();
    const follower = await cluster.follower(leader, { 'poll-interval': '1h' });
    const db = connect([follower.url, leader.url]);
    await db.collection('c').put('k', 1);
    expect((await db.collection('c').get('k', { waitSeconds: 0 }))?.value).toBe(1);
    const alone = connect(follower.url, { position: db.position, giveUpAfterMs: 0, timeoutMs: 1000 });
    expect((await refusal(alone.collection('c').get('k', { waitSeconds: 0 }))).code).toBe('wait_timeout');
  });
});

describe('a write', () => {
  let cluster = new Cluster();
  afterEach(async () => {
    await cluster.close();
    cluster = new Cluster();
  });

  it('whose answer is lost is done once', async () => {
    const leader = await cluster.leader();
    const proxy = await cluster.proxy(leader);
    const db = connect(proxy.url);
    for (let count = 1; count <= 5; count++) {
      proxy.set({ kind: 'cut', afterBytes: count * 40 });
      expect((await db.collection('counters').increment('n')).value).toBe(count);
    }
    expect(proxy.happened).toBe(5);
    proxy.set({ kind: 'cut', afterBytes: 1 });
    await db.collection('items').load([{ key: 'a', value: 1 }]);
    expect((await leader.status()).head.offset).toBe(6);
  });

  it('that cannot be said to have been done says so, and can be sent again later', async () => {
    const leader = await cluster.leader();
    const proxy = await cluster.proxy(leader);
    const db = connect(proxy.url, { giveUpAfterMs: 0 });
    proxy.set({ kind: 'cut', afterBytes: 1 });
    const error = await refusal(db.collection('counters').increment('n'));
    expect(error).toMatchObject({ code: 'unreachable', isOutcomeUnknown: true, retry: 'later', status: null });
    const { idempotencyKey } = error;
    const again = await db.collection('counters').increment('n', 1, { idempotencyKey: idempotencyKey! });
    expect(again.value).toBe(1);
    proxy.set({ kind: 'refuse' });
    expect((await refusal(db.collection('counters').get('n'))).isOutcomeUnknown).toBe(false);
    proxy.set({ kind: 'blackhole' });
    expect((await refusal(db.session().collection('counters').get('n', { timeoutMs: 200 }))).code).toBe('timeout');
  });

  it('goes to the leader through any node of the set, and to no address that the program has not named', async () => {
    const leader = await cluster.leader();
    const follower = await cluster.follower(leader, { 'forward-writes': 'off' });
    await follower.ready();
    const db = connect([follower.url, leader.url]);
    await db.collection('c').put('k', 1);
    expect((await db.collection('c').get('k'))?.value).toBe(1);
    expect((await db.status()).role).toBe('follower');
    const error = await refusal(connect(follower.url, { giveUpAfterMs: 0 }).collection('c').put('k', 2));
    expect([error.code, error.problem['leader']]).toStrictEqual(['not_leader', leader.url]);
    expect((await db.collection('c').get('k'))?.value).toBe(1);
  });

  it('waits for a leader that is started again', async () => {
    const leader = await cluster.leader();
    const db = connect(leader.url);
    await db.collection('c').put('k', 1);
    await leader.kill();
    const writing = db.collection('c').put('k', 2);
    await leader.start();
    await writing;
    expect((await db.collection('c').get('k'))?.value).toBe(2);
  });
});

describe('documents in a stream', () => {
  const cluster = new Cluster();
  afterAll(() => cluster.close());

  it('that is cut off go on behind the last one', async () => {
    const leader = await cluster.leader();
    const proxy = await cluster.proxy(leader);
    const db = connect(proxy.url);
    const count = 3000;
    // Of what can be compressed, too little would go over the wire.
    const filler = () => randomBytes(400).toString('base64');
    await db
      .collection('c')
      .load(Array.from({ length: count }, (_, n) => ({ key: `k-${10_000 + n}`, value: filler() })));
    proxy.set({ kind: 'cut', afterBytes: 400_000 });
    const seen: string[] = [];
    for await (const { key } of db.collection('c').documents()) {
      seen.push(key);
      if (seen.length === count / 2) proxy.set({ kind: 'cut', afterBytes: 1 });
    }
    expect(proxy.happened).toBeGreaterThan(0);
    expect(seen).toStrictEqual(Array.from({ length: count }, (_, n) => `k-${10_000 + n}`));
  });
});
