/*
 * A program that holds the database itself: typed collections, queries, what happens to documents as it happens, and a
 * follower in the same process.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSkeinError, openDatabase, startFollower, startLeader, type OpenDatabase, type Watched } from 'skein';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

const ORDER = z.object({ customer: z.string(), total: z.number().min(0), paid: z.boolean().default(false) });
interface Order {
  readonly customer: string;
  readonly total: number;
  readonly paid: boolean;
}

let data: string;
const closers: (() => Promise<unknown>)[] = [];
beforeEach(async () => (data = await mkdtemp(join(tmpdir(), 'skein-embedded-'))));
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
  await rm(data, { recursive: true });
});

async function opened(): Promise<OpenDatabase> {
  const db = await openDatabase({ data: join(data, 'db') });
  closers.push(() => db.close());
  return db;
}

/** The code of a refusal. */
const codeOf = (doing: Promise<unknown>) =>
  doing.then(
    () => 'nothing',
    (error: unknown) => (isSkeinError(error) ? error.code : error),
  );

describe('a collection with a schema', () => {
  it('has the types of the schema, fills in what it fills in, and refuses what it refuses', async () => {
    const orders = (await opened()).collection('orders', { schema: ORDER });
    await orders.put('o-1', { customer: 'ann', total: 42 });
    const order = await orders.get('o-1');
    expectTypeOf(order!.value).toEqualTypeOf<{ customer: string; total: number; paid: boolean }>();
    expectTypeOf(orders.put)
      .parameter(1)
      .toEqualTypeOf<{ customer: string; total: number; paid?: boolean | undefined }>();
    expect(order!.value).toStrictEqual({ customer: 'ann', total: 42, paid: false });
    expect(await codeOf(orders.put('o-2', { customer: 'bob', total: -1 }))).toBe('invalid_document');
    // @ts-expect-error a customer is missing
    expect(await codeOf(orders.put('o-2', { total: 1 }))).toBe('invalid_document');
    await orders.patch('o-1', { paid: true });
    expect((await orders.get('o-1'))!.value.paid).toBe(true);
  });

  it('holds every writer to it once it is defined', async () => {
    const db = await opened();
    await db.define('orders', { schema: ORDER, indexes: [{ name: 'by-total', fields: ['total'] }] });
    const untyped = db.collection('orders');
    expect(await codeOf(untyped.put('o-1', { total: 1 }))).toBe('invalid_document');
    expect(await codeOf(untyped.increment('counter'))).toBe('invalid_document');
    expect(await codeOf(db.define('orders', { schema: { type: 'none' } }))).toBe('bad_definition');
    const orders = db.collection<Order>('orders');
    for (const total of [3, 1, 2]) await orders.put(`o-${total}`, { customer: 'ann', total, paid: true });
    await db.indexed();
    expect(db.indexes('orders')).toMatchObject([{ name: 'by-total', state: 'ready' }]);
    const totals: number[] = [];
    for await (const { value } of orders.find('by-total', { from: [2] })) totals.push(value.total);
    expect(totals).toStrictEqual([2, 3]);
    const page = await orders.query('by-total', { limit: 1, reverse: true });
    expect(page.documents.map(({ key }) => key)).toStrictEqual(['o-3']);
    const keys: string[] = [];
    for await (const { key } of orders) keys.push(key);
    expect(keys).toStrictEqual(['o-1', 'o-2', 'o-3']);
    expect(await db.collections()).toContainEqual({ name: 'orders', documents: 3 });
  });

  it('of values that are no JSON refuses them as any other refusal, and stores nothing', async () => {
    const db = await opened();
    expect(await codeOf(db.collection('c').put('k', Number.NaN))).toBe('bad_number');
    expect(await codeOf(db.collection('c').put('.', 1))).toBe('bad_key');
    const operations = [{ op: 'put', collection: 'c', key: 'k', value: [Infinity] }] as const;
    expect(await codeOf(db.transaction(operations))).toBe('bad_number');
    expect(await codeOf(db.transaction([{ op: 'put', collection: '$epochs', key: 'k', value: 1 }]))).toBe(
      'reserved_collection',
    );
    expect(db.store.facts.head.offset).toBe(0);
  });
});

