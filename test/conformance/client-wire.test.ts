/*
 * The client depends on nothing, so what it knows of the wire it says again. Here it is held to what the nodes say: at run time
 * and, where it is about types, by `npm run check:types`.
 */
import {
  connect,
  type Change,
  type ChangeEvent,
  type Collection,
  type Document,
  type NodeErrorCode,
} from '@skein/client';
import { HEADERS, LIMITS, MEDIA_TYPES, type Change as LineOfChange, type ErrorCode } from '@skein/protocol';
import { expectTypeOf, describe, expect, it } from 'vitest';
import * as wire from '../../packages/client/src/wire.ts';

interface Order {
  readonly total: number;
  readonly customer: { readonly name: string; readonly vip?: boolean };
  readonly items: readonly string[];
}

describe('the client', () => {
  it('knows the names and limits of the wire', () => {
    expect(HEADERS).toMatchObject(wire.HEADERS);
    expect(MEDIA_TYPES).toMatchObject(wire.MEDIA_TYPES);
    expect(wire.WAIT_SECONDS_MAX).toBe(LIMITS.waitSecondsMax);
  });

  it('knows every code of an error, and no other', () => {
    expectTypeOf<NodeErrorCode>().toEqualTypeOf<ErrorCode>();
  });

  it('gives changes as they are on the wire', () => {
    expectTypeOf<Omit<Change, 'value'>>().toEqualTypeOf<Omit<LineOfChange, 'value'>>();
    expectTypeOf<keyof Change>().toEqualTypeOf<keyof LineOfChange>();
  });
});

describe('a typed collection', () => {
  const db = connect('http://127.0.0.1:1');
  const orders = db.collection<Order>('orders');

  it('gives and takes documents of its type', () => {
    expectTypeOf(orders.get).returns.resolves.toEqualTypeOf<Document<Order> | null>();
    expectTypeOf(orders.put).parameter(1).toEqualTypeOf<Order>();
    expectTypeOf(orders.documents()).toEqualTypeOf<AsyncGenerator<Document<Order>, void, undefined>>();
    expectTypeOf(orders.changes()).toEqualTypeOf<AsyncGenerator<ChangeEvent<Order>, void, undefined>>();
    expectTypeOf(db.collection('any').get).returns.resolves.toEqualTypeOf<Document<unknown> | null>();
  });

  it('takes patches of parts of it, and null for what is to go', () => {
    type Patch = Parameters<Collection<Order>['patch']>[1];
    expectTypeOf<{ total: 1 }>().toExtend<Patch>();
    expectTypeOf<{ customer: { vip: null } }>().toExtend<Patch>();
    expectTypeOf<{ items: ['a'] }>().toExtend<Patch>();
    expectTypeOf<{ total: 'much' }>().not.toExtend<Patch>();
    expectTypeOf<{ items: [1] }>().not.toExtend<Patch>();
  });

  it('takes only values of its type in a transaction', () => {
    const transaction = db.transaction();
    const order: Order = { total: 1, customer: { name: 'a' }, items: [] };
    transaction.put(orders, 'o-1', order).patch(orders, 'o-1', { total: 2 });
    // @ts-expect-error the total is a number
    transaction.put(orders, 'o-2', { ...order, total: 'much' });
  });

  it('tells the kinds of events apart', () => {
    const event = {} as ChangeEvent<Order>;
    if (event.kind === 'change' && event.change.op === 'put') expectTypeOf(event.change.value).toEqualTypeOf<Order>();
    if (event.kind === 'position') expectTypeOf(event.isLive).toEqualTypeOf<boolean>();
    expectTypeOf(event.kind).toEqualTypeOf<'change' | 'position' | 'offline' | 'reset'>();
  });
});
