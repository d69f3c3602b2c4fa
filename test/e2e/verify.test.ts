/*
 * `skein verify` with real nodes: what is equal is said to be, and what is not is named, document by document. Documents are
 * changed behind a store's back with checksums that are right, as only a bug or a hand could.
 */
import { Cluster, runSkein, until, type CommandResult, type NodeProcess } from '@skein/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { behindTheBackOf, levelKey, rewrite } from './behind-the-back.ts';
import { loseWrites } from './lose-writes.ts';

let cluster = new Cluster();
afterEach(async () => {
  await cluster.close();
  cluster = new Cluster();
});

// Each of these starts several processes, one after the other.
vi.setConfig({ testTimeout: 90_000 });

const DOCUMENTS = 2000;
const documents = Array.from({ length: DOCUMENTS }, (_, i) => ({ key: `k-${i}`, value: { n: i } }));

async function pair(): Promise<{ readonly leader: NodeProcess; readonly follower: NodeProcess }> {
  const leader = await cluster.leader();
  const follower = await cluster.follower(leader);
  await leader.client.load('c', documents);
  await follower.caughtUpWith(leader);
  return { leader, follower };
}

async function digestRequests(node: NodeProcess): Promise<number> {
  const { text } = await node.client.get('/metrics');
  const samples = text.matchAll(/^skein_http_request_duration_seconds_count\{.*"\/v1\/digest".*\} (\d+)$/gm);
  return [...samples].reduce((sum, [, count]) => sum + Number(count), 0);
}

const verify = (...parts: readonly string[]): Promise<CommandResult> => runSkein(['verify', ...parts]);
const linesOf = ({ stdout }: CommandResult): readonly string[] => stdout.split('\n').filter((line) => line !== '');

describe('two nodes of one log', () => {
  it('that are equal are said to be, and nothing is listed', async () => {
    const { leader, follower } = await pair();
    const result = await verify(leader.url, follower.url);
    expect([result.exitCode, result.stdout]).toStrictEqual([0, '']);
    expect(result.stderr).toContain(`A and B have the same ${DOCUMENTS} documents`);
    const { position, log } = await leader.status();
    const json = JSON.parse((await verify('--json', leader.url, follower.url)).stdout) as unknown;
    expect(json).toStrictEqual({
      equal: true,
      a: { url: leader.url, position, log },
      b: { url: follower.url, position, log },
      apart: null,
      count: 0,
      moved: 0,
      open: 0,
      differences: [],
    });
  });

  it('are told by the exact documents that differ, are missing and are too much', async () => {
    const { leader, follower } = await pair();
    await behindTheBackOf(follower, async (level) => {
      await rewrite(level, 'k-7', 'k-7', '{"n":"other"}');
      await rewrite(level, 'k-8', 'added\n', '8');
      await level.del(levelKey('k-1234'));
    });
    await follower.ready();
    const result = await verify(leader.url, follower.url);
    expect(result.exitCode).toBe(1);
    expect(linesOf(result)).toMatchObject([
      'c "added\\n": only in B',
      'c k-1234: only in A',
      expect.stringMatching(/^c k-7: differs \(8\.1-\w{8}, 8\.1-\w{8}\)$/),
    ]);
    expect(result.stderr).toContain('3 documents are not the same in A and B');

    const other = await verify('--json', '--limit', '1', follower.url, leader.url);
    const { equal, count, differences } = JSON.parse(other.stdout) as Record<string, unknown>;
    expect([other.exitCode, equal, count]).toStrictEqual([1, false, 3]);
    expect(differences).toMatchObject([{ collection: 'c', key: 'added\n', a: expect.stringMatching(/^9\./), b: null }]);
  });

  it('are the same when they differ in nothing but what one of them has not come to yet', async () => {
    const leader = await cluster.leader();
    const proxy = await cluster.proxy(leader);
    const follower = await cluster.follower(proxy);
    await leader.client.load('c', documents);
    await follower.caughtUpWith(leader);
    proxy.set({ kind: 'refuse' });
    await leader.client.put('/v1/collections/c/k-1', 'newer');
    await leader.client.put('/v1/collections/c/k-new', 1);
    await leader.client.delete('/v1/collections/c/k-2');
    const running = verify('--wait', '0', leader.url, follower.url);
    // Its positions are taken; whether k-2 was deleted shows once the follower has come as far as its leader was.
    await until('documents are compared', async () => (await digestRequests(follower)) > 1);
    proxy.set({ kind: 'none' });
    const result = await running;
    expect([result.exitCode, result.stdout]).toStrictEqual([0, '']);
    expect(result.stderr).toContain('3 documents are left out as changed between the two');
  });

  it('may be given as the directories of those that are stopped', async () => {
    const { leader, follower } = await pair();
    const inUse = await verify(leader.url, follower.data);
    expect([inUse.exitCode, inUse.stderr]).toStrictEqual([
      69,
      `skein: ${follower.data} is in use by a running node: give its address instead`,
    ]);
    await follower.stop();
    expect((await verify(leader.url, follower.data)).exitCode).toBe(0);
    await leader.stop();
    expect((await verify(leader.data, follower.data)).exitCode).toBe(0);
  });

  it('are not said to be the same while one stands still behind the other', async () => {
    const { leader, follower } = await pair();
    await follower.stop();
    await leader.client.put('/v1/collections/c/k-1', 'newer');
    await leader.client.put('/v1/collections/c/k-new', 1);
    await leader.client.delete('/v1/collections/c/k-2');
    // What it would make of them is not known: it would delete one, and take two over.
    const told = await verify('--wait', '0', leader.url, follower.data);
    expect([told.exitCode, told.stdout]).toStrictEqual([75, '']);
    expect(told.stderr).toContain('3 documents are left out: whether they are the same could not be told in time');
    const json = await verify('--json', '--wait', '0', leader.url, follower.data);
    expect(json.exitCode).toBe(75);
    expect(JSON.parse(json.stdout)).toMatchObject({ equal: false, count: 0, moved: 0, open: 3, differences: [] });
  });
});

