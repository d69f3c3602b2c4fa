/*
 * A write that asks to be on other nodes, too, before it is acknowledged.
 *
 * A leader is told the address of a member. While that follows, writes that ask for one replica are acknowledged when it has
 * them; while it is away they are refused, with the position at which they are committed here; and repeated when it is back,
 * they are acknowledged. A follower that is no member does not count, and neither does anybody who only says so.
 */
import { Cluster, freePort, runSkein, until, type NodeProcess } from '@skein/testing';
import { startLeader } from 'skein';
import { afterEach, describe, expect, it } from 'vitest';

let cluster = new Cluster();
afterEach(async () => {
  await cluster.close();
  cluster = new Cluster();
});

const PATH = '/v1/collections/c/k';

interface Pair {
  readonly leader: NodeProcess;
  readonly member: NodeProcess;
}

async function leaderAndMember(flags: Readonly<Record<string, string | number>> = {}): Promise<Pair> {
  const port = await freePort();
  const leader = await cluster.leader({ peers: `http://127.0.0.1:${port}`, ...flags });
  const member = await cluster.follower(leader, { 'node-id': 'member' }, { port });
  await until('the member counts', async () => (await leader.status()).members[0].counts === true);
  return { leader, member };
}

async function put(node: NodeProcess, value: unknown, headers: Readonly<Record<string, string>>) {
  const body = JSON.stringify(value);
  return node.client.request('PUT', PATH, { body, headers: { 'content-type': 'application/json', ...headers } });
}

describe('a write that asks for replicas', () => {
  it('is acknowledged when a member has it', async () => {
    const { leader, member } = await leaderAndMember();
    for (let i = 0; i < 20; i++) {
      const written = await put(leader, i, { prefer: 'replicas=1; wait=20' });
      expect([written.status < 300, written.headers['preference-applied']]).toStrictEqual([true, 'replicas=1']);
      expect((await member.client.get(PATH)).json).toBe(i);
    }
    const forwarded = await put(member, 'forwarded', { prefer: 'replicas=1; wait=20' });
    expect([forwarded.status, forwarded.headers['preference-applied']]).toStrictEqual([200, 'replicas=1']);
    expect((await member.client.get(PATH)).json).toBe('forwarded');
  });

  it('is refused as committed and not there while the member is away, and acknowledged when it is back', async () => {
    const { leader, member } = await leaderAndMember();
    // Somebody else who has everything.
    const other = await cluster.follower(leader, { 'node-id': 'other' });
    await member.kill();
    const headers = { prefer: 'replicas=1; wait=1', 'idempotency-key': 'one' };
    const refused = await put(leader, 'kept', headers);
    expect([refused.status, refused.json.code]).toStrictEqual([503, 'under_replicated']);
    expect(refused.headers['preference-applied']).toBeUndefined();
    expect(refused.json).toMatchObject({ replicas: 0, wanted: 1, position: expect.stringMatching(/^1\./) });
    await other.caughtUpWith(leader);
    expect((await leader.client.get(PATH)).json).toBe('kept');
    expect((await put(leader, 'kept', headers)).json.code).toBe('under_replicated');

    const repeated = put(leader, 'kept', { ...headers, prefer: 'replicas=1; wait=30' });
    await member.start();
    expect((await repeated).status).toBe(201);
    expect((await repeated).headers['idempotent-replayed']).toBe('true');
    expect((await repeated).json.position).toBe(refused.json.position);
  });

  it('is not acknowledged for what somebody only says', async () => {
    const { leader, member } = await leaderAndMember();
    await member.kill();
    const written = put(leader, 1, { prefer: 'replicas=1; wait=3' });
    await until('it is committed', async () => (await leader.status()).head.offset === 1);
    const { position } = await leader.status();
    const forged = [
      { 'skein-follower': 'somebody', 'skein-applied': position },
      { 'skein-follower': 'member', 'skein-applied': position.replace(/[0-9a-f]{16}$/, '0123456789abcdef') },
      { 'skein-follower': 'member', 'skein-applied': position.replace(/^1\./, '2.') },
      { 'skein-follower': 'member', 'skein-applied': position.replace(/-[0-9a-z]+/, '-otherone') },
    ];
    for (const headers of forged) await leader.client.request('GET', '/v1/changes?since=0', { headers });
    expect((await written).json.code).toBe('under_replicated');
  });

  it.each([
    ['more than there are', 'replicas=2', 'bad_header'],
    ['no number', 'replicas=all', 'bad_header'],
    ['nothing', 'replicas', 'bad_header'],
  ])('for %s is refused before anything is written', async (_, prefer, code) => {
    const { leader } = await leaderAndMember();
    expect((await put(leader, 1, { prefer })).json.code).toBe(code);
    expect((await leader.status()).head.offset).toBe(0);
  });

  it('may be a transaction or a bulk load', async () => {
    const { leader, member } = await leaderAndMember();
    await member.kill();
    const headers = { 'content-type': 'application/json', prefer: 'replicas=1; wait=1' };
    const operations = [{ op: 'put', collection: 'c', key: 'a', value: 1 }];
    const transaction = { body: JSON.stringify({ operations }), headers };
    expect((await leader.client.request('POST', '/v1/transactions', transaction)).json.code).toBe('under_replicated');
    const bulk = { body: '[{"key":"b","value":1},{"key":"c","value":2}]', headers };
    expect((await leader.client.request('POST', '/v1/collections/c', bulk)).json).toMatchObject({
      code: 'under_replicated',
      count: 2,
      replicas: 0,
    });
    await member.start();
    const patient = { ...headers, prefer: 'replicas=1; wait=30' };
    expect((await leader.client.request('POST', '/v1/transactions', { ...transaction, headers: patient })).status).toBe(
      200,
    );
    expect((await leader.client.request('POST', '/v1/collections/c', { ...bulk, headers: patient })).json.count).toBe(
      2,
    );
    expect((await member.client.get('/v1/collections/c/c')).json).toBe(2);
  });
});

