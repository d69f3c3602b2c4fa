import type { Clock, MergeChange } from '@skein/core';
import type { Stamp } from '@skein/protocol';
import { isTooFarAhead, msAhead } from '@skein/replication';
import type { FastifyBaseLogger } from 'fastify';

/** So long a clock that was seen to be wrong is said to be; silent for longer, it begins anew. */
const EPISODE_MS = 600_000;
const NODES_MAX = 1000;

export interface QuarantineParts {
  readonly clock: Clock;
  readonly driftMsMax: number;
  readonly logger?: FastifyBaseLogger | undefined;
}

interface LastAhead {
  readonly node: string;
  readonly ms: number;
  readonly stampMs: number;
  readonly atMs: number;
  readonly atWallMs: number;
}

/** Keeps out what was made too far ahead of this node's clock, and knows whose clock that was. */
export class Quarantine {
  readonly #parts: QuarantineParts;
  /** When each node's clock was last seen to be ahead, the longest ago first. */
  readonly #nodes = new Map<string, number>();
  #count = 0;
  #last: LastAhead | null = null;

  constructor(parts: QuarantineParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#count;
  }

  /** The last one that was kept out, whenever that was. */
  get last(): { readonly node: string; readonly ms: number; readonly atWallMs: number } | null {
    return this.#last;
  }

  /** The last one, while that was not long ago, and as long as it would still be kept out. */
  get alarm(): { readonly node: string; readonly ms: number } | null {
    const last = this.#last;
    if (last === null || !this.#isAhead({ ms: last.stampMs })) return null;
    return this.#parts.clock.now() - last.atMs <= EPISODE_MS ? last : null;
  }

  /** Those that may be merged now. */
  admit(changes: readonly MergeChange[]): readonly MergeChange[] {
    const admitted = changes.filter(({ stamp }) => !this.#isAhead(stamp));
    if (admitted.length === changes.length) return changes;
    for (const { stamp } of changes) if (this.#isAhead(stamp)) this.saw(stamp);
    this.#count += changes.length - admitted.length;
    return admitted;
  }

  /** There is one somewhere: it was not sent, and is not counted. */
  saw({ node, ms }: Stamp): void {
    const { clock, logger } = this.#parts;
    const atMs = clock.now();
    const ahead = msAhead(ms, clock.wall());
    const before = this.#nodes.get(node);
    this.#last = { node, ms: ahead, stampMs: ms, atMs, atWallMs: clock.wall() };
    this.#nodes.delete(node);
    this.#nodes.set(node, atMs);
    if (this.#nodes.size > NODES_MAX) this.#nodes.delete(this.#nodes.keys().next().value!);
    if (before === undefined || atMs - before > EPISODE_MS)
      logger?.warn({ node, aheadMs: ahead }, 'the clock of a node is too far ahead: what it writes is not merged now');
  }

  #isAhead({ ms }: Pick<Stamp, 'ms'>): boolean {
    return isTooFarAhead(ms, this.#parts.clock.wall(), this.#parts.driftMsMax);
  }
}
