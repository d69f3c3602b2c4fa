/*
 * A leader that is replaced: by a member that is promoted when it is gone, by one that it hands over to, by two at once.
 * What was acknowledged is there afterwards, or it was said that it may be lost, and then it is in a rescue file.
 */
import { Cluster, runSkein, startMembers, until, type NodeProcess } from '@skein/testing';
import { afterEach, describe, expect, it } from 'vitest';

let cluster = new Cluster();
afterEach(async () => {
  await cluster.close();
  cluster = new Cluster();
});

const PATH = '/v1/collections/c/k';

async function promote(node: NodeProcess, body: object = {}) {
  return node.client.post('/v1/admin/promote', body);
}

async function follows(node: NodeProcess, leader: NodeProcess): Promise<void> {
  await until(`${node.url} follows ${leader.url}`, async () => {
    const { role, leader: followed, healthy } = await node.status();
    return role === 'follower' && followed.url === leader.url && healthy === true;
  });
}

const put = (node: NodeProcess, value: unknown) => node.client.put(PATH, value);
const read = async (node: NodeProcess): Promise<unknown> => (await node.client.get(PATH)).json;

describe('a member', () => {
  it('leads in the place of a leader that is gone, which follows it when it is back', async () => {
    const [a, b, c] = (await startMembers(cluster, { 'min-replicas': 1 })) as [NodeProcess, NodeProcess, NodeProcess];
    const before = await put(a, 'acknowledged');
    await a.kill();
    const done = await promote(b);
    expect(done.json).toMatchObject({ role: 'leader', promises: 2, members: 3, mayBeLost: null });
    const { position } = before.json;
    const kept = await b.client.get(PATH, { 'skein-min-position': position });
    expect(kept.json).toBe('acknowledged');
    const written = await put(b, 'of the new epoch');
    expect([written.status, written.headers['skein-epoch']]).toStrictEqual([200, done.json.epoch]);
    await a.start();
    for (const node of [a, c]) await follows(node, b);
    await a.caughtUpWith(b);
    expect([await read(a), await read(c)]).toStrictEqual(['of the new epoch', 'of the new epoch']);
    // Who followed the one that led is not late there, but gone.
    const shown = await runSkein(['status', a.url, b.url, c.url]);
    expect(shown.stdout).toMatch(/ member-2 +│ member-1 +│ leads /);
    expect(shown.stdout).toMatch(/ member-3 +│ member-1 +│ follows member-2 /);
    expect(shown.stdout).toMatch(/ member-1 +│ member-2 +│ live /);
    // Writes sent to the one that led are passed on to the one that leads.
    expect((await put(a, 'passed on')).status).toBe(200);
    expect(await read(b)).toBe('passed on');
    const epochs = (await c.client.get('/v1/collections/$epochs/2')).json;
    expect(epochs).toMatchObject({ epoch: done.json.epoch, node: 'member-2', reason: 'promoted' });
    // Started again with the command of a follower, it leads.
    await b.restart();
    expect((await b.status()).role).toBe('leader');
    await follows(a, b);
  });

  it('takes over from a leader that hands over, while it is written to without a failure', async () => {
    const [a, b, c] = (await startMembers(cluster, { 'min-replicas': 1 })) as [NodeProcess, NodeProcess, NodeProcess];
    let isOver = false;
    const answers: number[] = [];
    const writing = [a, b, c].map(async (node) => {
      for (let i = 0; !isOver; i++) answers.push((await put(node, i)).status);
    });
    await until('it is written', () => answers.length > 20);
    const promoted = await runSkein(['promote', b.url, '--from', a.url]);
    expect([promoted.exitCode, promoted.stdout]).toStrictEqual([
      0,
      expect.stringContaining('promised by 3 of 3 members'),
    ]);
    await follows(a, b);
    const count = answers.length;
    await until('it is written again', () => answers.length > count + 20);
    isOver = true;
    await Promise.all(writing);
    expect(answers.filter((status) => status >= 300)).toStrictEqual([]);
    const wrong = await runSkein(['promote', c.url, '--from', a.url]);
    expect([wrong.exitCode, wrong.stderr]).toStrictEqual([1, expect.stringContaining('does not lead')]);
  });

  it('does not lead without enough promises, unless a loss is accepted, and what was lost is in a rescue file', async () => {
    const [a, b, c] = (await startMembers(cluster)) as [NodeProcess, NodeProcess, NodeProcess];
    for (const key of ['kept', 'changed']) await a.client.put(`/v1/collections/c/${key}`, 'first');
    for (const node of [b, c]) await node.caughtUpWith(a);
    for (const node of [b, c]) await node.stop();
    for (const key of ['kept', 'changed', 'new', 'gone']) await a.client.put(`/v1/collections/c/${key}`, 'lost');
    await a.client.delete('/v1/collections/members/first');
    await a.kill();
    for (const node of [b, c]) await node.start();
    const shown = await runSkein(['status', b.url, c.url]);
    expect(shown.stdout).toMatch(/ member-2 .* with --accept-loss: 2 of 3 promises, behind 3\.1-\w+\.\w+ may be lost /);
    const refused = await promote(b);
    expect([refused.status, refused.json.code]).toStrictEqual([409, 'promotion_refused']);
    expect(refused.json.detail).toMatch(new RegExp(`2 of 3 promises: nothing from ${a.url};`));
    expect(refused.json.mayBeLost).toMatchObject({ members: [a.url] });
    // Nobody was asked for anything, and nobody is bound.
    expect((await c.client.get('/v1/member')).json.promised).toStrictEqual({ spent: 0, outstanding: [] });
    const promoted = await runSkein(['promote', b.url, '--accept-loss']);
    expect([promoted.exitCode, promoted.stdout]).toStrictEqual([0, expect.stringContaining('may be lost')]);
    await b.client.put('/v1/collections/c/changed', 'since');
    await b.client.put('/v1/collections/c/gone', 'since');
    await b.client.delete('/v1/collections/c/gone');
    await a.start();
    await follows(a, b);
    await a.caughtUpWith(b);
    expect((await a.client.get('/v1/collections/c/kept')).json).toBe('first');
    expect((await a.client.get('/v1/collections/c/new')).status).toBe(404);

    expect((await promote(b, { from: 'nowhere' })).status).toBe(400);
    const data = ['--data', a.data];
    const listed = await runSkein(['rescue', 'list', ...data]);
    expect(listed.stdout).toMatch(/^1-\w{8}\.4-8\.ndjson {2}5 changes, 4 to 8 of 1-\w{8}, left behind by 2-\w{8}$/m);
    const file = listed.stdout.split(' ')[0]!;
    const changes = await runSkein(['rescue', 'show', ...data, file]);
    expect(
      changes.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).offset),
    ).toStrictEqual([4, 5, 6, 7, 8]);
    const reapplied = await runSkein(['rescue', 'reapply', ...data, file, '--leader', b.url]);
    expect([reapplied.exitCode, reapplied.stdout]).toStrictEqual([
      1,
      '3 documents written, 0 were as they should be\nwritten since, and left as it is: c/changed\nwritten since, and left as it is: c/gone',
    ]);
    expect((await b.client.get('/v1/collections/c/new')).json).toBe('lost');
    expect((await b.client.get('/v1/collections/members/first')).status).toBe(404);
    const again = await runSkein(['rescue', 'reapply', ...data, file, '--leader', b.url, '--overwrite']);
    expect([again.exitCode, again.stdout]).toStrictEqual([0, '2 documents written, 3 were as they should be']);
    expect((await b.client.get('/v1/collections/c/changed')).json).toBe('lost');
    expect((await runSkein(['rescue', 'discard', ...data, file])).exitCode).toBe(0);
    expect((await runSkein(['rescue', 'list', ...data])).stdout).toBe('');
  }, 60_000);
});

