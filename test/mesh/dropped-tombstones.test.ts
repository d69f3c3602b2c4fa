/* What comes in late, of documents whose tombstones everybody has passed. */
import type { MergeChange } from '@skein/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DroppedTombstones } from '../../packages/mqtt/src/mesh/tombstones/dropped-tombstones.ts';
import { deletedLine, Mesh, putLine, type TestNode } from './mesh-kit.ts';

const DAY_MS = 24 * 3_600_000;

let net: Mesh;
let a: TestNode;
let old: number;

beforeEach(async () => {
  net = new Mesh();
  a = await net.start('a');
  old = net.wall - 2 * DAY_MS;
  await new DroppedTombstones(a.store).dropTo(old + 100);
});
afterEach(() => net.close());

describe('a deletion', () => {
  it('is passed over where nothing is', async () => {
    expect(await a.send(deletedLine('k', old))).toMatchObject({ taken: 0, passed_over: 1 });
    expect(await a.send(deletedLine('k', old + 101))).toMatchObject({ taken: 1 });
  });

  it.each([
    ['before', () => [putLine('k', old), deletedLine('k', old + 1)]],
    ['behind', () => [deletedLine('k', old + 1), putLine('k', old)]],
  ])('is taken where what it deletes comes with it, %s it', async (_where, linesOf) => {
    await a.send(...linesOf());
    expect(await a.contents()).toStrictEqual({ '$tombstones/c/k': null });
  });

  it('is taken where what it deletes has come', async () => {
    await a.send(putLine('k', old));
    await a.send(deletedLine('k', old + 1), deletedLine('other', old));
    expect(await a.contents()).toStrictEqual({ '$tombstones/c/k': null });
  });
});

describe('a write that a broker brings', () => {
  const write = (key: string, ms: number): MergeChange => ({
    collection: 'c',
    key,
    stamp: { ms, node: 'device', incarnation: 'x', seq: 1 },
    over: null,
    valueText: '1',
  });

  it('is left to comparing where it may have been deleted, and nothing is here that knows', async () => {
    await a.send(putLine('there', old));
    await a.hear(write('k', old), write('there', old + 1), write('young', old + 101));
    expect(await a.contents()).toStrictEqual({ 'c/there': 1, 'c/young': 1 });
    expect((await a.status()).merged.broker).toStrictEqual({ taken: 2, known: 0, passed_over: 1 });
    // A node that has it is believed: nobody has deleted it there.
    await a.send(putLine('k', old));
    expect(await a.contents()).toHaveProperty('c/k');
  });
});
