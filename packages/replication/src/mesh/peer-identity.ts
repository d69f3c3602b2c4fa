/** What an answer says of the node that gave it. */
export interface SaidOfPeer {
  readonly role: string | undefined;
  readonly node: string | undefined;
  /** Null where the answer does not say. */
  readonly log: string | null;
}

/** All nodes may be given the same list of peers, and none can tell its own address in it before it has asked there. */
export const ITSELF = 'it is this node itself';

/** Why a node is no peer of this one, as a sentence about it; null for one that is. */
export function faultOfPeer(
  self: { readonly node: string; readonly log: string | null },
  said: SaidOfPeer,
): string | null {
  const { role, node, log } = said;
  if (role === undefined || node === undefined) return 'what answers there is no node of Skein';
  if (role !== 'mesh') return `it is a ${role} and no node of a mesh`;
  if (node !== self.node) return null;
  return log === self.log ? ITSELF : `it has the id of this node, '${node}', which another one has to have`;
}
