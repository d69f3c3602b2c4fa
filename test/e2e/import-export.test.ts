/*
 * `skein import` and `skein export` with real nodes: what was exported and is imported again is the same in every format,
 * what cannot be read is not half written, and what was broken off is gone on with.
 */
import { appendFile, readFile, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Cluster, readFeed, runSkein, SKEIN_BIN, until, type CommandResult, type NodeProcess } from '@skein/testing';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const cluster = new Cluster();
let leader: NodeProcess;
let directory: string;

beforeAll(async () => {
  directory = await cluster.directory();
  leader = await cluster.leader();
});
afterAll(() => cluster.close());

vi.setConfig({ testTimeout: 60_000 });

const run = (...parts: readonly string[]): Promise<CommandResult> => runSkein(parts, { directory, timeoutMs: 50_000 });
const file = (name: string): string => join(directory, name);

async function contentOf(collection: string): Promise<string> {
  const headers = { accept: 'application/x-ndjson' };
  const { text } = await leader.client.get(`/v1/collections/${collection}`, headers);
  return text.replaceAll(/"version":"[^"]+",/g, '');
}

const FIELDS = [
  { n: 1, text: 'x', list: [1, { deep: null }], yes: true },
  { n: 5e-324, text: '007', 'a,"b"': '\r\n', '': '' },
  { big: '12345678901234567890', number: 1.7976931348623157e308, text: '5', none: null, looks: '{}' },
  JSON.parse('{"__proto__":{"a":1},"constructor":"c","😀":"\\u0000"}'),
  {},
];
const ANY = ['text', 7, null, false, [[]], ''];

/** Bodies, so that a name such as `__proto__` is one. */
function linesOf(values: readonly unknown[]): string {
  return values.map((value, i) => `{"key":"k-${i}/ü","value":${JSON.stringify(value)}}\n`).join('');
}

async function load(collection: string, body: string): Promise<void> {
  const headers = { 'content-type': 'application/x-ndjson' };
  const { status } = await leader.client.request('POST', `/v1/collections/${collection}`, { body, headers });
  expect(status).toBe(200);
}

describe('a collection that is exported and imported', () => {
  it.each([
    ['ndjson', [...FIELDS, ...ANY]],
    ['csv', FIELDS],
  ])('as %s is the same', async (extension, values) => {
    await load(`from-${extension}`, linesOf(values));
    const path = file(`round.${extension}`);
    const exported = await run('export', leader.url, `from-${extension}`, path, '--json');
    expect([exported.exitCode, exported.stderr]).toStrictEqual([0, '']);
    expect(JSON.parse(exported.stdout)).toMatchObject({ documents: values.length });
    const imported = await run('import', leader.url, `to-${extension}`, path, '--json');
    expect([imported.exitCode, imported.stderr]).toStrictEqual([0, '']);
    expect(JSON.parse(imported.stdout)).toMatchObject({ documents: values.length, resumed_behind: 0 });
    const sorted = (text: string): string[] => text.split('\n').map((line) => line.split(/[,{}]/).toSorted().join());
    // In a CSV, fields stand in the order of the columns.
    expect(sorted(await contentOf(`to-${extension}`))).toStrictEqual(sorted(await contentOf(`from-${extension}`)));
  });

  it('may be piped, from one node to another and as a whole page', async () => {
    await load('piped', linesOf(ANY));
    const { stdout } = await run('export', leader.url, 'piped');
    const imported = await runSkein(['import', leader.url, 'piped-to'], { input: stdout });
    expect([imported.exitCode, await contentOf('piped-to')]).toStrictEqual([0, await contentOf('piped')]);
    const page = await leader.client.get('/v1/collections/piped', { accept: 'application/x-ndjson' });
    await runSkein(['import', leader.url, 'piped-too'], { input: page.bytes });
    expect(await contentOf('piped-too')).toBe(await contentOf('piped'));
  });
});

