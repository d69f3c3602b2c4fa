import type { WriteAsked } from '../history.ts';
import type { Cast } from './cast.ts';
import type { Rng } from '../world/rng.ts';
import type { SimRequest } from '../world/sim-net.ts';

/** Few names, so that everybody meets everybody. */
export const COLLECTIONS = ['orders', 'people'] as const;
export const KEYS = Array.from({ length: 8 }, (_, i) => `k${i}`);
export const COUNTERS = ['n0', 'n1', 'n2'] as const;
export const TEXTS = ['t0', 't1'] as const;

export type Operation = WriteAsked['operations'][number];

interface Written {
  readonly write: WriteAsked;
  readonly request: SimRequest;
}

export type MakeWrite = (
  id: number,
  client: string,
  random: Rng,
  cast: Pick<Cast, 'members' | 'replicasMin' | 'isSet'>,
) => Written;

/** Draws what is done to one document. */
export type DrawOperation = (id: number, random: Rng) => Operation;

/** A write and the request that asks for it. What it puts names it, so that it is known again wherever it appears. */
export const makeWrite: MakeWrite = (id, client, random, cast) => makeWriteOf(oneOperation, id, client, random, cast);

export function makeWriteOf(
  draw: DrawOperation,
  ...[id, client, random, cast]: Parameters<MakeWrite>
): ReturnType<MakeWrite> {
  const isClearing = random.chance(0.03);
  const idempotencyKey = !isClearing && random.chance(0.5) ? `write-${id}` : undefined;
  const operations = isClearing ? deleteAll(random.pick(COLLECTIONS)) : someOperations(draw, id, random);
  const asked = isClearing ? clearing(operations) : requestOf(operations);
  const headers = {
    ...asked.headers,
    ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    ...condition(operations, random),
  };
  // In a set, whoever leads is one of them.
  const others = cast.isSet ? cast.members.length - 1 : cast.members.length;
  const count = others > 0 && random.chance(0.5) ? 1 + random.below(others) : 0;
  const prefer = count === 0 ? {} : { prefer: `replicas=${count}; wait=${1 + random.below(2)}` };
  const replicas = replicasOf(cast, count);
  const write: WriteAsked = { id, client, idempotencyKey, operations, replicas, ...(isClearing ? { isClearing } : {}) };
  return { write, request: { ...asked, headers: { ...headers, ...prefer } } };
}

/** A leader that is itself among them has it beside those that it waits for. */
export function replicasOf(
  { members, replicasMin, isSet }: Pick<Cast, 'members' | 'replicasMin' | 'isSet'>,
  count: number,
): WriteAsked['replicas'] {
  const asked = Math.max(count, replicasMin);
  return asked === 0 ? undefined : { count: isSet ? asked + 1 : asked, members };
}

/** A put without conditions, and with a key, so that it can be sent until it is acknowledged. */
export function makePut(id: number, client: string): Written {
  const idempotencyKey = `write-${id}`;
  const operation: Operation = {
    op: 'put',
    collection: COLLECTIONS[0],
    key: KEYS[0]!,
    valueText: JSON.stringify({ by: String(id), padding: '' }),
  };
  const asked = single(operation);
  const request = { ...asked, headers: { ...asked.headers, 'idempotency-key': idempotencyKey } };
  return { write: { id, client, idempotencyKey, operations: [operation] }, request };
}

function someOperations(draw: DrawOperation, id: number, random: Rng): readonly Operation[] {
  if (!random.chance(0.2)) return [draw(id, random)];
  return Array.from({ length: 2 + random.below(4) }, (_, i) => put(`${id}.${i}`, random));
}

function deleteAll(collection: string): readonly Operation[] {
  return KEYS.map((key) => ({ op: 'delete', collection, key }));
}

export function oneOperation(id: number, random: Rng): Operation {
  const dice = random.unit();
  if (dice < 0.15) return { op: 'delete', ...name(random) };
  if (dice < 0.3) return { op: 'increment', collection: 'counters', key: random.pick(COUNTERS) };
  if (dice < 0.36) return { op: 'append', collection: 'texts', key: random.pick(TEXTS) };
  return put(String(id), random);
}

function put(by: string, random: Rng): Operation {
  // Some are large, so that pages end by their bytes and logs fill.
  const padding = 'x'.repeat(random.chance(0.05) ? 4000 : random.below(60));
  return { op: 'put', ...name(random), valueText: JSON.stringify({ by, padding }) };
}

export function name(random: Rng): { readonly collection: string; readonly key: string } {
  return { collection: random.pick(COLLECTIONS), key: random.pick(KEYS) };
}

/** A few writes want their document to be new, or to be there: atomic conditions under fire. */
function condition(operations: readonly Operation[], random: Rng): Readonly<Record<string, string>> {
  if (operations.length > 1 || operations[0]!.op !== 'put' || !random.chance(0.15)) return {};
  return random.chance(0.5) ? { 'if-none-match': '*' } : { 'if-match': '*' };
}

function requestOf(operations: readonly Operation[]): SimRequest {
  return operations.length > 1 ? transaction(operations) : single(operations[0]!);
}

function clearing([first]: readonly Operation[]): SimRequest {
  const { collection } = first!;
  return { method: 'DELETE', path: `/v1/collections/${collection}?confirm=${collection}`, headers: {} };
}

function single({ op, collection, key, valueText }: Operation): SimRequest {
  const path = `/v1/collections/${collection}/${key}`;
  const headers = { 'content-type': 'application/json' };
  switch (op) {
    case 'put':
      return { method: 'PUT', path, headers, body: Buffer.from(valueText!) };
    case 'delete':
      return { method: 'DELETE', path, headers: {} };
    case 'patch':
      return { method: 'PATCH', path, headers, body: Buffer.from(valueText!) };
    case 'increment':
    case 'decrement':
      return { method: 'POST', path: `${path}/${op}`, headers, body: Buffer.from('{"by":1}') };
    case 'append':
    case 'prepend':
      return { method: 'POST', path: `${path}/${op}`, headers, body: Buffer.from('{"text":"x"}') };
  }
}

function transaction(operations: readonly Operation[]): SimRequest {
  const list = operations.map(
    ({ op, collection, key, valueText }) =>
      `{"op":"${op}","collection":"${collection}","key":"${key}","value":${valueText}}`,
  );
  return {
    method: 'POST',
    path: '/v1/transactions',
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(`{"operations":[${list.join(',')}]}`),
  };
}
