import { isNodeId, LIMITS } from '@skein/protocol';

/** Whom a node follows, as its leader's last answer tells it. */
export interface Upstream {
  /** Node ids, nearest first: what this node tells its own followers in turn. Null means not known. */
  readonly path: readonly string[] | null;
  /** Why nothing is to be taken from there; null when something is. */
  readonly problem: string | null;
}

export const UPSTREAM_UNKNOWN: Upstream = { path: null, problem: null };

/**
 * Judges the way to the leader by the ids on it. A node that comes twice ends the path, since from there on it only repeats:
 * so each node of a cycle tells the next one a path with itself on it, those behind a cycle are told one that has it, and no
 * path grows from one round to the next.
 */
export function upstreamOf(own: string, leader: string | undefined, followedByLeader: string | undefined): Upstream {
  const followed = idsOf(leader, followedByLeader);
  if (followed.length === 0) return UPSTREAM_UNKNOWN;
  const nodes = [own, ...followed];
  const end = nodes.findIndex((node, index) => nodes.indexOf(node) < index);
  if (end !== -1 && end <= LIMITS.upstreamNodesMax)
    return { path: nodes.slice(1, end + 1), problem: cycleSentence(nodes.slice(0, end + 1)) };
  const path = followed.slice(0, LIMITS.upstreamNodesMax);
  return { path, problem: followed.length === path.length ? null : tooLongSentence([own, ...path]) };
}

/** The leader and those it follows, as far as they can be read; what is behind an id that is none is not known. */
function idsOf(leader: string | undefined, followedByLeader: string | undefined): readonly string[] {
  if (leader === undefined) return [];
  const ids = [leader, ...(followedByLeader?.split(',') ?? [])].map((id) => id.trim());
  const unreadable = ids.findIndex((id) => !isNodeId(id));
  return unreadable === -1 ? ids : ids.slice(0, unreadable);
}

function cycleSentence(nodes: readonly string[]): string {
  const twice = nodes.at(-1)!;
  if (twice === nodes[0])
    return `the address of the leader leads back to this very node: ${arrows(nodes)}; or else two nodes have the id ${twice}`;
  return `the leader is behind nodes that follow each other in a cycle: ${arrows(nodes)}; or else two nodes have the id ${twice}`;
}

function tooLongSentence(nodes: readonly string[]): string {
  return `the leader is behind more nodes than the ${LIMITS.upstreamNodesMax} there may be: ${arrows(nodes)} → …`;
}

function arrows(nodes: readonly string[]): string {
  return nodes.join(' → ');
}
