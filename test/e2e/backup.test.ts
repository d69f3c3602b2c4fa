/*
 * `skein backup` of a node that goes on working, and `skein restore` of it beside nodes that have more than it has. What is
 * restored is what the log made of nothing as of one position; who has more learns that, saves it, and follows.
 */
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { undiciLink, type NodeLink } from '@skein/http';
import {
  Cluster,
  freePort,
  readDocuments,
  readFeed,
  runSkein,
  startMembers,
  until,
  type CommandResult,
  type NodeProcess,
} from '@skein/testing';
import { takeBackup, type BackupSink } from 'skein';
import { systemClock } from '@skein/core';
import { afterEach, describe, expect, it, vi } from 'vitest';

let cluster = new Cluster();
afterEach(async () => {
  await cluster.close();
  cluster = new Cluster();
});

// Each of these starts several processes, one after the other.
vi.setConfig({ testTimeout: 90_000 });

const DOCUMENTS = 12_000;
const documents = Array.from({ length: DOCUMENTS }, (_, i) => ({
  key: `k-${i}`,
  value: { n: i, text: 'x'.repeat(100) },
}));

const backup = (...parts: readonly string[]): Promise<CommandResult> => runSkein(['backup', ...parts]);
const restore = (...parts: readonly string[]): Promise<CommandResult> => runSkein(['restore', ...parts]);
const put = (node: NodeProcess, key: string, value: unknown, headers = {}) =>
  node.client.put(`/v1/collections/c/${key}`, value, headers);

async function follows(node: NodeProcess, leader: NodeProcess): Promise<void> {
  await until(`${node.url} follows ${leader.url}`, async () => {
    const { role, healthy } = await node.status();
    return role === 'follower' && healthy === true;
  });
  await node.caughtUpWith(leader);
}

/** Directories that are not there yet. */
async function places(): Promise<{ readonly kept: string; readonly data: string }> {
  const directory = await cluster.directory();
  return { kept: join(directory, 'kept'), data: join(directory, 'data') };
}

