import type { Clock } from '@skein/core';
import type { HistoryEvent } from '../history.ts';
import type { LeaderHeads } from '../leader-heads.ts';
import type { Rng } from '../world/rng.ts';
import type { SimNet } from '../world/sim-net.ts';
import type { SimNode } from '../world/sim-node.ts';

/** What everybody outside the nodes shares: whom there is to ask, and whom to tell what happened. */
export interface Cast {
  readonly net: SimNet;
  readonly nodes: readonly SimNode[];
  /** They are members of a set, in which leadership moves. */
  readonly isSet: boolean;
  /** The nodes whose acknowledgements count, and on how many of them a write is before it is acknowledged. */
  readonly members: readonly string[];
  readonly replicasMin: number;
  /** Where the log has ended that a node has, or follows. */
  readonly headsOf: (node: string) => LeaderHeads;
  /** Nobody writes any more. */
  readonly isCalm: () => boolean;
  readonly tell: (event: HistoryEvent) => void;
  readonly mark: (name: string) => void;
  /** Something that must not be, and that no checker looks for. */
  readonly fail: (problem: string) => void;
}

/** One who asks: with a clock and dice of its own. */
export interface Part {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Rng;
  /** True once there is nothing more to do. */
  readonly isOver: () => boolean;
  /** The one node that it asks; any of them, where there is none. */
  readonly home?: SimNode;
}

/** Most go to whoever leads, the others wherever the dice say; those who have a home go there. */
export function anyNode({ nodes }: Cast, { random, home }: Part, shareOfLeader: number): SimNode {
  if (home !== undefined) return home;
  const leader = nodes.find(({ role }) => role === 'leader') ?? nodes[0]!;
  const followers = nodes.filter((node) => node !== leader);
  return random.chance(shareOfLeader) || followers.length === 0 ? leader : random.pick(followers);
}

/** How long answers to a node, and to those it follows, have been under way at most: what is passed on is late by each. */
export function lateMsMaxOf(node: SimNode, cast: Pick<Cast, 'nodes'>): number {
  const followed = cast.nodes.find(({ name }) => name === node.leader);
  return node.lateMsMax + (followed === undefined ? 0 : lateMsMaxOf(followed, cast));
}