describe('--min-replicas', () => {
  it('holds for every write, whatever it asks for', async () => {
    const { leader, member } = await leaderAndMember({ 'min-replicas': 1 });
    expect((await put(leader, 1, {})).status).toBe(201);
    expect((await member.client.get(PATH)).json).toBe(1);
    await member.kill();
    expect((await put(leader, 2, { prefer: 'replicas=0; wait=1' })).json.code).toBe('under_replicated');
    const asked = Date.now();
    expect((await put(leader, 3, {})).json.code).toBe('under_replicated');
    expect(Date.now() - asked).toBeGreaterThan(4000);
    expect((await leader.status()).min_replicas).toBe(1);
  });

  it('holds for what a program writes that has the leader in it', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const data = await cluster.directory();
    const node = await startLeader({ data, port: 0, peers: [nobody], minReplicas: 1 });
    cluster.atEnd(() => node.close());
    await expect(node.collection('c').put('k', 1)).rejects.toMatchObject({ code: 'under_replicated' });
    expect((await node.collection('c').get('k'))?.valueBytes.toString()).toBe('1');
  });

  it('needs members', async () => {
    const data = await cluster.directory();
    const { exitCode, stderr } = await runSkein(['leader', '--data', data, '--port', '0', '--min-replicas', '1']);
    expect([exitCode, stderr]).toStrictEqual([78, expect.stringContaining('--min-replicas 1 needs as many --peers')]);
  });

  it('is not held by a follower of another log', async () => {
    const { leader, member } = await leaderAndMember({ 'min-replicas': 1 });
    await member.stop();
    const stranger = await cluster.leader({}, { port: Number(new URL(member.url).port) });
    await until('the stranger is seen', async () => (await leader.status()).members[0].counts === false);
    const refused = put(leader, 1, { prefer: 'wait=2' });
    await until('it is committed', async () => (await leader.status()).head.offset === 1);
    const { position } = await leader.status();
    const id = (await stranger.status()).node;
    await leader.client.request('GET', '/v1/changes', { headers: { 'skein-follower': id, 'skein-applied': position } });
    expect((await refused).json.code).toBe('under_replicated');
  });
});
