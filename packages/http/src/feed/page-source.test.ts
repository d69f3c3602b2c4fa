import type { Clock, Store } from '@skein/core';
import { MEDIA_TYPES, START, type Position } from '@skein/protocol';
import { expect, it } from 'vitest';
import type { ServedNode } from '../node.ts';
import type { SloWatch } from '../operations/slo-watch.ts';
import type { PageKey } from './page-key.ts';
import { PageSource } from './page-source.ts';

const EPOCH = '1-00000000';
const headAt = (offset: number): Position => ({ offset, epoch: EPOCH, hash: '0'.repeat(16) });

const KEY: PageKey = {
  since: START,
  from: START,
  limit: 10,
  format: MEDIA_TYPES.json,
  encoding: 'identity',
  filter: undefined,
  fields: 'all',
};

/** A node without changes, whose head moves when the test says so, and tells of it only while it is not stopping. */
class MovingNode {
  head = headAt(1);
  readonly #stopping = new AbortController();
  #tell: () => void = () => undefined;

  readonly served = {
    store: {
      facts: this.#facts(),
      subscribe: (listener: () => void, signal: AbortSignal) => {
        this.#tell = listener;
        signal.addEventListener('abort', () => (this.#tell = () => undefined));
      },
      readLog: async () => ({ records: [], reachedHead: true }),
    } as unknown as Store,
    clock: { now: () => 0 } as Clock,
    stopping: this.#stopping.signal,
    bounds: () => ({ log: 'log', history: [{ epoch: EPOCH, offset: 0 }], head: this.head, tail: 1 }),
  } as unknown as ServedNode;

  moveTo(offset: number): void {
    this.head = headAt(offset);
    Object.assign(this.served.store, { facts: this.#facts() });
    this.#tell();
  }

  stop(): void {
    this.#stopping.abort();
  }

  #facts(): object {
    return { head: this.head, tail: 1, headTs: null };
  }
}

const watch = { observe: () => undefined } as unknown as SloWatch;

it('a page that was made for others is given as long as the head is where it was', async () => {
  const node = new MovingNode();
  const pages = new PageSource(node.served, watch);
  const first = await pages.page(KEY);
  expect(await pages.page(KEY)).toBe(first);
  node.moveTo(2);
  expect(await pages.page(KEY)).not.toBe(first);
  expect(pages.made).toBe(2);
});

it('no page names a head that was, also while a node stops and nobody is told any more', async () => {
  const node = new MovingNode();
  const pages = new PageSource(node.served, watch);
  const first = await pages.page(KEY);
  node.stop();
  node.moveTo(2);
  const second = await pages.page(KEY);
  expect(second).not.toBe(first);
  expect([first, second].map(({ body }) => JSON.parse(body.toString()).head.offset)).toStrictEqual([1, 2]);
});
