import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Cluster, freePort, runSkein, until, type CommandOptions } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cluster = new Cluster();
let directory: string;

beforeAll(async () => {
  directory = await cluster.directory();
});
afterAll(() => cluster.close());

async function configFile(name: string, content: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

/** The command fails with this code, says why in one sentence on stderr, and nothing on stdout. */
async function expectFailure(parts: readonly string[], exitCode: number, sentence: RegExp, options?: CommandOptions) {
  const result = await runSkein(parts, { directory, ...options });
  expect([result.exitCode, result.stdout]).toStrictEqual([exitCode, '']);
  expect(result.stderr).toMatch(sentence);
  const [said, ...rest] = result.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('('));
  expect(said).toMatch(/^(skein|error): \S/);
  expect(rest).toStrictEqual([]);
}

describe('a node', () => {
  it('says where it listens as a line of JSON, and stops cleanly on SIGTERM and SIGINT', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const node = await cluster.leader({ 'node-id': 'n-1' });
      const lines = node.log
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines.at(-1)).toMatchObject({ role: 'leader', url: node.url, node: 'n-1', data: node.data, head: 0 });
      process.kill(node.pid, signal);
      expect(await node.ended()).toStrictEqual({ exitCode: 0, signal: undefined });
      expect(node.log.trimEnd().split('\n').at(-1)).toContain('"msg":"stopped"');
    }
  });
});

describe.concurrent('a usage error, exit code 2', () => {
  it.each([
    ['an unknown option', ['leader', '--bogus'], /unknown option '--bogus'/],
    ['an option of the other role', ['leader', '--leader', 'http://x:1'], /unknown option '--leader'/],
    ['an unknown command', ['lead'], /unknown command 'lead'/],
    ['something too much', ['leader', 'extra'], /too many arguments/],
    [
      'a port that is none',
      ['leader', '--port', '65536'],
      /--port must be a whole number from 0 to 65535, not '65536'/,
    ],
    [
      'a duration that is none',
      ['follower', '--leader', 'http://x:1', '--backoff-base', '2'],
      /--backoff-base must be/,
    ],
    ['a size that is none', ['leader', '--write-buffer', '1MB'], /--write-buffer must be a size such as 64MiB/],
    ['an address that is none', ['follower', '--leader', 'localhost:7400'], /--leader must be the address of a node/],
    ['a node id that is none', ['leader', '--node-id', 'a b'], /--node-id must be 1 to 64 of/],
    ['a missing value', ['leader', '--port'], /argument missing/],
    ['a follower without a leader', ['follower'], /a follower needs --leader/],
    ['config of nothing', ['config'], /skein config leader/],
  ])('is %s', async (_, parts, sentence) => {
    await expectFailure(parts, 2, sentence);
  });
});

describe.concurrent('a configuration error, exit code 78', () => {
  it.each([
    ['an unknown key', 'bogus: 1\n', /'bogus' is not an option/],
    ['a value that is none', 'port: -1\n', /port must be a whole number/],
    ['an option that is a list', 'port: [1, 2]\n', /'port' must be a single value/],
    ['no options at all', '- port\n', /must hold options by name/],
    ['something that is not YAML', 'port: "7400\n', /is not YAML/],
  ])('is a file with %s', async (what, content, sentence) => {
    const path = await configFile(`${what.replaceAll(' ', '-')}.yaml`, content);
    await expectFailure(['leader', '--config', path], 78, sentence);
    await expectFailure(['leader'], 78, sentence, { environment: { SKEIN_CONFIG: path } });
  });

  it('is a file that cannot be read', async () => {
    await expectFailure(['leader', '--config', '/nowhere/skein.yaml'], 78, /\/nowhere\/skein\.yaml cannot be read/);
    await expectFailure(['leader', '--config', directory], 78, /cannot be read/);
  });

  it('is an environment with an unknown key or a value that is none', async () => {
    const given = (environment: Record<string, string>): CommandOptions => ({ environment });
    await expectFailure(['leader'], 78, /SKEIN_BOGUS, which is not an option/, given({ SKEIN_BOGUS: '1' }));
    await expectFailure(['leader'], 78, /SKEIN_PORT must be a whole number/, given({ SKEIN_PORT: 'x' }));
  });

  it('is to listen beyond loopback without saying that this is meant', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1']) {
      await expectFailure(['leader', '--host', host, '--port', '0'], 78, /use 127\.0\.0\.1, or say --insecure/);
    }
  });

  it('is a follower of itself', async () => {
    const port = String(await freePort());
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      const parts = ['follower', '--leader', `http://${host}:${port}`, '--port', port];
      await expectFailure(parts, 78, /is the address of this follower itself: give the leader's/);
    }
  });

  it('is a data directory of the other role, or none at all', async () => {
    const leader = await cluster.leader();
    await leader.stop();
    const data = ['--data', leader.data, '--port', '0'];
    await expectFailure(['follower', '--leader', leader.url, ...data], 78, /belongs to a leader; a follower needs one/);
    const file = await configFile('a-file', '');
    await expectFailure(['leader', '--data', file, '--port', '0'], 78, /is not a directory: give --data another/);
    await expectFailure(['leader', '--data', join(file, 'below'), '--port', '0'], 78, /is not a directory/);
  });
});