describe('nothing is imported of', () => {
  it.each([
    ['a CSV with a ragged row', 'bad.csv', 'key,a\nx,1\ny,2\nz\n', /bad\.csv, line 4: 1 cell, and the header names 2/],
    ['lines of which one is none', 'bad.ndjson', '{"key":"a","value":1}\n{"key":"b"}\n', /bad\.ndjson, line 2: /],
    ['an array that is cut off', 'bad.json', '[{"key":"a","value":1}', /bad\.json, line 1: the file ends/],
  ])('%s', async (_, name, text, sentence) => {
    await writeFile(file(name), text);
    const before = await leader.head();
    const { exitCode, stdout, stderr } = await run('import', leader.url, 'nothing', file(name));
    expect([exitCode, stdout]).toStrictEqual([1, '']);
    expect(stderr).toMatch(sentence);
    expect(await leader.head()).toBe(before);
  });

  it('a CSV with a ragged row that is piped in', async () => {
    const before = await leader.head();
    const parts = ['import', leader.url, 'nothing', '--format', 'csv'];
    const { exitCode, stderr } = await runSkein(parts, {
      input: 'key,a\nx,1\ny\n',
      environment: { TMPDIR: directory },
    });
    expect([exitCode, stderr]).toStrictEqual([1, expect.stringContaining('standard input, line 3: 1 cell')]);
    expect(await leader.head()).toBe(before);
    expect((await readdir(directory)).filter((name) => name.startsWith('skein-import-'))).toStrictEqual([]);
  });

  it.each([
    ['a file that is not there', ['missing.csv'], 2, /there is no file/],
    ['a file whose format is not known', ['round.txt'], 2, /say --format/],
    ['CSV that is not to be read before', ['bad.csv', '--unchecked'], 2, /--unchecked is for NDJSON and JSON/],
  ])('%s', async (_, parts, code, sentence) => {
    const { exitCode, stderr } = await run('import', leader.url, 'nothing', ...parts);
    expect([exitCode, stderr]).toStrictEqual([code, expect.stringMatching(sentence)]);
  });
});

it('an import that does not look before says how far it came', async () => {
  await writeFile(file('some.ndjson'), '{"key":"a","value":1}\n\n{"key":"","value":1}\n');
  const { exitCode, stderr } = await run('import', leader.url, 'some', file('some.ndjson'), '--unchecked');
  expect([exitCode, stderr]).toStrictEqual([1, expect.stringMatching(/some\.ndjson, line 3: .*nothing was imported/)]);
});

/** Stands before the leader, and may keep one of the loads waiting, or drop it. */
class Gate {
  readonly bodies: string[] = [];
  onLoad: (number: number) => 'pass' | 'hold' | 'drop' | Promise<'pass' | 'hold' | 'drop'> = () => 'pass';
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    cluster.atEnd(async () => {
      this.#server.closeAllConnections();
      this.#server.close();
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    if (request.method === 'POST') {
      const what = await this.onLoad(this.bodies.push(body.toString()));
      if (what === 'drop') request.socket.resetAndDestroy();
      if (what !== 'pass') return;
    }
    const headers = request.method === 'POST' ? { 'content-type': 'application/x-ndjson' } : {};
    const answer = await leader.client.request(request.method!, request.url!, { headers, body });
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.bytes);
  }
}

describe('an import that is broken off', () => {
  // Four chunks by their bytes.
  const lines = Array.from({ length: 160 }, (_, i) => `{"key":"k-${i}","value":"${String(i).repeat(40_000)}"}\n`);

  it('by kill -9 goes on behind what was acknowledged, and not with another file', async () => {
    const path = file('large.ndjson');
    await writeFile(path, lines.join(''));
    const gate = new Gate();
    const url = await gate.listen();
    gate.onLoad = (number) => (number === 2 ? 'hold' : 'pass');
    const child = execa(process.execPath, [SKEIN_BIN, 'import', url, 'large', path], { reject: false });
    await until('the second chunk is on its way', () => gate.bodies.length === 2);
    await until('the first is remembered', () => stat(`${path}.skein-import`));
    child.kill('SIGKILL');
    await child;
    const first = gate.bodies[0]!.split('\n').length - 1;
    const resumed = await run('import', url, 'large', path, '--resume', '--json');
    expect([resumed.exitCode, resumed.stderr]).toStrictEqual([0, '']);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ documents: 160 - first, resumed_behind: first });
    expect(gate.bodies[2]!.startsWith(lines[first]!)).toBe(true);
    expect((await contentOf('large')).split('\n').toSorted()).toStrictEqual(lines.join('').split('\n').toSorted());
    await expect(stat(`${path}.skein-import`)).rejects.toThrow('ENOENT');

    const state = { format: 1, sha256: 'another', log: '', collection: '', reading: '', documents: 1, position: '0' };
    await writeFile(`${path}.skein-import`, JSON.stringify(state));
    const refused = await run('import', url, 'large', path, '--resume');
    expect([refused.exitCode, refused.stderr]).toStrictEqual([2, expect.stringContaining('is not what it was')]);
  });

  it('by a cut, or the end of the leader, goes on by itself', async () => {
    const path = file('cut.ndjson');
    await writeFile(path, lines.join(''));
    const gate = new Gate();
    const url = await gate.listen();
    gate.onLoad = async (number) => {
      if (number === 3) {
        await leader.kill();
        await leader.start();
      }
      return number === 2 || number === 3 ? 'drop' : 'pass';
    };
    const { exitCode, stdout } = await run('import', url, 'cut', path);
    expect([exitCode, stdout]).toStrictEqual([0, expect.stringContaining('160 documents imported into cut')]);
    expect((await contentOf('cut')).split('\n')).toHaveLength(161);
  });
});