describe('a leader that is stopped for longer than every time limit', () => {
  it('acknowledges nothing of its epoch when it goes on', async () => {
    const [a, b, c] = (await startMembers(cluster, { 'min-replicas': 1 })) as [NodeProcess, NodeProcess, NodeProcess];
    a.pause();
    // On their way to it while it is stopped.
    const waiting = Array.from({ length: 10 }, (_, i) => a.client.put(`/v1/collections/c/late-${i}`, i));
    const done = await promote(c);
    expect(done.status).toBe(200);
    await until('it has been silent for longer than a leader goes on without asking', async () => {
      const { peers } = (await c.status()).leadership;
      return peers.find(({ url }: { readonly url: string }) => url === a.url).heard_seconds_ago > 6.5;
    });
    a.resume();
    for (const answer of await Promise.all(waiting)) {
      // Refused, or passed on to the one that leads.
      const isOfNew = answer.status < 300 && answer.headers['skein-epoch'] === done.json.epoch;
      expect([isOfNew, answer.status]).not.toStrictEqual([false, 201]);
    }
    await follows(a, c);
    await follows(b, c);
  });
});

describe('two that are promoted at once', () => {
  it('both write no more when they hear of each other, nobody follows either, until one is promoted again', async () => {
    const [a, b, c] = (await startMembers(cluster)) as [NodeProcess, NodeProcess, NodeProcess];
    await a.kill();
    await c.kill();
    const one = await promote(b, { acceptLoss: true });
    await b.kill();
    await c.start();
    const other = await promote(c, { acceptLoss: true });
    expect([one.json.epoch.slice(0, 2), other.json.epoch.slice(0, 2)]).toStrictEqual(['2-', '2-']);
    await b.start();
    a.launch();
    for (const node of [b, c])
      await until(`${node.url} writes no more`, async () => (await put(node, 'x')).json.code === 'fenced');
    expect((await c.client.get('/v1/member')).json.rival).toBe(one.json.epoch);
    await until('the third follows neither', async () => (await a.status()).error?.includes('are rivals') === true);
    expect((await b.health()).error).toContain(other.json.epoch);

    const refused = await promote(b);
    expect(refused.json.detail).toContain('rival');
    expect((await promote(b, { acceptLoss: true })).status).toBe(200);
    for (const node of [a, c]) await follows(node, b);
    expect((await put(c, 'well again')).status).toBeLessThan(300);
    for (const node of [b, c]) expect((await node.client.get('/v1/member')).json.rival).toBeNull();
    expect((await runSkein(['rescue', 'list', '--data', c.data])).stdout).toContain(`of ${other.json.epoch}`);
  });
});

describe('an operator', () => {
  it('demotes a leader, and points a follower elsewhere', async () => {
    const [a, b, c] = (await startMembers(cluster)) as [NodeProcess, NodeProcess, NodeProcess];
    expect((await a.client.post('/v1/admin/follow', { leader: b.url })).status).toBe(409);
    expect((await b.client.post('/v1/admin/demote', {})).json.code).toBe('not_leader');
    expect((await c.client.post('/v1/admin/follow', { leader: b.url })).json).toStrictEqual({
      role: 'follower',
      leader: b.url,
    });
    await follows(c, b);
    expect((await a.client.post('/v1/admin/demote', {})).status).toBe(200);
    await until('it says that nobody leads', async () => (await a.health()).error?.includes('nobody') === true);
    expect((await put(a, 1)).json.code).toBe('leader_unavailable');
    expect((await promote(a)).status).toBe(200);
    expect((await put(c, 1)).status).toBe(201);
  });
});
