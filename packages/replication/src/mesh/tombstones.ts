import type { Slot } from '../slots.ts';

/** An unknown peer may have been away for long, and yet be back. */
export const TOMBSTONE_MS_MIN = 86_400_000;

/** A node that this one was told of. */
interface KnownPeer {
  readonly url: string;
  /** Null while it has not said who it is. */
  readonly node: string | null;
  /** Up to where it was found, by comparing, to have all of this node's log: one that reads no feed acknowledges nothing. */
  readonly comparedTo: number;
}

/** Who has to have passed a tombstone before it may go. */
export interface Audience {
  /** Everybody who has named himself to this node. */
  readonly slots: readonly Pick<Slot, 'id' | 'applied'>[];
  readonly peers: readonly KnownPeer[];
  /** Those that a broker has brought something of: whether they have passed anything, they do not say to this node. */
  readonly heard: Iterable<string>;
}

/** The offset up to which all of them have everything: what is deleted before it they will not bring back. */
export function passedByAll(audience: Audience): number {
  return Math.min(...passedByEach(audience).values());
}

/** Those who have not come to an offset: nodes, and addresses of those that have not been heard of. */
export function waitedFor(offset: number, audience: Audience): readonly string[] {
  return [...passedByEach(audience)].filter(([, passed]) => passed < offset).map(([name]) => name);
}

/**
 * The same without those that are only heard through a broker. Where a peer has dropped a tombstone, whom that one knew has passed
 * it, and they are asked no more.
 */
export function passedByAllWhoSay(audience: Audience): number {
  return passedByAll({ ...audience, heard: [] });
}

function passedByEach({ slots, peers, heard }: Audience): ReadonlyMap<string, number> {
  const passed = new Map(slots.map(({ id, applied }) => [id, applied.offset]));
  for (const { url, node, comparedTo } of peers) {
    if (node === null) passed.set(url, 0);
    else if (!passed.has(node)) passed.set(node, comparedTo);
  }
  for (const node of heard) if (!passed.has(node)) passed.set(node, 0);
  return passed;
}

/** Whether a tombstone, in the log at an offset and made at a time, may go. */
export function isTombstoneDue(
  tombstone: { readonly offset: number; readonly ms: number },
  passed: number,
  wallMs: number,
): boolean {
  return tombstone.offset <= passed && wallMs - tombstone.ms > TOMBSTONE_MS_MIN;
}

/**
 * What all of them have had for some time. Who acknowledges may have told others before that of what was deleted, and those may
 * have brought it on: they hear of the deletion meanwhile, as long as there is a tombstone.
 */
export class PassedForLong {
  readonly #restMs: number;
  /** The first is the last of those that are long enough ago. */
  #seen: readonly { readonly atMs: number; readonly passed: number }[] = [];

  constructor(restMs: number) {
    this.#restMs = restMs;
  }

  /** Up to where all of them had everything whenever it was looked, for so long; nothing where it has not been looked for so long. */
  see(passed: number, atMs: number): number {
    const seen = [...this.#seen, { atMs, passed }];
    const begin = seen.findLastIndex((one) => atMs - one.atMs >= this.#restMs);
    this.#seen = seen.slice(Math.max(begin, 0));
    return begin === -1 ? 0 : Math.min(...this.#seen.map((one) => one.passed));
  }
}