describe('what may be well another time', () => {
  it('is a port in use, exit code 69', async () => {
    const { url } = await cluster.leader();
    const data = await cluster.directory();
    const parts = ['leader', '--data', data, '--port', new URL(url).port];
    await expectFailure(
      parts,
      69,
      /port \d+ on 127\.0\.0\.1 is in use: stop what listens there, or give --port another/,
    );
  });

  it('is a data directory in use by another process, exit code 75, which does that process no harm', async () => {
    const node = await cluster.leader();
    await expectFailure(['leader', '--data', node.data, '--port', '0'], 75, /is in use by another process: stop it/);
    expect((await node.client.put('/v1/collections/c/k', 1)).status).toBe(201);
  });
});

describe('the configuration', () => {
  const show = async (environment: Record<string, string>, ...flags: string[]): Promise<any> => {
    const { exitCode, stdout } = await runSkein(['config', 'leader', '--json', ...flags], { environment, directory });
    expect(exitCode).toBe(0);
    return JSON.parse(stdout);
  };

  it('is defaults, then the file, then the environment, then flags', async () => {
    const path = await configFile('layers.yaml', 'port: 1001\nnode-id: from-file\ncache: 1MiB\n');
    expect(await show({})).toMatchObject({ port: { value: '7400', source: 'default' } });
    const settings = await show(
      { SKEIN_CONFIG: path, SKEIN_PORT: '1002', SKEIN_NODE_ID: 'from-env' },
      '--port',
      '1003',
    );
    expect(settings).toMatchObject({
      host: { value: '127.0.0.1', source: 'default' },
      cache: { value: '1MiB', source: 'file' },
      'node-id': { value: 'from-env', source: 'environment' },
      port: { value: '1003', source: 'flag' },
    });
  });

  it('takes the file of the flag before that of the environment', async () => {
    const [a, b] = [await configFile('a.yaml', 'port: 1\n'), await configFile('b.yaml', 'port: 2\n')];
    expect((await show({ SKEIN_CONFIG: a }, '--config', b)).port).toStrictEqual({ value: '2', source: 'file' });
  });

  it('may be an empty file', async () => {
    expect((await show({ SKEIN_CONFIG: await configFile('empty.yaml', '# nothing\n') })).port.source).toBe('default');
  });

  it('is printed as YAML that says where each value comes from, and can be given back', async () => {
    const { stdout } = await runSkein(['config', 'follower', '--leader', 'http://127.0.0.1:7400'], { directory });
    expect(stdout).toContain('leader: http://127.0.0.1:7400  # flag\n');
    expect(stdout).toMatch(/^port: "?7401"? {2}# default$/m);
    const path = await configFile('printed.yaml', stdout);
    const again = await runSkein(['config', 'follower', '--config', path], { directory });
    expect(again.exitCode).toBe(0);
    expect(again.stdout.replaceAll('# file', '')).toBe(stdout.replaceAll(/# (?:default|flag)/g, ''));
  });

  it('rules the node that is started with it', async () => {
    const path = await configFile('node.yaml', 'max-value: 1KiB\nlog-level: warn\n');
    const node = await cluster.leader({ config: path }, { environment: { SKEIN_NODE_ID: 'by-environment' } });
    expect((await node.status()).node).toBe('by-environment');
    expect((await node.client.put('/v1/collections/c/k', 'x'.repeat(1023))).status).toBe(413);
    expect(node.log).toBe('');
  });
});

describe('skein status', () => {
  it('shows each node in a table, or as JSON', async () => {
    const leader = await cluster.leader({ 'node-id': 'lead' });
    await leader.client.put('/v1/collections/c/k', 1);
    const follower = await cluster.follower(leader, { 'node-id': 'follow' });
    await follower.caughtUpWith(leader);
    const { exitCode, stdout } = await runSkein(['status', leader.url, follower.url]);
    expect(exitCode).toBe(0);
    const rows = stdout.split('\n').filter((line) => line.includes('http'));
    expect(rows[0]).toMatch(/lead .* leader .* running .* 1\.1-\w{8}\.\w{16} .* 1 .* 0 changes.* │ – +│ http/);
    expect(rows[1]).toMatch(/follow .* follower .* following .* 1\.1-\w{8}\.\w{16} .* 1 .* 0 changes.* │ lead +│ http/);
    const json = JSON.parse((await runSkein(['status', '--json', leader.url])).stdout);
    expect(json).toMatchObject([{ url: leader.url, status: { role: 'leader', node: 'lead' } }]);
  });

  it('shows whom a follower follows: the nodes on its way, or the address it was given when nobody answers there', async () => {
    const leader = await cluster.leader({ 'node-id': 'lead' });
    const first = await cluster.follower(leader, { 'node-id': 'first' });
    const second = await cluster.follower(first, { 'node-id': 'second' });
    const url = `http://127.0.0.1:${await freePort()}`;
    const lonely = await cluster.follower({ url }, { 'node-id': 'lonely' });
    await until('second knows its way', async () => (await second.status()).leader.path?.length === 2);
    const { stdout } = await runSkein(['status', second.url, lonely.url]);
    expect(stdout).toMatch(/second .* │ first → lead +│ http/);
    expect(stdout).toMatch(new RegExp(`lonely .* │ ${url} +│ http`));
  });

  it('shows how far a follower is with its copy, and that it recovers where there is no telling', async () => {
    const leader = await cluster.leader();
    const status = await leader.status();
    const copy = { step: 'copying', documents: 42, documents_total: 100, seconds_left: 30 };
    const copies = [copy, { ...copy, step: 'verifying', seconds_left: null }, null];
    const replication = { phase: 'recovering', connected: false, last_error: 'compacted: …' };
    const servers = copies.map((each) =>
      createServer((_request, response) => {
        const recovery = { rung: 'copy', code: 'compacted', detail: '…', attempts: 1, copy: each };
        response.end(JSON.stringify({ ...status, role: 'follower', replication: { ...replication, recovery } }));
      }).listen(0, '127.0.0.1'),
    );
    await Promise.all(servers.map((server) => once(server, 'listening')));
    const urls = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const { stdout } = await runSkein(['status', ...urls]);
    for (const server of servers) server.close();
    const states = stdout.split('\n').flatMap((line) => / follower +│ (.*?) +│/.exec(line)?.[1] ?? []);
    expect(states).toStrictEqual(['copying 42 %, about 30 s left', 'verifying', 'recovering']);
  });

  it('is exit code 69 when a node does not answer, and still shows the others', async () => {
    const leader = await cluster.leader();
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const { exitCode, stdout, stderr } = await runSkein(['status', nowhere, leader.url]);
    expect([exitCode, stderr]).toStrictEqual([69, `skein: no status from ${nowhere}`]);
    expect(stdout).toContain('nothing is listening there');
    expect(stdout).toContain('running');
  });
});

describe('help and version', () => {
  it('are data, on stdout', async () => {
    const help = await runSkein(['--help']);
    expect([help.exitCode, help.stderr]).toStrictEqual([0, '']);
    for (const command of ['leader', 'follower', 'status', 'config']) expect(help.stdout).toContain(`  ${command} `);
    const version = await runSkein(['--version']);
    expect([version.exitCode, version.stdout]).toStrictEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
    expect((await runSkein(['follower', '--help'])).stdout).toMatch(
      /--backoff-base <duration>[\s\S]*SKEIN_BACKOFF_BASE/,
    );
  });

  it('come on stderr when nothing was asked', async () => {
    await mkdir(join(directory, 'empty'), { recursive: true });
    const { exitCode, stdout, stderr } = await runSkein([], { directory: join(directory, 'empty') });
    expect([exitCode, stdout]).toStrictEqual([2, '']);
    expect(stderr).toContain('Usage: skein');
  });
});
