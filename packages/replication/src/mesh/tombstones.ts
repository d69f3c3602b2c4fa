import type { Slot } from '../slots.ts';

/** An unknown peer may have been away for long, and yet be back. */
export const TOMBSTONE_MS_MIN = 86_400_000;

/** Who has to have passed a tombstone before it may go. */
export interface Audience {
  /** Everybody who has named himself to this node. */
  readonly slots: readonly Pick<Slot, 'id' | 'applied'>[];
  /** The nodes that this one was told of; null for one that has not said who it is. */
  readonly peers: readonly { readonly url: string; readonly node: string | null }[];
}

/** The offset up to which all of them have everything: what is there they will not bring back. */
export function passedByAll({ slots, peers }: Audience): number {
  const known = new Set(slots.map(({ id }) => id));
  if (peers.some(({ node }) => node === null || !known.has(node))) return 0;
  return slots.reduce((passed, { applied }) => Math.min(passed, applied.offset), Infinity);
}

/** Those who have not come to an offset: nodes, and addresses of those that have not been heard of. */
export function waitedFor(offset: number, { slots, peers }: Audience): readonly string[] {
  const known = new Set(slots.map(({ id }) => id));
  const behind = slots.filter(({ applied }) => applied.offset < offset).map(({ id }) => id);
  const absent = peers.flatMap(({ url, node }) => (node !== null && known.has(node) ? [] : [node ?? url]));
  return [...new Set([...behind, ...absent])];
}

/** Whether a tombstone, in the log at an offset and made at a time, may go. */
export function isTombstoneDue(
  tombstone: { readonly offset: number; readonly ms: number },
  passed: number,
  wallMs: number,
): boolean {
  return tombstone.offset <= passed && wallMs - tombstone.ms > TOMBSTONE_MS_MIN;
}