/** Answers as the leader does, up to so many bytes of documents, and says no more. */
async function servedUpTo(bytes: number): Promise<string> {
  const server = createServer((request, response) => {
    const accept = request.headers.accept ?? 'application/json';
    void leader.client.get(request.url!, { accept }).then((answer) => {
      response.writeHead(answer.status);
      if (request.url!.startsWith('/v1/collections')) response.write(answer.bytes.subarray(0, bytes));
      else response.end(answer.bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cluster.atEnd(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('an export', () => {
  const values = Array.from({ length: 2000 }, (_, i) => `${i} ${'x'.repeat(500)}`);
  const namesOf = async (name: string): Promise<readonly string[]> =>
    (await readdir(directory)).filter((one) => one.startsWith(name)).toSorted();

  beforeAll(() => load('long', linesOf(values)));

  it('that is cut off says so, leaves nothing that looks like all, and is gone on with', async () => {
    const proxy = await cluster.proxy(leader);
    proxy.set({ kind: 'cut', afterBytes: 400_000 });
    const path = file('long.ndjson');
    const { exitCode, stdout, stderr } = await run('export', proxy.url, 'long', path);
    expect([exitCode, stdout]).toStrictEqual([69, '']);
    expect(stderr).toMatch(/was cut off behind \d+ documents.*; --resume goes on/);
    expect(await namesOf('long.')).toStrictEqual(['long.ndjson.part', 'long.ndjson.skein-export']);
    const there = (await readFile(`${path}.part`, 'utf8')).split('\n').length - 1;

    const other = await run('export', leader.url, 'piped', path, '--resume');
    expect([other.exitCode, other.stderr]).toStrictEqual([2, expect.stringContaining('was to hold long')]);
    const part = await run('export', leader.url, 'long', path, '--resume', '--prefix', 'k-1');
    expect([part.exitCode, part.stderr]).toStrictEqual([2, expect.stringContaining('of all keys')]);

    // Written behind the place where it goes on, this is of the later moment.
    await load('long', '{"key":"z","value":"later"}\n');
    const resumed = await run('export', leader.url, 'long', path, '--resume', '--json');
    expect([resumed.exitCode, resumed.stderr]).toStrictEqual([0, '']);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ documents: 2001 - there, resumed_behind: there });
    expect(await readFile(path, 'utf8')).toBe(await contentOf('long'));
    expect(await namesOf('long.')).toStrictEqual(['long.ndjson']);
  });

  it('that is piped and cut off says so', async () => {
    const proxy = await cluster.proxy(leader);
    proxy.set({ kind: 'cut', afterBytes: 400_000 });
    expect((await run('export', proxy.url, 'long')).exitCode).toBe(69);
  });

  it('is gone on with behind kill -9, whatever was written last', async () => {
    const url = await servedUpTo(400_000);
    const path = file('killed.json');
    const child = execa(process.execPath, [SKEIN_BIN, 'export', url, 'long', path], { reject: false });
    await until('it is remembered how far it is', () => stat(`${path}.skein-export`));
    child.kill('SIGKILL');
    await child;
    await appendFile(`${path}.part`, ',\n{"key":"half of');
    const resumed = await run('export', leader.url, 'long', path, '--resume', '--json');
    expect([resumed.exitCode, resumed.stderr]).toStrictEqual([0, '']);
    const exported = (await contentOf('long')).trimEnd().split('\n');
    expect(JSON.parse(await readFile(path, 'utf8'))).toStrictEqual(exported.map((line) => JSON.parse(line) as unknown));
    expect(JSON.parse(resumed.stdout)).toMatchObject({ file: path, resumed_behind: expect.any(Number) });
    expect((JSON.parse(resumed.stdout) as { readonly resumed_behind: number }).resumed_behind).toBeGreaterThan(0);
  });

  it('is not gone on with in another database, nor as CSV, nor where what was written is gone', async () => {
    const proxy = await cluster.proxy(leader);
    proxy.set({ kind: 'cut', afterBytes: 400_000 });
    const path = file('elsewhere.ndjson');
    await run('export', proxy.url, 'long', path);
    const elsewhere = await cluster.leader();
    const other = await run('export', elsewhere.url, 'long', path, '--resume');
    expect([other.exitCode, other.stderr]).toStrictEqual([1, expect.stringContaining('it begins again')]);
    await truncate(`${path}.part`, 10);
    const short = await run('export', leader.url, 'long', path, '--resume');
    expect([short.exitCode, short.stderr]).toStrictEqual([1, expect.stringContaining('is not what was written')]);
    const table = await run('export', leader.url, 'long', file('long.csv'), '--resume');
    expect([table.exitCode, table.stderr]).toStrictEqual([2, expect.stringContaining('NDJSON or JSON')]);
    expect((await run('export', leader.url, 'long', path)).exitCode).toBe(0);
    expect(await readFile(path, 'utf8')).toBe(await contentOf('long'));
  });

  it('does not write over a file unless it is told to', async () => {
    const path = file('there.ndjson');
    await writeFile(path, 'mine');
    const refused = await run('export', leader.url, 'piped', path);
    expect([refused.exitCode, refused.stderr]).toStrictEqual([2, expect.stringContaining('--overwrite')]);
    expect(await readFile(path, 'utf8')).toBe('mine');
    expect((await run('export', leader.url, 'piped', path, '--overwrite')).exitCode).toBe(0);
    expect(await readFile(path, 'utf8')).toBe(await contentOf('piped'));
  });

  it('as CSV refuses what has no columns', async () => {
    const { exitCode, stderr } = await run('export', leader.url, 'piped', file('piped.csv'));
    expect([exitCode, stderr]).toStrictEqual([1, expect.stringContaining('is not an object')]);
    expect((await readdir(directory)).filter((name) => name.startsWith('piped.csv'))).toStrictEqual([]);
  });
});

it('bench leaves the documents of others alone, and none of its own', async () => {
  await load('busy', linesOf(ANY));
  const before = await contentOf('busy');
  const flags = ['--collection', 'busy', '--mode', 'mixed', '--seconds', '1', '--keys', '50', '--json'];
  const { exitCode, stdout, stderr } = await run('bench', leader.url, ...flags);
  expect([exitCode, stderr]).toStrictEqual([0, '']);
  const { kinds, failed } = JSON.parse(stdout);
  expect([kinds.map(({ kind }: { kind: string }) => kind).toSorted(), failed]).toStrictEqual([['get', 'put'], 0]);
  expect(await contentOf('busy')).toBe(before);
  const { changes } = await readFeed(leader.client);
  expect(changes.filter(({ key }) => key.startsWith('skein-bench-')).length).toBeGreaterThan(100);
});

it('demo kills a follower, brings it back, has all nodes at one position, and leaves nothing', async () => {
  const place = await cluster.directory();
  const { exitCode, stdout } = await runSkein(['demo', '--seconds', '5'], {
    environment: { TMPDIR: place },
    timeoutMs: 55_000,
  });
  expect([exitCode, await readdir(place)]).toStrictEqual([0, []]);
  expect(stdout).toMatch(/follower-2 is killed \(kill -9 \d+\)/);
  expect(stdout).toContain('follower-2 is started again');
  expect(stdout).toMatch(/writes; all three nodes have the same at \d+\.1-/);
});
