import type { Store } from '@skein/core';
import { START, type IdempotencyLine } from '@skein/protocol';
import type { Expectation } from '@skein/replication';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { follow, TestStores, type TestLeader } from '../../test/leader-kit.ts';
import { CompareLeader, type CompareLeaderOptions } from './compare-leader.ts';
import type { RecoveryOutcome } from './outcome.ts';

const NEVER = new AbortController().signal;

let stores: TestStores;
let leader: TestLeader;
let follower: Store;

beforeEach(async () => {
  stores = new TestStores();
  leader = await stores.leader();
  follower = await stores.open('follower');
  for (let i = 0; i < 5; i++) await leader.store.collection('c').put(`k${i}`, i);
  await follow(leader.store, follower);
  await leader.store.collection('c').put('k1', 'changed');
  await leader.store.collection('c').delete('k2');
  await leader.store.collection('c').put('new', 1);
  await leader.store.trim(leader.store.facts.head.offset);
});

afterEach(() => stores.close());

function compare(
  from: TestLeader,
  expected: Partial<Expectation> = {},
  snapshots: CompareLeaderOptions['snapshots'] = from.snapshots,
): Promise<RecoveryOutcome> {
  const { identity, head } = follower.facts;
  const { api, feed } = from;
  const comparing = new CompareLeader({ store: follower, api, snapshots, feed });
  return comparing.run({ log: identity.log, floor: head, above: null, ...expected }, NEVER);
}

async function valuesOf(store: Store): Promise<readonly unknown[]> {
  return (await store.documents.scan('c')).documents.map(({ key, value }) => [key, value]);
}

describe('a follower that compares itself with its leader', () => {
  it('takes over what differs, says how much that was, and goes on from there', async () => {
    const outcome = await compare(leader);
    expect(outcome).toMatchObject({ kind: 'recovered', position: leader.store.facts.head, documentsMoved: 3 });
    expect(await valuesOf(follower)).toStrictEqual(await valuesOf(leader.store));
    await leader.store.collection('c').put('later', 1);
    await follow(leader.store, follower);
    expect(await valuesOf(follower)).toStrictEqual(await valuesOf(leader.store));
  });

  it('takes nothing of another log', async () => {
    const other = await stores.leader();
    await other.store.collection('c').put('k', 1);
    const before = await valuesOf(follower);
    expect(await compare(other, { floor: null })).toMatchObject({ kind: 'refused', refusal: { code: 'other_log' } });
    expect(await valuesOf(follower)).toStrictEqual(before);
  });

  it('takes nothing older than what it has', async () => {
    const { head } = leader.store.facts;
    const before = await valuesOf(follower);
    const outcome = await compare(leader, { floor: { ...head, offset: head.offset + 1 } });
    expect(outcome).toMatchObject({ kind: 'refused', refusal: { code: 'ahead' } });
    expect(await valuesOf(follower)).toStrictEqual(before);
  });

  it('begins again when what the leader held is gone, with nothing changed until then', async () => {
    const before = await valuesOf(follower);
    leader.instead = ({ method }) => (method === 'POST' ? { status: 410, code: 'snapshot_gone' } : undefined);
    expect(await compare(leader)).toMatchObject({ kind: 'failed', reason: 'snapshot_gone: no' });
    expect(await valuesOf(follower)).toStrictEqual(before);
    leader.instead = () => undefined;
    expect(await compare(leader)).toMatchObject({ kind: 'recovered' });
  });

  it('comes again when the leader says so', async () => {
    leader.instead = () => ({ status: 503, code: 'starting', retryAfterSeconds: 3 });
    expect(await compare(leader)).toMatchObject({ kind: 'failed', retryAfterMs: 3000 });
  });

  it('says in the words of the leader why its log does not lead on', async () => {
    leader.instead = ({ path }) => (path.startsWith('/v1/snapshot') ? { status: 409, code: 'other_log' } : undefined);
    expect(await compare(leader)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('other_log: no') });
  });

  it('fails when the record to go on from is gone, and is tried again', async () => {
    leader.before = async ({ path }) => {
      if (!path.startsWith('/v1/changes')) return;
      leader.before = async () => undefined;
      for (const value of [1, 2]) await leader.store.collection('c').put('k0', value);
      await leader.store.trim(leader.store.facts.head.offset);
    };
    const before = await valuesOf(follower);
    expect(await compare(leader)).toMatchObject({ kind: 'failed' });
    expect(await valuesOf(follower)).toStrictEqual(before);
  });
});

describe('a follower that is corrupt', () => {
  it('has nothing to compare: a copy is to come, not another attempt', async () => {
    await stores.rot(follower, 'k1');
    const outcome = await compare(leader);
    expect(outcome).toMatchObject({
      kind: 'declined',
      reason: expect.stringMatching(/^what is here is corrupt: .*"k1"/),
    });
    expect(follower.state).toBe('corrupt');
  });

  it('is to be copied also when it was found so elsewhere, and the attempt met something else', async () => {
    await stores.rot(follower, 'k1');
    await expect(follower.collection('c').get('k1')).rejects.toThrow('checksum');
    leader.instead = () => ({ status: 503, code: 'starting' });
    expect(await compare(leader)).toMatchObject({ kind: 'declined', reason: expect.stringContaining('"k1"') });
  });
});

describe('a follower that lacks very many idempotency entries', () => {
  it('is to be copied once they are more than are moved in one piece, and asks for no more of them', async () => {
    const before = await valuesOf(follower);
    const pages = pagesOf(leader, 202, []);
    expect(await compare(leader, {}, pages)).toMatchObject({ kind: 'declined' });
    expect(pages.asked).toBe(201);
    expect(await valuesOf(follower)).toStrictEqual(before);
  });

  it('is to be copied as well when they are few and large', async () => {
    const created = Array.from({ length: 15_000 }, (_, i) => i);
    const pages = pagesOf(leader, 2, created);
    expect(await compare(leader, {}, pages)).toMatchObject({ kind: 'declined' });
    expect(pages.asked).toBe(1);
  });

  it('has so much less room for documents that differ', async () => {
    const pages = pagesOf(leader, 200, []);
    expect(await compare(leader, {}, pages)).toMatchObject({ kind: 'declined' });
    expect(pages.asked).toBe(200);
  });
});

/** A leader's snapshot with so many pages of a thousand entries behind its documents. */
function pagesOf(from: TestLeader, count: number, created: IdempotencyLine['created']) {
  const { snapshots } = from;
  const digest = '0'.repeat(32);
  const entry = { keyDigest: digest, requestDigest: digest, offsetFirst: 1, offsetLast: 1, ts: 1, position: START };
  const entries = Array<IdempotencyLine>(1000).fill({ ...entry, created });
  const pages = {
    asked: 0,
    named: snapshots.named.bind(snapshots),
    page: async (...question: Parameters<CompareLeaderOptions['snapshots']['page']>) => {
      const answer = await snapshots.page(...question);
      if (answer.kind !== 'page') return answer;
      const next = ++pages.asked === count ? null : ({ kind: 'entry', offset: pages.asked } as const);
      return { ...answer, lines: { documents: [], entries }, next };
    },
  };
  return pages;
}
