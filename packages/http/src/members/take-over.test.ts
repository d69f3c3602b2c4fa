import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classicLevel, Store } from '@skein/core';
import { parsePosition } from '@skein/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import type { LinkAnswer, LinkRequest, NodeLink } from '../link/node-link.ts';
import { goOnTo } from './take-over.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function storeOf(role: 'leader' | 'follower', node: string): Promise<Store> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-members-'));
  closers.push(() => rm(directory, { recursive: true }));
  const store = await Store.open({ level: classicLevel(directory), role, node });
  closers.push(() => store.close());
  return store;
}

/** Serves one record of a store at a time. */
function linkTo(store: Store): NodeLink {
  const request = async ({ path }: LinkRequest): Promise<LinkAnswer> => {
    const { offset } = parsePosition(new URL(path, 'http://node').searchParams.get('since')!);
    const { records } = await store.readLog(offset, { changesMax: 1, bytesMax: 1 });
    const bytes = Buffer.concat(records.map((record) => record.bytes));
    return { status: 200, headers: {}, body: { bytes: async () => bytes } as unknown as LinkAnswer['body'] };
  };
  return { request, close: async () => undefined };
}

/** Two nodes of one log, of which the second has the first two changes of three. */
async function twoNodes() {
  const more = await storeOf('leader', 'more');
  for (let i = 0; i < 3; i++) await more.collection('c').put('k', i);
  const less = await storeOf('follower', 'less');
  const { records } = await more.readLog(0, { changesMax: 2, bytesMax: 1024 });
  await less.apply(more.facts.identity.log!, records);
  return { more, less };
}

describe('a candidate that lacks something', () => {
  it('goes on to where another node ends, over as many pages as there are', async () => {
    const { more, less } = await twoNodes();
    for (let i = 0; i < 5; i++) await more.collection('c').put('k', i);
    await goOnTo(less, more.facts.head, linkTo(more), 'http://more');
    expect(less.facts.head).toStrictEqual(more.facts.head);
  });

  it('does not take a longer history for that of a newer epoch, which may be a shorter one', async () => {
    const { more, less } = await twoNodes();
    await less.leadership.promise({ counter: 2, to: 'less' });
    await less.leadership.lead({ counter: 2, reason: 'promoted' });
    for (let i = 0; i < 5; i++) await more.collection('c').put('k', i);
    const going = goOnTo(more, less.facts.head, linkTo(less), 'http://less');
    await expect(going).rejects.toMatchObject({ code: 'promotion_refused', details: { promote: 'http://less' } });
  });
});