describe('a transaction', () => {
  it('is all or nothing', async () => {
    const db = await opened();
    const put = { op: 'put', collection: 'accounts', key: 'a', value: 10, ifVersion: null } as const;
    const move = { op: 'decrement', collection: 'accounts', key: 'b', by: 3 } as const;
    const { changes } = await db.transaction([put, move]);
    expect(changes.map(({ key, valueText }) => [key, valueText])).toStrictEqual([
      ['a', '10'],
      ['b', '-3'],
    ]);
    expect(await codeOf(db.transaction([move, put]))).toBe('precondition_failed');
    expect((await db.collection<number>('accounts').get('b'))!.value).toBe(-3);
  });
});

describe('a document that is read again and again', () => {
  it('is the one that was written last, however it was written', async () => {
    const db = await opened();
    const c = db.collection<number>('c');
    const read = async () => [(await c.get('k'))?.value, (await c.get('k'))?.value];
    await c.put('k', 1);
    expect(await read()).toStrictEqual([1, 1]);
    await c.increment('k');
    expect(await read()).toStrictEqual([2, 2]);
    await db.transaction([{ op: 'put', collection: 'c', key: 'k', value: 5 }]);
    expect(await read()).toStrictEqual([5, 5]);
    await c.delete('k');
    expect(await read()).toStrictEqual([undefined, undefined]);
    const values: (number | undefined)[] = [];
    for (let i = 0; i < 200; i++) {
      await Promise.all([c.put('k', i), c.get('k')]);
      values.push((await c.get('k'))?.value);
    }
    expect(values).toStrictEqual(Array.from({ length: 200 }, (_, i) => i));
  });
});

describe('watching', () => {
  it('tells what happens to a key or to a prefix, in order, until somebody leaves', async () => {
    const db = await opened();
    const c = db.collection<number>('c');
    const ended = new AbortController();
    const told: Watched<number>[] = [];
    const watching = (async () => {
      for await (const change of c.watch({ prefix: 'a' }, { signal: ended.signal })) {
        told.push(change);
        if (told.length === 3) ended.abort();
      }
    })();
    const one = c.watch({ key: 'a2' });
    const next = one.next();
    await c.put('a1', 1);
    await c.put('b1', 2);
    await db.collection('other').put('a1', 3);
    await c.put('a2', 4);
    await c.delete('a1');
    await watching;
    expect(told.map(({ kind, offset }) => `${kind} ${offset}`)).toStrictEqual(['put 1', 'put 4', 'delete 5']);
    expect((await next).value).toStrictEqual({ kind: 'put', key: 'a2', value: 4, offset: 4 });
    await one.return(undefined);
  });

  it('from a position that the log does not reach back to begins with a reset, and then goes on', async () => {
    const db = await opened();
    const c = db.collection<number>('c');
    for (let i = 0; i < 5; i++) await c.put('k', i);
    const behind = c.watch({}, { since: { offset: 3 } });
    expect([(await behind.next()).value, (await behind.next()).value]).toMatchObject([
      { kind: 'put', offset: 4 },
      { kind: 'put', offset: 5 },
    ]);
    await behind.return(undefined);
    await db.store.trim(5);
    const late = c.watch({}, { since: { offset: 1 } });
    expect((await late.next()).value).toStrictEqual({ kind: 'reset', offset: 5 });
    const next = late.next();
    await c.put('k', 6);
    expect((await next).value).toStrictEqual({ kind: 'put', key: 'k', value: 6, offset: 6 });
    await late.return(undefined);
  });
});

describe('a database of one process', () => {
  it('is the same when it is served to others, who follow it and watch it', async () => {
    const db = await opened();
    await db.define('orders', { schema: ORDER });
    await db.collection('orders', { schema: ORDER }).put('o-1', { customer: 'ann', total: 1 });
    await closers.pop()!();
    const leader = await startLeader({ data: join(data, 'db'), port: 0 });
    closers.push(() => leader.close());
    const follower = await startFollower({ leader: leader.url, data: join(data, 'follower'), port: 0 });
    closers.push(() => follower.close());
    const copies = follower.collection('orders', { schema: ORDER });
    await follower.waitFor(leader.store.facts.head, 20_000);
    expect((await copies.get('o-1'))!.value.total).toBe(1);
    const watched = copies.watch({ key: 'o-1' });
    const next = watched.next();
    await leader.collection('orders', { schema: ORDER }).put('o-1', { customer: 'ann', total: 2 });
    expect((await next).value).toMatchObject({ kind: 'put', value: { customer: 'ann', total: 2, paid: false } });
    expect((await copies.get('o-1'))!.value.total).toBe(2);
    await watched.return(undefined);
    expect(await codeOf(copies.put('o-2', { customer: 'bob', total: 1 }))).toBe('not_leader');
    expect(await codeOf(follower.define('orders', null))).toBe('not_leader');
  });
});
