/*
 * The changes of a database as the client gives them, through all that may happen to its nodes: none is passed over, none comes
 * twice, and what cannot be given any more is said.
 */
import { rm } from 'node:fs/promises';
import { connect, isSkeinError, type ChangeEvent, type Database } from '@skein/client';
import { Cluster, startMembers, until, type NodeProcess } from '@skein/testing';
import { afterEach, describe, expect, it } from 'vitest';

let cluster = new Cluster();
afterEach(async () => {
  await cluster.close();
  cluster = new Cluster();
});

type Options = Parameters<Database['changes']>[0];

/** Takes events until it is stopped, and keeps a copy as a program would that does what the events say. */
class Reader {
  readonly events: ChangeEvent[] = [];
  readonly documents = new Map<string, unknown>();
  position = '';
  isLive = false;
  error: unknown = undefined;
  readonly #stop = new AbortController();
  readonly ended: Promise<void>;

  constructor(db: Database, options: Options = {}) {
    this.ended = this.#read(db, options);
    cluster.atEnd(() => this.stop());
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }

  get offsets(): readonly number[] {
    return this.events.flatMap((event) => (event.kind === 'change' ? [event.change.offset] : []));
  }

  get kinds(): string {
    return this.events
      .map(({ kind }) => kind)
      .filter((kind, i, kinds) => kind !== kinds[i - 1])
      .join(' ');
  }

  has(key: string): Promise<unknown> {
    return until(`${key} is here`, () => this.documents.has(key) && this.isLive, { timeoutMs: 30_000 });
  }

