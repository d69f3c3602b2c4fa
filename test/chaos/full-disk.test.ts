import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Cluster, readFeed, runSkein, until, type Answer, type NodeProcess } from '@skein/testing';
import { execa } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import { expectSameEverywhere, expectSound } from './expectations.ts';
import { Oracle } from './oracle.ts';
import { seedOfRun } from './random.ts';
import { Writers } from './writers.ts';

/* A file system of a few megabytes that really fills up. Making one takes root. */
const SIZE_MIB = 12;

const cluster = new Cluster();
afterAll(() => cluster.close());

const mount = await smallFileSystem();
if (mount === undefined) console.warn('SKIPPED, no disk fills up: a file system can be mounted by root only');

async function smallFileSystem(): Promise<string | undefined> {
  const path = await cluster.directory();
  const size = `size=${SIZE_MIB}m`;
  const { failed } = await execa('mount', ['-t', 'tmpfs', '-o', size, 'skein-test', path], { reject: false });
  if (failed) return undefined;
  cluster.atEnd(() => execa('umount', ['--lazy', path]));
  return path;
}

/** Fills up what is free, and frees it again. */
const ballast = {
  path: join(mount ?? '', 'ballast'),
  add: async (): Promise<void> => {
    await writeFile(ballast.path, Buffer.alloc(SIZE_MIB * 1024 * 1024)).catch(() => undefined);
  },
  drop: () => rm(ballast.path),
};

describe.skipIf(mount === undefined)('a disk that fills up', () => {
  it('stops the writes of a leader with 507, leaves its reads, and lets it go on when there is space', async () => {
    const leader = await cluster.leader({ 'write-buffer': '256KiB' }, { data: join(mount!, 'leader') });
    const follower = await cluster.follower(leader);
    const oracle = new Oracle();
    const failures: Answer[] = [];
    const onFailure = (answer: Answer): unknown => failures.push(answer);
    const writers = new Writers({ clients: [leader.client], oracle, seed: seedOfRun(), count: 4, onFailure });
    await until('there are some writes', () => oracle.acknowledged > 100);

    await ballast.add();
    await until('it is full', () => failures.some(({ json }) => json.code === 'storage_full'), { timeoutMs: 30_000 });
    const mustHave = oracle.acknowledgedIds();
    await until('the follower has all there is', async () => (await follower.head()) === (await leader.head()));
    oracle.check((await readFeed(leader.client)).changes, mustHave);
    expect((await leader.client.get('/v1/collections/docs')).status).toBe(200);
    expect((await leader.client.get('/healthz')).json.error).toMatch(/space/);
    const refused = await leader.client.put('/v1/collections/docs/refused', { id: 'refused' });
    expect([refused.status, refused.json.code]).toStrictEqual([507, 'storage_full']);

    expect(leader.log).toMatch(
      /"level":50.*No space left.*"a write failed; the store takes no more until it is reopened"/,
    );

    await ballast.drop();
    const enough = oracle.acknowledged + 100;
    await until('writes go on', () => oracle.acknowledged > enough, { timeoutMs: 25_000 });
    expect(leader.log).toMatch(/"seconds":\d+.*"the store takes writes again"/);
    await writers.stop();
    oracle.check(await expectSameEverywhere([leader, follower]));
    await leader.kill();
    await leader.start();
    oracle.check(await expectSameEverywhere([leader, follower]));
    await expectSound(leader, 'leader');
  }, 90_000);

  it('before a node starts keeps it from starting, with a sentence and exit code 75', async () => {
    const data = join(mount!, 'late');
    const node: NodeProcess = await cluster.leader({}, { data });
    await node.client.put('/v1/collections/c/k', 1);
    await node.stop();
    await ballast.add();
    const { exitCode, stderr } = await runSkein(['leader', '--data', data, '--port', '0']);
    expect([exitCode, stderr]).toStrictEqual([
      75,
      expect.stringMatching(/^skein: there is no space left for .*: free some$/),
    ]);
    await ballast.drop();
    await node.start();
    expect((await node.client.get('/v1/collections/c/k')).json).toBe(1);
  });
});
