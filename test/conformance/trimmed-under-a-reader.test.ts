import { Store, systemClock } from '@skein/core';
import { Leader } from '@skein/leader';
import { createMemoryLevel } from '@skein/testing';
import { expect, it } from 'vitest';

const RETENTION = { changesMin: 1000, bytesMax: 1e9, silenceMsMax: 1e9 };

it('a reader whose place on the log is trimmed while its page is read is told so, and gets no page with a gap', async () => {
  const { level } = await createMemoryLevel();
  const store = await Store.open({ level, role: 'leader', node: 'n', clock: systemClock });
  for (let i = 1; i <= 10; i++) await store.collection('c').put(`k${i}`, i);
  const leader = new Leader({ store, clock: systemClock, version: 'test', retention: RETENTION });
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