describe('a backup', () => {
  it('is all that was there as of one position, whatever is written meanwhile', async () => {
    const { kept, data } = await places();
    const leader = await cluster.leader();
    await leader.client.load('c', documents);
    let isOver = false;
    let written = 0;
    const writing = (async () => {
      for (; !isOver; written++) await put(leader, `k-${(written * 7) % DOCUMENTS}`, { since: written });
    })();
    await until('it is written', () => written > 20);
    const { position: before } = await leader.status();
    const taken = await backup(leader.url, kept, '--json');
    isOver = true;
    await writing;
    expect([taken.exitCode, taken.stderr]).toStrictEqual([0, '']);
    const { position, documents: count } = JSON.parse(taken.stdout);
    expect(count).toBe(DOCUMENTS);
    expect(offsetOf(position)).toBeGreaterThanOrEqual(offsetOf(before));
    const whole = await restore(kept, '--check');
    expect([whole.exitCode, whole.stdout]).toStrictEqual([0, expect.stringContaining(`whole: ${DOCUMENTS} documents`)]);
    const restored = await restore(kept, '--data', data);
    expect([restored.exitCode, restored.stderr]).toStrictEqual([0, expect.stringContaining('no --peers')]);
    const other = await cluster.leader({}, { data });
    // What the log made of nothing up to there, by who wrote it, and the epoch that began behind it.
    const { changes } = await readFeed(leader.client);
    const expected = new Map<string, string>();
    for (const { offset, key, value } of changes)
      if (offset <= offsetOf(position)) expected.set(key, JSON.stringify(value));
    const found = (await readDocuments(other.client)).get('c')!.trimEnd().split('\n');
    const seen = new Map(found.map((line) => JSON.parse(line)).map(({ key, value }) => [key, JSON.stringify(value)]));
    expect(seen).toStrictEqual(expected);
    expect((await other.status()).position).toMatch(new RegExp(`^${offsetOf(position) + 1}\\.2-`));
    expect((await put(other, 'k-1', 'goes on')).status).toBe(200);
  });

  it('is taken of a follower as of a leader, and of a log without a change', async () => {
    const { kept, data } = await places();
    const leader = await cluster.leader();
    const follower = await cluster.follower(leader);
    const empty = await backup(leader.url, `${kept}-empty`);
    expect([empty.exitCode, empty.stdout]).toStrictEqual([0, expect.stringContaining('0 documents as of 0')]);
    const fresh = await restore(`${kept}-empty`, '--data', `${data}-empty`);
    expect([fresh.exitCode, fresh.stdout]).toStrictEqual([0, expect.stringContaining('goes on with epoch 2-')]);
    await put(leader, 'a', 1);
    await follower.caughtUpWith(leader);
    const { position } = await leader.status();
    expect((await backup(follower.url, kept)).stdout).toContain(`1 document as of ${position}`);
  });

  it('goes on although the node is killed in the middle, and begins again when its snapshot is gone', async () => {
    const leader = await cluster.leader();
    await leader.client.load('c', documents);
    const link = undiciLink(leader.url, { connections: 2, timeoutMs: 5000 });
    cluster.atEnd(() => link.close());
    // A page that was asked for before the write would hold the snapshot.
    let restarted = Promise.resolve();
    const patient: NodeLink = {
      request: async (asked) => {
        await restarted;
        return link.request(asked);
      },
      close: () => link.close(),
    };
    const takeWith = async (onFirstPage: () => Promise<void>) => {
      let begun = 0;
      let pages = 0;
      const sink: BackupSink = {
        begin: async () => {
          begun++;
          pages = 0;
        },
        putPage: async (number) => {
          if (number === 1 && begun === 1) await (restarted = onFirstPage());
          pages = number;
        },
        putRecord: async () => undefined,
        finish: async () => undefined,
      };
      const description = await takeBackup(patient, sink, { clock: systemClock });
      return { begun, isWhole: pages === description.pages.length, documents: description.documents };
    };
    const isRestarted = await takeWith(async () => {
      await leader.kill();
      await leader.start();
    });
    // Nothing was written: what was there at that position is there still.
    expect(isRestarted).toStrictEqual({ begun: 1, isWhole: true, documents: DOCUMENTS });
    const isWrittenTo = await takeWith(async () => {
      await leader.kill();
      await leader.start();
      await put(leader, 'new', 'one more');
    });
    expect(isWrittenTo).toStrictEqual({ begun: 2, isWhole: true, documents: DOCUMENTS + 1 });
  });

  it('is put where nothing is, and is none before its end', async () => {
    const { kept, data } = await places();
    const leader = await cluster.leader();
    await put(leader, 'a', 1);
    expect((await backup(leader.url, kept)).exitCode).toBe(0);
    const again = await backup(leader.url, kept);
    expect([again.exitCode, again.stderr]).toStrictEqual([2, expect.stringContaining('has a backup already')]);
    const full = await backup(leader.url, leader.data);
    expect([full.exitCode, full.stderr]).toStrictEqual([2, expect.stringContaining('is not empty')]);
    await rm(join(kept, 'backup.json'));
    const none = await restore(kept, '--data', data);
    expect([none.exitCode, none.stderr]).toStrictEqual([2, expect.stringContaining('was broken off')]);
    expect((await backup(leader.url, kept)).exitCode).toBe(0);
    const nobody = await backup('http://127.0.0.1:1', `${kept}-2`);
    expect([nobody.exitCode, nobody.stderr]).toStrictEqual([69, expect.stringContaining('nothing is listening there')]);
    expect((await restore(`${kept}-2`, '--check')).stderr).toContain('no backup in it');
    const strange = await backup('ftp://127.0.0.1', `${kept}-2`);
    expect([strange.exitCode, strange.stderr]).toStrictEqual([
      2,
      expect.stringContaining('is not the address of a node'),
    ]);
  });

  it('that was altered, mixed up or cut short is refused, and leaves nothing behind', async () => {
    const { kept, data } = await places();
    const leader = await cluster.leader();
    await leader.client.load('c', documents);
    expect((await backup(leader.url, kept)).exitCode).toBe(0);
    const refusalOf = async (spoil: (directory: string) => Promise<unknown>): Promise<string> => {
      const spoiled = `${kept}-spoiled`;
      await rm(spoiled, { recursive: true, force: true });
      await cp(kept, spoiled, { recursive: true });
      await spoil(spoiled);
      const [checked, restored] = [await restore(spoiled, '--check'), await restore(spoiled, '--data', data)];
      expect([checked.exitCode, restored.exitCode, restored.stdout]).toStrictEqual([1, 1, '']);
      expect(restored.stderr).toBe(checked.stderr);
      expect(await readdir(join(data, '..'))).not.toContain('data');
      expect(await readdir(join(data, '..'))).not.toContain('data.restoring');
      return restored.stderr;
    };
    const [first, second] = ['000001.ndjson.gz', '000002.ndjson.gz'];
    const flipped = await refusalOf(async (directory) => {
      const bytes = await readFile(join(directory, first));
      bytes[bytes.length >> 1]! ^= 1;
      await writeFile(join(directory, first), bytes);
    });
    expect(flipped).toMatch(/000001\.ndjson\.gz cannot be read|is not to be believed/);
    const swapped = await refusalOf(async (directory) => {
      await rename(join(directory, first), join(directory, 'other'));
      await rename(join(directory, second), join(directory, first));
      await rename(join(directory, 'other'), join(directory, second));
    });
    expect(swapped).toContain('page 1 is not of this backup');
    expect(await refusalOf((directory) => rm(join(directory, second)))).toContain('000002.ndjson.gz cannot be read');
    expect(await refusalOf((directory) => rm(join(directory, 'record')))).toContain('record cannot be read');
    expect(await refusalOf((directory) => writeFile(join(directory, 'backup.json'), '{}'))).toContain('backup.json');
  });
});

