/*
 * A follower that the log cannot lead is copied from its leader.
 *
 * A leader keeps only the newest of its changes, and a follower comes that needs older ones: a new one, or one that was
 * away for too long. It takes a copy of the documents as of one position, however long that is and whatever happens
 * meanwhile: writes go on, it is killed, the leader is killed. When the copy is whole it serves it, all of it at once, and
 * goes on from the log.
 */
import { Cluster, readDocuments, until, type NodeProcess } from '@skein/testing';
import { afterEach, describe, expect, it } from 'vitest';

let cluster = new Cluster();
afterEach(async () => {
  await cluster.close();
  cluster = new Cluster();
});

/** Processes that start and end, one after the other. */
const PATIENCE_MS = 120_000;
const DOCUMENTS = 4000;
/** Small pages, so that there is time to do something between them. */
const SLOWLY = { 'batch-size': 50 };

/** A leader with many documents, whose log holds a few changes only. */
async function largeLeader(documents = DOCUMENTS): Promise<NodeProcess> {
  const leader = await cluster.leader({ 'retain-changes': 10, 'node-id': 'leader' });
  for (let at = 0; at < documents; at += 1000) {
    const part = Array.from({ length: 1000 }, (_, i) => ({ key: `d-${at + i}`, value: { n: at + i } }));
    await leader.client.load('large', part);
  }
  await until('the log is trimmed', async () => (await leader.status()).tail > documents - 1000);
  return leader;
}

/** Writes to a leader, one after the other, until it is told to stop; what it must hold then. */
function writing(leader: NodeProcess): () => Promise<void> {
  let isOver = false;
  const run = (async () => {
    for (let i = 0; !isOver; i++) {
      const key = `d-${(i * 97) % DOCUMENTS}`;
      const path = `/v1/collections/large/${key}`;
      await (i % 5 === 0 ? leader.client.delete(path) : leader.client.put(path, { again: i })).catch(() => undefined);
    }
  })();
  return async () => {
    isOver = true;
    await run;
  };
}

async function copied(node: NodeProcess): Promise<number> {
  const { replication } = await node.status();
  return replication.recovery?.copy?.documents ?? 0;
}

async function expectAlike(leader: NodeProcess, follower: NodeProcess): Promise<void> {
  await follower.caughtUpWith(leader, { timeoutMs: 40_000 });
  await follower.ready();
  expect(await readDocuments(follower.client)).toStrictEqual(await readDocuments(leader.client));
  const { collections } = (await leader.client.get('/v1/collections')).json;
  expect((await follower.client.get('/v1/collections')).json).toStrictEqual({ collections });
}

