import type { MergeChange, Store } from '@skein/core';
import { isNodeId } from '@skein/protocol';

const NAME = 'heard nodes';
/** More are not remembered; what waits for these waits for them, too. */
const NODES_MAX = 10_000;

/** The nodes that a broker has brought something of. They are remembered, since each of them may bring back what was deleted. */
export class HeardNodes {
  readonly #store: Store;
  readonly #nodes = new Set<string>();
  #isLoaded = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** As far as they have been read, or heard since. */
  get all(): Iterable<string> {
    return this.#nodes;
  }

  async load(): Promise<void> {
    if (this.#isLoaded) return;
    for (const node of ((await this.#store.note(NAME)) ?? '').split(' ')) if (isNodeId(node)) this.#nodes.add(node);
    this.#isLoaded = true;
  }

  /** Durable when it resolves. */
  async hear(changes: readonly MergeChange[]): Promise<void> {
    await this.load();
    const before = this.#nodes.size;
    const self = this.#store.facts.identity.node;
    for (const { stamp } of changes)
      if (stamp.node !== self && this.#nodes.size < NODES_MAX) this.#nodes.add(stamp.node);
    if (this.#nodes.size > before) await this.#save();
  }

  /** It will not come back. Whether it was one of them. */
  async forget(node: string): Promise<boolean> {
    await this.load();
    if (!this.#nodes.delete(node)) return false;
    await this.#save();
    return true;
  }

  #save(): Promise<void> {
    return this.#store.saveNote(NAME, [...this.#nodes].join(' '));
  }
}
