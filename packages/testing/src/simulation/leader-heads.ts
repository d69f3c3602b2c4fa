import type { TimedEvent } from './history.ts';

/** Where the leader's log has ended, and since when; made of what is told of it. */
export class LeaderHeads {
  readonly #heads: { readonly sinceMs: number; readonly offset: number }[] = [];
  #leader: string | undefined;
  /** Several have led, or one has from a backup: what one has written is not what another has. */
  #hasMoved = false;
  readonly #damaged = new Set<string>();

  /** The newest offset that it has published, in any of its lives. */
  get newest(): number {
    return this.#heads.at(-1)?.offset ?? 0;
  }

  observe(event: TimedEvent): void {
    if (event.kind === 'damaged') this.#damaged.add(event.node);
    if (event.kind === 'restored') this.#hasMoved = true;
    if ((event.kind !== 'started' && event.kind !== 'published') || event.role !== 'leader') return;
    if (this.#leader !== undefined && this.#leader !== event.node) this.#hasMoved = true;
    this.#leader = event.node;
    const { offset } = event.head;
    if (offset > this.newest) this.#heads.push({ sinceMs: event.ms, offset });
  }

  /** What a node has to have that is up to date as of a time: nothing once the leader's disk was damaged, which may end before. */
  at(ms: number): number {
    const isSound = !this.#hasMoved && this.#leader !== undefined && !this.#damaged.has(this.#leader);
    return isSound ? (this.#heads.findLast(({ sinceMs }) => sinceMs <= ms)?.offset ?? 0) : 0;
  }
}