describe('a new follower of a leader that has trimmed its log', () => {
  it('is copied while writes go on, says how far it is, and goes on from the log', async () => {
    const leader = await largeLeader();
    const stop = writing(leader);
    const follower = await cluster.follower(leader, { ...SLOWLY, 'node-id': 'new' });
    const { replication } = await until('a copy is being made', async () => {
      const status = await follower.status();
      return status.replication.recovery?.copy?.documents > 0 ? status : undefined;
    });
    expect(replication).toMatchObject({
      phase: 'recovering',
      recovery: { rung: 'copy', code: 'compacted', copy: { step: 'copying', documents_total: expect.any(Number) } },
    });
    expect(await follower.health()).toMatchObject({
      healthy: false,
      lag_changes: null,
      error: expect.stringMatching(/^a new copy of the leader's documents is being made \(compacted: /),
    });
    const slot = (await leader.client.get('/v1/followers')).json.followers.find(
      ({ id }: { id: string }) => id === 'new',
    );
    expect(slot).toMatchObject({ applied: '0', copying: expect.stringMatching(/^\d+\./), state: 'live' });
    expect((await follower.client.get('/v1/collections/large/d-1')).status).toBe(404);
    await until('the copy is served', () => follower.log.includes('the copy is made and served'));
    await stop();
    await expectAlike(leader, follower);
    const { followers } = (await leader.client.get('/v1/followers')).json;
    expect(followers).toMatchObject([{ id: 'new', copying: null, state: 'live' }]);
  });

  it(
    'is copied although it is killed five times, and never begins again',
    async () => {
      const leader = await largeLeader();
      const follower = await cluster.follower(leader, SLOWLY);
      let before = 0;
      for (let times = 1; times <= 5; times++) {
        const enough = (times * DOCUMENTS) / 6;
        await until(`${enough} documents are copied`, async () => (await copied(follower)) >= enough, { everyMs: 2 });
        await follower.kill();
        await leader.client.put(`/v1/collections/large/killed-${times}`, times);
        await follower.start();
        const now = await until('it goes on', () => copied(follower), { everyMs: 2 });
        expect(now).toBeGreaterThanOrEqual(before);
        before = enough;
      }
      await expectAlike(leader, follower);
    },
    PATIENCE_MS,
  );

  it('is copied although its leader is killed in the middle, out of a snapshot of then and one of now', async () => {
    const leader = await largeLeader();
    const follower = await cluster.follower(leader, SLOWLY);
    await until('half is copied', async () => (await copied(follower)) >= DOCUMENTS / 2, { everyMs: 2 });
    await leader.kill();
    await leader.start();
    await leader.client.put('/v1/collections/large/a-before', 'what is already copied');
    await leader.client.put('/v1/collections/large/z-behind', 'what is not');
    await leader.client.delete('/v1/collections/large/d-0');
    await expectAlike(leader, follower);
    expect((await follower.client.get('/v1/collections/large/a-before')).status).toBe(200);
    expect((await follower.client.get('/v1/collections/large/d-0')).status).toBe(404);
  });

  it(
    'is copied through a follower in between, and with four others at once',
    async () => {
      const leader = await largeLeader();
      const middle = await cluster.follower(leader, { 'retain-changes': 5 });
      await expectAlike(leader, middle);
      const stop = writing(leader);
      const followers = await Promise.all(
        Array.from({ length: 5 }, (_, i) => cluster.follower(i % 2 === 0 ? middle : leader, { 'node-id': `f-${i}` })),
      );
      await stop();
      for (const follower of followers) await expectAlike(leader, follower);
    },
    PATIENCE_MS,
  );

  it('answers a repeated write as its leader does, which it was not there for', async () => {
    const leader = await cluster.leader({ 'retain-changes': 1 });
    const headers = { 'idempotency-key': 'once' };
    await leader.client.put('/v1/collections/c/k', 1, headers);
    for (let i = 0; i < 20; i++) await leader.client.put('/v1/collections/c/other', i);
    await until('the log is trimmed', async () => (await leader.status()).tail > 10);
    const follower = await cluster.follower(leader);
    await follower.ready();
    const { text } = await follower.client.get('/v1/snapshot');
    expect(text).toBe((await leader.client.get('/v1/snapshot')).text);
    expect(text).toMatch(/\n{"idempotency":"[0-9a-f]{32}",/);
  });
});

describe('POST /v1/snapshot', () => {
  it('takes as many names as it may, however long, and says which is none', async () => {
    const leader = await cluster.leader({ 'max-value': '1KiB' });
    await leader.client.put('/v1/collections/c/k', 1);
    const at = (await leader.status()).position;
    const path = `/v1/snapshot?at=${at}`;
    const quotes = '"'.repeat(1000);
    const names = ['c/k', ...Array.from({ length: 499 }, (_, i) => `c/${quotes}${i}`)];
    const { status, text } = await leader.client.post(path, names);
    expect([status, text.trimEnd().split('\n').length]).toStrictEqual([200, 3]);
    expect((await leader.client.post(path, ['nothing'])).json.code).toBe('bad_body');
  });
});

describe('GET /v1/snapshot', () => {
  it('is all documents as of one position, in pages or as a whole, whatever is written meanwhile', async () => {
    const leader = await cluster.leader();
    for (const key of ['a', 'b', 'c', 'd', 'e']) await leader.client.put(`/v1/collections/c/${key}`, key);
    const whole = (await leader.client.get('/v1/snapshot')).text.trimEnd().split('\n');
    const { snapshot } = JSON.parse(whole[0]!);
    const pages: string[] = [];
    for (let after = ''; ;) {
      const path = `/v1/snapshot?limit=2&at=${snapshot}${after}`;
      const lines = (await leader.client.get(path)).text.trimEnd().split('\n');
      expect(JSON.parse(lines[0]!).snapshot).toBe(snapshot);
      pages.push(...lines.slice(1, -1));
      await leader.client.put('/v1/collections/c/e', 'later');
      const { next, lines: count } = JSON.parse(lines.at(-1)!);
      expect(count).toBe(lines.length - 2);
      if (next === null) break;
      after = `&after=${encodeURIComponent(next)}`;
    }
    expect(pages).toStrictEqual(whole.slice(1, -1));
    expect(pages.map((line) => JSON.parse(line).value)).toStrictEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('refuses what it does not hold, and what makes no sense', async () => {
    const leader = await cluster.leader();
    await leader.client.put('/v1/collections/c/k', 1);
    const { position } = await leader.status();
    await leader.client.put('/v1/collections/c/k', 2);
    const codes = async (query: string) => {
      const { status, json } = await leader.client.get(`/v1/snapshot?${query}`);
      return [status, json.code];
    };
    expect(await codes(`at=${position}`)).toStrictEqual([410, 'snapshot_gone']);
    expect(await codes('at=7')).toStrictEqual([400, 'bad_position']);
    expect(await codes('after=nothing')).toStrictEqual([400, 'bad_query']);
    expect(await codes('limit=0')).toStrictEqual([400, 'bad_query']);
    expect(await codes('from=a')).toStrictEqual([400, 'bad_query']);
    const reserved = async (keep: string) => {
      const path = `/v1/snapshot?keep=${keep}`;
      const { status, json } = await leader.client.get(path, { 'skein-follower': 'reader' });
      return [status, json.code];
    };
    expect(await reserved(position.replace('1.', '9.'))).toStrictEqual([409, 'ahead']);
    expect(await reserved(position.replace(/[0-9a-f]{16}$/, '0'.repeat(16)))).toStrictEqual([409, 'diverged']);
    expect((await leader.client.get('/v1/followers')).json.followers).toStrictEqual([]);
    expect((await leader.client.get('/v1/snapshot', { accept: 'text/html' })).status).toBe(406);
  });
});
