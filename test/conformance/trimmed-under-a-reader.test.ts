import { Store, systemClock } from '@skein/core';
import { Leader } from '@skein/leader';
import { formatPosition } from '@skein/protocol';
import { aloneWith, createMemoryLevel } from '@skein/testing';
import { expect, it } from 'vitest';

const RETENTION = { changesMin: 1000, bytesMax: 1e9, silenceMsMax: 1e9 };

it('a reader whose place on the log is trimmed while its page is read is told so, and gets no page with a gap', async () => {
  const { level } = await createMemoryLevel();
  const store = await Store.open({ level, role: 'leader', node: 'n', clock: systemClock });
  for (let i = 1; i <= 10; i++) await store.collection('c').put(`k${i}`, i);
  const leader = new Leader({
    store,
    membership: aloneWith(store),
    clock: systemClock,
    random: () => 0.5,
    version: 'test',
    retention: RETENTION,
  });
  const positionAt = store.positionAt.bind(store);
  // The place is found, and then the log goes: between the plan of a page and its reading.
  store.positionAt = async (offset) => {
    const position = await positionAt(offset);
    await store.trim(8);
    return position;
  };
  const answer = await leader.server.app.inject('/v1/changes?since=3');
  expect([answer.statusCode, answer.json<{ code: string; tail: number }>()]).toMatchObject([
    410,
    { code: 'compacted', tail: 8 },
  ]);
  expect((await leader.server.app.inject('/v1/changes?since=7')).json()).toMatchObject({ tail: 8, upToDate: true });
  await leader.stop();
  await store.close();
});

it('a follower that begins gets a snapshot from which the log leads on, not one that is only young', async () => {
  const { level } = await createMemoryLevel();
  const store = await Store.open({ level, role: 'leader', node: 'n', clock: systemClock });
  for (let i = 1; i <= 5; i++) await store.collection('c').put(`k${i}`, i);
  const leader = new Leader({
    store,
    membership: aloneWith(store),
    clock: systemClock,
    random: () => 0.5,
    version: 'test',
    retention: RETENTION,
  });
  const begin = async (id: string) => {
    const headers = { 'skein-follower': id, 'skein-log': store.facts.identity.log! };
    const answer = await leader.server.app.inject({ url: '/v1/snapshot', headers });
    return [answer.statusCode, answer.headers['skein-position']];
  };
  const first = (await leader.server.app.inject('/v1/snapshot')).headers['skein-position'];
  expect(await begin('a')).toStrictEqual([200, first]);
  for (let i = 6; i <= 9; i++) await store.collection('c').put(`k${i}`, i);
  await store.trim(8);
  expect(await begin('b')).toStrictEqual([200, formatPosition(store.facts.head)]);
  await leader.stop();
  await store.close();
});

it('a follower for which the log is trimmed while it is written down is told so before its first page', async () => {
  const { level } = await createMemoryLevel();
  const store = await Store.open({ level, role: 'leader', node: 'n', clock: systemClock });
  for (let i = 1; i <= 5; i++) await store.collection('c').put(`k${i}`, i);
  const leader = new Leader({
    store,
    membership: aloneWith(store),
    clock: systemClock,
    random: () => 0.5,
    version: 'test',
    retention: RETENTION,
  });
  await leader.server.app.inject('/v1/snapshot');
  for (let i = 6; i <= 10; i++) await store.collection('c').put(`k${i}`, i);
  const saveSlots = store.saveSlots.bind(store);
  // It had asked what to keep before this follower came, and has its turn first.
  store.saveSlots = async (slots) => {
    await store.trim(8);
    await saveSlots(slots);
  };
  const headers = { 'skein-follower': 'f', 'skein-log': store.facts.identity.log! };
  const answer = await leader.server.app.inject({ url: '/v1/snapshot', headers });
  expect([answer.statusCode, answer.json<{ code: string }>().code]).toStrictEqual([410, 'compacted']);
  await leader.stop();
  await store.close();
});