  async #read(db: Database, options: Options): Promise<void> {
    try {
      for await (const event of db.changes({ ...options, signal: this.#stop.signal })) {
        this.events.push(event);
        if (event.kind === 'reset') this.documents.clear();
        if (event.kind === 'position') ({ position: this.position, isLive: this.isLive } = event);
        if (event.kind !== 'change') continue;
        const { op, key, value } = event.change;
        if (op === 'put') this.documents.set(key, value);
        else this.documents.delete(key);
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) this.error = error;
    }
  }
}

const upTo = (last: number, first = 1): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

async function write(node: NodeProcess, from: number, to: number): Promise<void> {
  for (let i = from; i <= to; i++) await node.client.put(`/v1/collections/c/k-${i}`, i);
}

describe('changes', () => {
  it('come in order from the beginning, then as they are made, and go on from a position that was kept', async () => {
    const leader = await cluster.leader();
    await write(leader, 1, 5);
    const reader = new Reader(connect(leader.url), { limit: 2 });
    await reader.has('k-5');
    await write(leader, 6, 7);
    await leader.client.delete('/v1/collections/c/k-1');
    await until('the delete is here', () => !reader.documents.has('k-1'));
    expect(reader.offsets).toStrictEqual(upTo(8));
    await until('its position is, too', () => reader.position.startsWith('8.'));
    await reader.stop();
    expect(reader.events.slice(0, 3)).toMatchObject([
      { kind: 'change', change: { offset: 1, collection: 'c', key: 'k-1', op: 'put', value: 1 } },
      { kind: 'change', change: { offset: 2 } },
      { kind: 'position', position: expect.stringMatching(/^2\./), isLive: false },
    ]);
    await write(leader, 9, 9);
    const again = new Reader(connect(leader.url), { since: reader.position });
    await again.has('k-9');
    expect(again.offsets).toStrictEqual([9]);
    const later = new Reader(connect(leader.url), { since: 7, prefix: 'k-', collections: ['c', 'd'] });
    await later.has('k-9');
    expect(later.offsets).toStrictEqual([8, 9]);
  });

  it('can be had of one collection, and its positions go on where nothing is of it', async () => {
    const leader = await cluster.leader();
    await write(leader, 1, 3);
    const db = connect(leader.url);
    const orders = db.collection<{ readonly total: number }>('orders');
    const events = orders.changes({ waitSeconds: 1 });
    expect((await events.next()).value).toMatchObject({ position: expect.stringMatching(/^3\./), isLive: true });
    await write(leader, 4, 4);
    expect((await events.next()).value).toMatchObject({ position: expect.stringMatching(/^4\./), isLive: true });
    await orders.put('o-1', { total: 1 });
    const event = (await events.next()).value!;
    expect(event.kind === 'change' && event.change.value?.total).toBe(1);
    await events.return(undefined);
  });

  it('from now on begin behind what the session has written, at a follower, too', async () => {
    const leader = await cluster.leader();
    const follower = await cluster.follower(leader, { 'poll-interval': '300ms' });
    await follower.ready();
    const db = connect(follower.url);
    const { position } = await db.collection('c').put('k', 1);
    const events = db.changes({ since: 'now' });
    expect((await events.next()).value).toStrictEqual({ kind: 'position', position, isLive: true });
    await events.return(undefined);
  });

  it('go on when the node is killed and started again, after saying that it is not there', async () => {
    const leader = await cluster.leader();
    await write(leader, 1, 3);
    const reader = new Reader(connect(leader.url));
    await reader.has('k-3');
    await leader.kill();
    await until('it is said to be away', () => reader.kinds.endsWith('offline'));
    await leader.start();
    await write(leader, 4, 5);
    await reader.has('k-5');
    expect([reader.offsets, reader.error]).toStrictEqual([upTo(5), undefined]);
    expect(reader.events.filter(({ kind }) => kind === 'offline')).toHaveLength(1);
    expect(reader.events.find((event) => event.kind === 'offline')?.error.code).toBe('unreachable');
  });

  it('go on from a follower when the leader is killed, and with the member that is promoted', async () => {
    const [a, b, c] = (await startMembers(cluster, { 'min-replicas': 1 })) as [NodeProcess, NodeProcess, NodeProcess];
    const db = connect([a.url, b.url, c.url]);
    const reader = new Reader(db, { collections: ['c'] });
    await write(a, 1, 5);
    await reader.has('k-5');
    await a.kill();
    expect((await b.client.post('/v1/admin/promote', {})).status).toBe(200);
    await db.collection('c').put('k-6', 6);
    await reader.has('k-6');
    await a.start();
    await until('it follows', async () => (await a.status()).leader?.url === b.url);
    await db.collection('c').put('k-7', 7);
    await reader.has('k-7');
    expect([...reader.documents.keys()]).toStrictEqual(upTo(7).map((i) => `k-${i}`));
    expect(new Set(reader.offsets).size).toBe(7);
    expect(reader.kinds).not.toContain('reset');
  }, 60_000);
});

describe('a reset', () => {
  it('is told when the log is trimmed, followed by all that is there and what is changed from then on', async () => {
    const leader = await cluster.leader({ 'retain-changes': 5 });
    await write(leader, 1, 3);
    const db = connect(leader.url);
    const reader = new Reader(db);
    await reader.has('k-3');
    await reader.stop();
    await leader.client.delete('/v1/collections/c/k-1');
    await write(leader, 5, 30);
    await leader.client.put('/v1/collections/d/other', 1);
    await until('it is trimmed', async () => (await leader.status()).tail > 5);
    const again = new Reader(db, { since: reader.position, collections: ['c'], limit: 7 });
    await again.has('k-30');
    expect(again.kinds).toBe('reset change position');
    expect(again.events[0]).toMatchObject({ kind: 'reset', code: 'compacted', since: reader.position, goesOn: true });
    await leader.client.delete('/v1/collections/c/k-2');
    await until('the delete is here', () => !again.documents.has('k-2'));
    expect([...again.documents.keys()].toSorted()).toStrictEqual(
      ['k-3', ...upTo(30, 5).map((i) => `k-${i}`)].toSorted(),
    );
    expect(again.position).toMatch(/^3[12]\./);
  });

  it('is told when none of the nodes has the log any more, and not while one has', async () => {
    const leader = await cluster.leader();
    await write(leader, 1, 5);
    const trimmed = await cluster.follower(leader, { 'retain-changes': 1 });
    await trimmed.caughtUpWith(leader);
    await until('it is trimmed', async () => (await trimmed.status()).tail === 5);
    const reader = new Reader(connect([trimmed.url, leader.url]), { since: 1 });
    await reader.has('k-5');
    expect([reader.kinds, reader.offsets]).toStrictEqual(['change position', upTo(5, 2)]);
  });

  it('goes on with the epoch of a member that was promoted with a loss, and what the session has lost is told once', async () => {
    const [a, b, c] = (await startMembers(cluster)) as [NodeProcess, NodeProcess, NodeProcess];
    const db = connect([a.url, b.url], { giveUpAfterMs: 60_000 });
    const documents = db.collection<number>('c');
    const reader = new Reader(db, { collections: ['c'] });
    const kept = await documents.put('k-1', 1);
    for (const node of [b, c]) await node.caughtUpWith(a);
    for (const node of [b, c]) await node.stop();
    const lost = await documents.put('k-2', 2);
    await reader.has('k-2');
    await a.kill();
    for (const node of [b, c]) await node.start();
    const [lucky, unlucky] = [db.session(kept.position), db.session(lost.position)];
    // It waits for a node that leads.
    const writing = documents.put('k-3', 3);
    expect((await b.client.post('/v1/admin/promote', { acceptLoss: true })).status).toBe(200);
    const { position } = await writing;
    await reader.has('k-3');
    expect([...reader.documents.keys()]).toStrictEqual(['k-1', 'k-3']);
    const reset = reader.events.find((event) => event.kind === 'reset');
    expect([reset, reader.error]).toMatchObject([{ code: 'diverged', goesOn: true }, undefined]);

    const told = await documents.get('k-1').catch((error: unknown) => error);
    expect(isSkeinError(told, 'write_lost') && told.problem['position']).toBe(lost.position);
    expect([(await documents.get('k-1'))?.value, await documents.get('k-2'), db.position]).toStrictEqual([
      1,
      null,
      position,
    ]);
    await expect(unlucky.collection('c').list()).rejects.toMatchObject({ code: 'write_lost', status: 412 });
    expect(await unlucky.collection('c').get('k-2')).toBeNull();
    lucky.observe(position);
    expect((await lucky.collection('c').get('k-1'))?.value).toBe(1);
  }, 60_000);

  it('ends the changes of a leader that has lost them, unless it was said to go on', async () => {
    const leader = await cluster.leader();
    await write(leader, 1, 5);
    const db = connect(leader.url);
    const [cautious, willing] = [new Reader(db), new Reader(db, { acceptReset: true })];
    for (const reader of [cautious, willing]) await reader.has('k-5');
    await leader.stop();
    await rm(leader.data, { recursive: true });
    await leader.start();
    await leader.client.put('/v1/collections/c/new', 1);
    await cautious.ended;
    expect(cautious.events.at(-1)).toMatchObject({ kind: 'reset', goesOn: false });
    expect(isSkeinError(cautious.error, 'other_log')).toBe(true);
    expect(cautious.documents.size).toBe(0);
    await willing.has('new');
    expect([...willing.documents.keys()]).toStrictEqual(['new']);
    expect(willing.events.find((event) => event.kind === 'reset')).toMatchObject({ code: 'other_log', goesOn: true });
  });

  it('is told again when the node goes away in the middle of what is there', async () => {
    const leader = await cluster.leader({ 'retain-changes': 5 });
    await write(leader, 1, 20);
    await until('it is trimmed', async () => (await leader.status()).tail > 5);
    const follower = await cluster.follower(leader, { 'retain-changes': 5 });
    await follower.caughtUpWith(leader);
    const documents = new Set<string>();
    let resets = 0;
    for await (const event of connect([leader.url, follower.url]).changes({ limit: 4 })) {
      if (event.kind === 'reset') documents.clear();
      if (event.kind === 'reset' && ++resets === 2) expect(event.code).toBe('snapshot_gone');
      if (event.kind === 'change') documents.add(event.change.key);
      if (leader.isRunning && documents.size === 4) {
        await write(leader, 21, 21);
        await follower.caughtUpWith(leader);
        await leader.kill();
      }
      if (event.kind === 'position' && event.isLive) break;
    }
    expect([resets, documents.size]).toStrictEqual([2, 21]);
  });
});

describe('changes that cannot be asked for', () => {
  it('are refused, not tried again', async () => {
    const leader = await cluster.leader();
    const db = connect(leader.url);
    const refused = async (options: Options): Promise<unknown> =>
      db
        .changes(options)
        .next()
        .catch((error: unknown) => (isSkeinError(error) ? error.code : error));
    expect(await refused({ since: 'yesterday' })).toBe('bad_position');
    expect(await refused({ collections: ['a b'] })).toBe('bad_collection');
    expect(await refused({ limit: 0 })).toBe('bad_query');
    const reset = await db.changes({ since: 99 }).next();
    expect(reset.value).toMatchObject({ kind: 'reset', code: 'ahead', goesOn: false });
  });
});
