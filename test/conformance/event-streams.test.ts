/*
 * What a node does with its event streams as time goes by: a leader of this process, real connections, and a clock that
 * moves when a test says so.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Store } from '@skein/core';
import { Leader } from '@skein/leader';
import { formatPosition, SkeinError } from '@skein/protocol';
import {
  aloneWith,
  createMemoryLevel,
  EventReader,
  ManualClock,
  until,
  type EventRequest,
  type FeedPage,
} from '@skein/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';

const RETENTION = { changesMin: 1_000_000, bytesMax: 1e9, silenceMsMax: 1e9 };

/** Of forty of these the network keeps less than half for a reader that takes nothing. */
const LARGE = 'x'.repeat(400_000);

let clock: ManualClock;
let store: Store;
let leader: Leader;
let server: Server;
let url: string;
let dice: number;
let readers: EventReader[];

beforeEach(async () => {
  clock = new ManualClock();
  dice = 0.5;
  readers = [];
  const { level } = await createMemoryLevel();
  store = await Store.open({ level, role: 'leader', node: 'n', clock });
  const membership = aloneWith(store);
  leader = new Leader({
    store,
    membership,
    clock,
    random: () => dice,
    version: 'test',
    retention: RETENTION,
  });
  await leader.server.app.ready();
  server = createServer({ keepAliveTimeout: 60_000 }, (request, response) =>
    leader.server.app.routing(request, response),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  for (const reader of readers) reader.close();
  server.closeAllConnections();
  server.close();
  await leader.stop();
  await store.close();
});

async function read(path: string, request?: Partial<EventRequest>): Promise<EventReader> {
  const reader = await EventReader.open(url, { path: `/v1/changes${path}`, ...request });
  readers.push(reader);
  return reader;
}

async function write(count: number, collection = 'c', value: unknown = 1): Promise<string> {
  for (let i = 0; i < count; i++) await store.collection(collection).put(`k${i}`, value as number);
  return formatPosition(store.facts.head);
}

const epoch = (): string => store.facts.history.at(-1)!.epoch;

/** A second at a time, as a node looks at its streams; each look is over before the next. */
async function pass(seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    clock.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What came since a moment ago. */
async function textBehind(reader: EventReader, length: number): Promise<string> {
  await until('something has come', () => reader.text.length > length);
  return reader.text.slice(length);
}

it('a stream begins with where it begins, so that one who asked for now can come back to that place', async () => {
  const position = await write(2);
  const reader = await read('?since=now');
  expect(await textBehind(reader, 0)).toBe(`retry: 1250\nid: ${position}\n\n`);
});

it('a silent stream carries a comment every 15 seconds, and one that is busy none', async () => {
  const reader = await read('?since=now');
  const opening = (await textBehind(reader, 0)).length;
  await pass(13);
  expect(reader.text).toHaveLength(opening);
  await pass(1);
  expect(await textBehind(reader, opening)).toBe(':\n\n');
  await pass(10);
  await write(1);
  const before = (await reader.untilEvents(1)) && reader.text.length;
  await pass(13);
  expect(reader.text).toHaveLength(before);
  await pass(1);
  expect(await textBehind(reader, before)).toBe(':\n\n');
});

it('a filtered reader learns how far it is although nothing matches, and nobody has to look at that again', async () => {
  const reader = await read('?since=0&collections=wanted');
  const opening = (await textBehind(reader, 0)).length;
  const position = await write(3);
  await pass(14);
  expect(await textBehind(reader, opening)).toBe(`id: ${position}\n\n`);
  expect(reader.events).toStrictEqual([]);
  await pass(14);
  expect(await textBehind(reader, opening + `id: ${position}\n\n`.length)).toBe(':\n\n');
});

it('a stream ends after about a minute, when everything has been sent, and its reader comes back at once', async () => {
  const reader = await read('?since=now&collections=wanted');
  dice = 1;
  const later = await read('?since=now');
  const position = await write(3);
  await pass(59);
  expect([reader.end, later.end]).toStrictEqual([undefined, undefined]);
  await pass(1);
  expect(await reader.untilEnd()).toBe('ended');
  expect([reader.lastId, reader.retryMs]).toStrictEqual([position, 200]);
  expect(later.end).toBeUndefined();
  expect(later.changes).toHaveLength(3);
  await pass(12);
  expect(await later.untilEnd()).toBe('ended');
});

it('a reader that takes nothing is cut, has cost no more than a piece, and goes on from its last id', async () => {
  await write(40, 'c', LARGE);
  const slow = await read('?since=0');
  await slow.untilEvents(1);
  slow.pause();
  const made = await until('nothing more is read', () => madeWhileStill());
  expect(made).toBeLessThan(40);
  await pass(16);
  expect(await cuts()).toBe(1);
  await until('no stream is open', async () => (await metric('skein_feed_streams')) === 0);
  const again = await read('?since=0', { lastId: slow.lastId });
  await again.untilEvents(40 - slow.events.length);
  expect([...slow.changes, ...again.changes].map(({ offset }) => offset)).toStrictEqual(
    Array.from({ length: 40 }, (_, i) => i + 1),
  );
});

it('a reader whose place is trimmed away while it does not read is told so, and where the changes are', async () => {
  await write(40, 'c', LARGE);
  const reader = await read('?since=0');
  await reader.untilEvents(1);
  reader.pause();
  await until('nothing more is read', () => madeWhileStill());
  await store.trim(40);
  reader.resume();
  expect(await reader.untilEnd()).toBe('ended');
  const last = reader.events.at(-1)!;
  expect([last.name, JSON.parse(last.data), reader.retryMs]).toMatchObject([
    'reset',
    { code: 'compacted', status: 410, tail: 40, snapshot: '/v1/snapshot' },
    60_000,
  ]);
  expect(last.lastId).toBe(reader.lastId);
});

it.each([
  ['compacted', { status: 410, tail: 8, snapshot: '/v1/snapshot' }, '2'],
  ['diverged', { status: 409, fork: 0 }, () => `9.${epoch()}.0123456789abcdef`],
  ['other_log', { status: 409 }, '1.1-zzzzzzzz.0123456789abcdef'],
  ['ahead', { status: 409 }, '11'],
] as const)(
  'a reader that was lost before it came is told that it is %s, and nothing else',
  async (code, facts, id) => {
    await write(10);
    await store.trim(8);
    const lastId = typeof id === 'string' ? id : id();
    const reader = await read('?since=now', { lastId });
    expect(await reader.untilEnd()).toBe('ended');
    expect(reader.events.map(({ name }) => name)).toStrictEqual(['reset']);
    const problem = JSON.parse(reader.events[0]!.data) as object;
    expect(problem).toMatchObject({ code, ...facts, log: store.facts.identity.log, head: await write(0) });
    expect([reader.lastId, reader.retryMs]).toStrictEqual(['', 60_000]);
    const page = await leader.server.app.inject(`/v1/changes?since=${lastId}`);
    expect([page.statusCode, page.json()]).toStrictEqual([facts.status, problem]);
  },
);

it('a time is refused when older changes are gone, and found when they are not of then', async () => {
  const at = async (ms: number) => leader.server.app.inject(`/v1/changes?since=${new Date(ms).toISOString()}`);
  const times: number[] = [];
  for (let i = 1; i <= 10; i++) {
    clock.advance(10);
    times.push(clock.wall());
    await write(1);
  }
  expect((await at(times[0]! - 1)).json()).toMatchObject({ since: '0' });
  await store.trim(8);
  expect((await at(times[7]!)).json()).toMatchObject({ code: 'compacted', tail: 8 });
  expect((await at(times[7]! + 1)).json<FeedPage>().changes.map(({ offset }) => offset)).toStrictEqual([9, 10]);
  expect((await at(times[8]!)).json<FeedPage>().changes.map(({ offset }) => offset)).toStrictEqual([9, 10]);
  expect((await at(times[9]!)).json<FeedPage>().since).toMatch(/^9\./);
  expect((await at(times[9]! + 1)).json()).toMatchObject({ since: await write(0), changes: [], upToDate: true });
});

it('a stream gets each change once, though it was given a sign of life while that was being read', async () => {
  const reader = await read('?since=now');
  const opening = (await textBehind(reader, 0)).length;
  const readLog = store.readLog.bind(store);
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  store.readLog = async (...given) => held.then(() => readLog(...given));
  await write(1);
  await pass(14);
  expect(await textBehind(reader, opening)).toBe(':\n\n');
  await write(1);
  letGo();
  await reader.untilEvents(2);
  store.readLog = readLog;
  await write(1);
  await reader.untilEvents(3);
  expect(reader.changes.map(({ offset }) => offset)).toStrictEqual([1, 2, 3]);
});

it('a stream outlives that its node cannot read for a moment', async () => {
  const reader = await read('?since=now');
  const readLog = store.readLog.bind(store);
  store.readLog = () => Promise.reject(new SkeinError('starting'));
  await write(1);
  await pass(2);
  expect([reader.events, reader.end]).toStrictEqual([[], undefined]);
  store.readLog = readLog;
  await pass(1);
  await reader.untilEvents(1);
  expect([reader.changes.length, reader.end]).toStrictEqual([1, undefined]);
});

it('all readers of one place are served with one page, and the same one', async () => {
  const some = await Promise.all(Array.from({ length: 50 }, () => read('?since=now')));
  const others = await Promise.all(Array.from({ length: 50 }, () => read('?since=now&collections=d&fields=keys')));
  const before = await metric('skein_feed_pages_made_total');
  await write(1, 'd');
  await Promise.all([...some, ...others].map((reader) => reader.untilEvents(1)));
  expect(await metric('skein_feed_pages_made_total')).toBe(before + 2);
  expect(new Set(some.map(({ events }) => events[0]!.data)).size).toBe(1);
  expect(others[0]!.changes).toStrictEqual([
    { offset: 1, ts: clock.wall(), origin: 'n', collection: 'd', key: 'k0', op: 'put' },
  ]);
});

it('a node that stops ends its streams, those as well that take nothing', async () => {
  await write(40, 'c', LARGE);
  const idle = await read('?since=now');
  const slow = await read('?since=0');
  await slow.untilEvents(1);
  slow.pause();
  await until('nothing more is read', () => madeWhileStill());
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const stopped = leader.stop(() => closed);
  expect(await idle.untilEnd()).toBe('ended');
  await pass(5);
  await stopped;
});

/** Pages made, once that stays the same. */
async function madeWhileStill(): Promise<number | undefined> {
  const before = await metric('skein_feed_pages_made_total');
  await new Promise((resolve) => setTimeout(resolve, 50));
  return (await metric('skein_feed_pages_made_total')) === before ? before : undefined;
}

async function cuts(): Promise<number> {
  return metric('skein_feed_streams_cut_total');
}

async function metric(name: string): Promise<number> {
  const { body } = await leader.server.app.inject('/metrics');
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(body)![1]);
}