describe('two nodes whose histories have come apart', () => {
  it('are compared by their values, and that is said', async () => {
    const leader = await cluster.leader();
    const follower = await cluster.follower(leader);
    for (const key of ['a', 'b']) await leader.client.put(`/v1/collections/c/${key}`, 1);
    await follower.caughtUpWith(leader);
    const old = await loseWrites(cluster, leader, async () => {
      await leader.client.put('/v1/collections/c/lost', 1);
      await follower.caughtUpWith(leader);
    });
    await until('it refuses to follow', async () => (await follower.status()).replication.phase === 'refused');

    const behind = await runSkein(['verify', leader.url, follower.url, '--wait', '0']);
    expect([behind.exitCode, behind.stdout]).toStrictEqual([1, 'c lost: only in B']);
    expect(behind.stderr).toMatch(/leads and ends before the other, .*: values are compared, versions are not/);
    const copy = await runSkein(['verify', '--json', old, follower.url, '--wait', '0']);
    expect(JSON.parse(copy.stdout)).toMatchObject({ apart: null, count: 0, open: 1 });

    await leader.client.put('/v1/collections/c/new', 1);
    // At the same offset, and then at another.
    for (const wait of ['10', '0']) {
      const forked = await runSkein(['verify', follower.url, leader.url, '--wait', wait]);
      expect([forked.exitCode, forked.stdout]).toStrictEqual([1, 'c lost: only in A\nc new: only in B']);
      expect(forked.stderr).toContain('A and B are of one log, and their histories have come apart');
      await leader.client.put('/v1/collections/c/new', 1);
    }
  });
});

describe('two nodes of different logs', () => {
  it('are compared by value', async () => {
    const [one, other] = [await cluster.leader(), await cluster.leader()];
    await one.client.load('c', documents);
    await other.client.put('/v1/collections/c/k-5', 'older');
    await other.client.load('c', documents.toReversed());
    const equal = await verify(one.url, other.url);
    expect([equal.exitCode, equal.stdout]).toStrictEqual([0, '']);
    expect(equal.stderr).toContain('A and B are of different logs');
    await other.client.put('/v1/collections/c/k-5', 'newer');
    const unequal = await verify(one.url, other.url);
    expect([unequal.exitCode, ...linesOf(unequal)]).toMatchObject([1, expect.stringMatching(/^c k-5: differs /)]);
  });
});

describe('what cannot be compared', () => {
  it('is said in a sentence', async () => {
    const directory = await cluster.directory();
    const refused = async (...parts: readonly string[]) => {
      const { exitCode, stdout, stderr } = await verify(...parts);
      return [exitCode, stdout, stderr.trimEnd()];
    };
    expect(await refused('http://127.0.0.1:1', directory)).toStrictEqual([
      2,
      '',
      `skein: '${directory}' is neither the address of a node nor a directory with a store`,
    ]);
    expect(await refused('http://127.0.0.1:1', 'http://127.0.0.1:1')).toStrictEqual([
      69,
      '',
      'skein: http://127.0.0.1:1 cannot be reached: nothing is listening there',
    ]);
    expect((await refused(directory))[0]).toBe(2);
    expect((await refused('--limit', 'x', directory, directory))[0]).toBe(2);
  });
});
