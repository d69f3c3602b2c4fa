import { Store, systemClock } from '@skein/core';
import { Leader } from '@skein/leader';
import { formatPosition, type Position } from '@skein/protocol';
import { aloneWith, createMemoryLevel } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const RETENTION = { changesMin: 1000, bytesMax: 1e9, silenceMsMax: 1e9 };

describe('a write that says for which history it is meant', () => {
  let store: Store;
  let leader: Leader;
  let kept: Position;
  let trimmed: Position;
  beforeAll(async () => {
    const { level } = await createMemoryLevel();
    store = await Store.open({ level, role: 'leader', node: 'n', clock: systemClock });
    leader = new Leader({
      store,
      membership: aloneWith(store),
      clock: systemClock,
      random: () => 0.5,
      version: 'test',
      retention: RETENTION,
    });
    trimmed = (await store.collection('c').put('a', 1)).position;
    for (const key of ['b', 'c']) await store.collection('c').put(key, 1);
    kept = (await store.collection('c').put('d', 1)).position;
    await store.collection('c').put('e', 1);
    await store.trim(4);
  });
  afterAll(async () => {
    await leader.stop();
    await store.close();
  });

  async function written(headers: Readonly<Record<string, string>>): Promise<string> {
    const { offset } = store.facts.head;
    const url = '/v1/collections/c/written';
    const payload = '1';
    const sent = { 'content-type': 'application/json', ...headers };
    const answer = await leader.server.app.inject({ method: 'PUT', url, headers: sent, payload });
    const isWritten = answer.statusCode < 300;
    expect(store.facts.head.offset).toBe(isWritten ? offset + 1 : offset);
    return isWritten ? 'written' : `${answer.statusCode} ${answer.json<{ code: string }>().code}`;
  }

  it.each<[of: string, applied: (position: Position) => Position, outcome: string]>([
    ['what this log has', (position) => position, 'written'],
    ['what this log no longer keeps', () => trimmed, 'written'],
    ['nothing yet', () => ({ offset: 0, epoch: '', hash: '' }), 'written'],
    ['more than this log has', (position) => ({ ...position, offset: 1000 }), '409 ahead'],
    ['something else at the same offset', (position) => ({ ...position, hash: 'f'.repeat(16) }), '409 diverged'],
  ])('from one who has %s', async (_, applied, outcome) => {
    const log = store.facts.identity.log!;
    expect(await written({ 'skein-log': log, 'skein-applied': formatPosition(applied(kept)) })).toBe(outcome);
  });

  it('is refused when it is another log, and taken when it says nothing', async () => {
    expect(await written({ 'skein-log': 'another' })).toBe('409 other_log');
    expect(await written({})).toBe('written');
  });
});
