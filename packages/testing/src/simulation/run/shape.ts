import type { Role } from '@skein/protocol';
import type { LeaderOptions } from '@skein/leader';
import type { NodeSetup } from '../world/sim-process.ts';
import type { Rng } from '../world/rng.ts';

/** How large a world is, and how it is made. */
export interface Shape {
  readonly nodes: readonly { readonly name: string; readonly role: Role; readonly leader: string | undefined }[];
  readonly writers: number;
  readonly feedReaders: number;
  readonly faultsUntilMs: number;
  readonly syncMs: readonly [low: number, high: number];
  readonly logBytesMax: number;
  readonly pageSizeMax: number;
  readonly pollIntervalMs: number | null;
  readonly retention: LeaderOptions['retention'];
  readonly rate: NodeSetup['rate'];
  /** When the last follower is there for the first time: from the beginning, or when there may be no log for it any more. */
  readonly lastFollowerAtMs: number;
  /** So long after it began, whom it follows crashes: in the middle of a copy, if it makes one. */
  readonly crashAfterJoinMs: number | null;
  /** When the last follower goes away, and for how long. */
  readonly away: { readonly atMs: number; readonly forMs: number } | null;
  /** How often followers compare themselves with whom they follow, and put right what differs. */
  readonly compareEveryMs: number | null;
  /** How often nodes read everything again. */
  readonly scrubEveryMs: number | null;
  /** The nodes that are members: their acknowledgements count, those of others do not. */
  readonly members: readonly string[];
  /** All nodes are members, and leadership moves among them; null where one of them leads for ever. */
  readonly set: { readonly minReplicas: number; readonly acceptsLoss: boolean } | null;
}

const YEAR_MS = 365 * 86_400_000;

/** Machines do not agree on what day it is, and some are years off, from the beginning: nothing may be measured by it. */
export function drawWallSkewMs(random: Rng): number {
  return random.chance(0.5) ? 0 : random.pick([-3_600_000, 60_000, -YEAR_MS, 10 * YEAR_MS]);
}

/**
 * In some worlds the last follower goes away, with what it has, for longer than the log is kept for it. It has to come back
 * by comparing.
 */
export function drawShape(random: Rng): Shape {
  const shape = drawWorld(random);
  if (!random.chance(0.4)) return shape;
  const direct = shape.nodes.filter(({ leader }) => leader === 'leader').map(({ name }) => name);
  return { ...shape, members: random.chance(0.5) ? direct : [random.pick(direct)] };
}

function drawWorld(random: Rng): Shape {
  const shape = drawLastingShape(random);
  if (shape.lastFollowerAtMs > 0 || !random.chance(0.4)) return shape;
  return {
    ...shape,
    away: { atMs: random.between(600, 1800), forMs: random.between(2500, 4500) },
    retention: { ...shape.retention, changesMin: random.pick([1, 5, 30]), silenceMsMax: 800 },
  };
}

function drawLastingShape(random: Rng): Shape {
  const followers = 1 + random.below(2);
  const isChain = random.chance(0.4);
  const nodes = [
    { name: 'leader', role: 'leader' as const, leader: undefined },
    ...Array.from({ length: followers }, (_, i) => ({
      name: `follower-${i + 1}`,
      role: 'follower' as const,
      leader: i > 0 && isChain ? `follower-${i}` : 'leader',
    })),
  ];
  const shape: Shape = {
    nodes,
    // Now and then nobody writes: that too has to come to rest.
    writers: random.chance(0.05) ? 0 : 1 + random.below(3),
    feedReaders: 1 + random.below(2),
    faultsUntilMs: random.between(2500, 7500),
    syncMs: random.pick([
      [0.1, 1],
      [1, 10],
      [20, 80],
    ]),
    logBytesMax: random.pick([2000, 16_000, 1_000_000]),
    pageSizeMax: random.pick([2, 20, 1000]),
    pollIntervalMs: random.chance(0.2) ? 150 : null,
    retention: {
      changesMin: random.chance(0.5) ? 1_000_000 : random.pick([1, 5, 30]),
      bytesMax: 1024 ** 3,
      silenceMsMax: random.chance(0.7) ? 3_600_000 : random.between(500, 3000),
    },
    rate: random.chance(0.25) ? { perSecond: random.pick([50, 500]), burst: random.pick([1, 50]) } : null,
    lastFollowerAtMs: random.chance(0.5) ? random.between(2100, 4500) : 0,
    crashAfterJoinMs: random.chance(0.5) ? random.between(5, 250) : null,
    compareEveryMs: random.chance(0.4) ? random.between(200, 1500) : null,
    away: null,
    scrubEveryMs: random.chance(0.25) ? random.between(700, 3000) : null,
    members: [],
    set: null,
  };
  return random.chance(0.3) ? aboutCopies(shape, random) : shape;
}

/** A world of members, any of which may lead. */
export function drawSet(random: Rng, shape: Shape): Shape {
  const names = Array.from({ length: random.chance(0.85) ? 3 : 5 }, (_, i) => `n${i + 1}`);
  return {
    ...shape,
    nodes: names.map((name, i) => ({
      name,
      role: i === 0 ? 'leader' : 'follower',
      leader: i === 0 ? undefined : 'n1',
    })),
    members: names,
    writers: Math.max(1, shape.writers),
    // What has left the log cannot be saved by whoever goes back to a fork.
    retention: { ...shape.retention, changesMin: 1_000_000 },
    lastFollowerAtMs: random.chance(0.8) ? 0 : shape.lastFollowerAtMs,
    crashAfterJoinMs: null,
    away: null,
    set: { minReplicas: random.below(3), acceptsLoss: random.chance(0.3) },
  };
}

/** A world in which a follower has to make a copy, slowly enough for things to happen meanwhile. */
function aboutCopies(shape: Shape, random: Rng): Shape {
  const { faultsUntilMs, retention, writers } = shape;
  return {
    ...shape,
    writers: Math.max(1, writers),
    pageSizeMax: 2,
    retention: { ...retention, changesMin: random.pick([1, 5]) },
    lastFollowerAtMs: random.between(2100, Math.max(2200, faultsUntilMs - 300)),
    crashAfterJoinMs: random.between(20, 120),
  };
}
