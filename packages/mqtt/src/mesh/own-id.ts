import type { Clock, MergeChange, Store } from '@skein/core';
import type { FastifyBaseLogger } from 'fastify';

/** So long it is said after it was last seen. */
const SAID_MS = 600_000;

/**
 * Notices that another node writes under this one's id: by a change that this process has not made, and that was made since
 * it began. What comes back from before that may be this node's own.
 */
export class OwnId {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #logger: FastifyBaseLogger | undefined;
  readonly #sinceMs: number;
  readonly #incarnations = new Set<string>();
  #seenAtMs: number | null = null;

  constructor(store: Store, clock: Clock, logger: FastifyBaseLogger | undefined) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
    this.#sinceMs = Math.max(clock.wall(), store.facts.headTs ?? 0);
    this.#noteIncarnation();
    store.watch(() => this.#noteIncarnation());
  }

  get isShared(): boolean {
    return this.#seenAtMs !== null && this.#clock.now() - this.#seenAtMs <= SAID_MS;
  }

  look(changes: readonly MergeChange[]): void {
    const { node } = this.#store.facts.identity;
    this.#noteIncarnation();
    const stranger = changes.find(
      ({ stamp }) => stamp.node === node && stamp.ms > this.#sinceMs && !this.#incarnations.has(stamp.incarnation),
    );
    if (stranger === undefined) return;
    if (!this.isShared)
      this.#logger?.error(
        { node, incarnation: stranger.stamp.incarnation },
        "another node writes under this node's id",
      );
    this.#seenAtMs = this.#clock.now();
  }

  /** One is drawn anew whenever the store is opened again. */
  #noteIncarnation(): void {
    const { incarnation } = this.#store;
    if (incarnation !== null) this.#incarnations.add(incarnation);
  }
}