describe('a restored leader', () => {
  it('is followed by those who have more, or less, from where their histories part', async () => {
    const { kept, data } = await places();
    const leader = await cluster.leader();
    const [ahead, behind] = [await cluster.follower(leader), await cluster.follower(leader)];
    await put(leader, 'kept', 'first');
    await behind.caughtUpWith(leader);
    await behind.stop();
    const once = { 'idempotency-key': 'once' };
    const first = await put(leader, 'once', 'kept', once);
    expect((await backup(leader.url, kept)).exitCode).toBe(0);
    const lost = await put(leader, 'lost', 'since');
    await put(leader, 'kept', 'changed since');
    await ahead.caughtUpWith(leader);
    await leader.kill();
    const restored = await restore(kept, '--data', data, '--peers', ahead.url, '--json');
    expect(restored.exitCode).toBe(0);
    expect(JSON.parse(restored.stdout)).toMatchObject({ offset: 3, mayBeLost: { upTo: 4, members: [ahead.url] } });
    const again = await cluster.leader({}, { data, port: Number(new URL(leader.url).port) });
    await behind.start();
    for (const follower of [ahead, behind]) await follows(follower, again);
    expect((await runSkein(['verify', ahead.url, behind.url])).exitCode).toBe(0);
    expect((await runSkein(['verify', again.url, ahead.url])).exitCode).toBe(0);
    expect(ahead.log).toMatch(/diverged: the histories may agree up to offset 2/);
    const shown = await runSkein(['rescue', 'list', '--data', ahead.data]);
    expect(shown.stdout).toMatch(/2 changes, 3 to 4 of 1-\w+, left behind by 2-\w+/);
    // What a client was told of the history that is gone is nobody's position any more.
    const token = { 'skein-min-position': lost.json.position };
    const read = await ahead.client.get('/v1/collections/c/kept', token);
    expect([read.status, read.json.code]).toStrictEqual([412, 'write_lost']);
    expect((await ahead.client.get('/v1/collections/c/kept')).json).toBe('first');
    const repeated = await put(again, 'once', 'kept', once);
    expect([repeated.headers['idempotent-replayed'], repeated.json.position]).toStrictEqual([
      'true',
      first.json.position,
    ]);
  });

  it('is followed by itself by those who refused the copy of an old directory before', async () => {
    const { kept, data } = await places();
    const leader = await cluster.leader();
    const follower = await cluster.follower(leader, { 'ping-interval': '1s' });
    await put(leader, 'a', 1);
    expect((await backup(leader.url, kept)).exitCode).toBe(0);
    await leader.stop();
    const old = `${data}-old`;
    await cp(leader.data, old, { recursive: true });
    await leader.start();
    await put(leader, 'a', 2);
    await follower.caughtUpWith(leader);
    await leader.kill();
    const port = Number(new URL(leader.url).port);
    const rolledBack = await cluster.leader({}, { data: old, port });
    await until('it is refused', async () => (await follower.status()).replication.phase === 'refused');
    await rolledBack.kill();
    expect((await restore(kept, '--data', data, '--peers', follower.url)).exitCode).toBe(0);
    const restored = await cluster.leader({}, { data, port });
    await follows(follower, restored);
    expect((await follower.client.get('/v1/collections/c/a')).json).toBe(1);
  });

  it('takes the place of a whole set, and the members that are left follow it', async () => {
    const { kept, data } = await places();
    const [a, b, c] = (await startMembers(cluster, { 'min-replicas': 1 })) as [NodeProcess, NodeProcess, NodeProcess];
    await put(a, 'x', 'kept');
    for (const node of [b, c]) await node.caughtUpWith(a);
    expect((await backup(c.url, kept)).exitCode).toBe(0);
    await put(a, 'x', 'since');
    await a.kill();
    expect((await b.client.post('/v1/admin/promote', {})).status).toBe(200);
    await put(b, 'x', 'of epoch 2');
    const peers = [b.url, c.url].join(',');
    const restored = await restore(kept, '--data', data, '--peers', peers, '--node-id', 'member-4');
    expect([restored.exitCode, restored.stdout]).toStrictEqual([0, expect.stringContaining('epoch 3-')]);
    const flags = { peers, 'min-replicas': 1 };
    const again = await cluster.leader(flags, { data, port: Number(new URL(a.url).port) });
    for (const node of [b, c]) await follows(node, again);
    expect((await put(again, 'y', 'of epoch 3')).status).toBe(201);
    for (const node of [b, c]) await node.caughtUpWith(again);
    for (const node of [b, c]) expect((await node.client.get('/v1/collections/c/x')).json).toBe('kept');
    expect((await runSkein(['rescue', 'list', '--data', b.data])).stdout).toMatch(/left behind by 3-/);
  });

  it('is not made while a peer is silent, or of another log, nor where something is', async () => {
    const { kept, data } = await places();
    const [leader, other] = [await cluster.leader(), await cluster.leader()];
    await put(leader, 'a', 1);
    expect((await backup(leader.url, kept)).exitCode).toBe(0);
    const silent = await restore(kept, '--data', data, '--peers', `http://127.0.0.1:${await freePort()}`);
    expect([silent.exitCode, silent.stderr]).toStrictEqual([69, expect.stringContaining('did not say which epochs')]);
    const foreign = await restore(kept, '--data', data, '--peers', other.url);
    expect([foreign.exitCode, foreign.stderr]).toStrictEqual([1, expect.stringContaining('has another log')]);
    const nowhere = await restore(kept);
    expect([nowhere.exitCode, nowhere.stderr]).toStrictEqual([2, expect.stringContaining('--data')]);
    await mkdir(data);
    await writeFile(join(data, 'something'), '');
    const full = await restore(kept, '--data', data);
    expect([full.exitCode, full.stderr]).toStrictEqual([2, expect.stringContaining('is not empty')]);
  });
});

function offsetOf(position: string): number {
  return Number(position.split('.', 1)[0]);
}
