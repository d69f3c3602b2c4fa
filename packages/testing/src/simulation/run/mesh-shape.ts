import type { LeaderOptions } from '@skein/leader';
import type { MeshSetup } from '../world/sim-mesh.ts';
import type { Rng } from '../world/rng.ts';

/** How large a mesh is, and how it is made. */
export interface MeshShape {
  readonly nodes: readonly MeshNodeShape[];
  readonly writers: number;
  readonly readers: number;
  readonly feedReaders: number;
  readonly faultsUntilMs: number;
  readonly syncMs: readonly [low: number, high: number];
  readonly logBytesMax: number;
  readonly retention: LeaderOptions['retention'];
  readonly scrubEveryMs: number | null;
}

export interface MeshNodeShape extends MeshSetup {
  readonly name: string;
  /** How far its clock is off from the beginning. */
  readonly wallSkewMs: number;
}

/** Whom a node tails, by its place among all: itself left out. */
type Topology = (i: number, count: number) => readonly number[];

const TOPOLOGIES: readonly Topology[] = [
  // A ring.
  (i, count) => [(i + 1) % count],
  // Each with each.
  (i, count) => Array.from({ length: count }, (_, j) => j).filter((j) => j !== i),
  // A chain.
  (i, count) => [i - 1, i + 1].filter((j) => j >= 0 && j < count),
  // A chain, one way: what is new at its end comes to its beginning when they compare.
  (i) => (i === 0 ? [] : [i - 1]),
];

export function drawMesh(random: Rng): MeshShape {
  const count = random.pick([2, 2, 3, 3, 4]);
  const topology = random.pick(TOPOLOGIES);
  const compareEveryMs = random.between(1200, 4000);
  const outboxLimit = random.pick([5, 50, 1000]);
  const areClocksRight = random.chance(0.3);
  return {
    nodes: Array.from({ length: count }, (_, i) => ({
      name: `n${i + 1}`,
      peers: topology(i, count).map((j) => `n${j + 1}`),
      keepsConflicts: random.chance(0.4),
      compareEveryMs,
      outboxLimit,
      wallSkewMs: areClocksRight ? 0 : random.pick([0, -2000, 3000, 20_000]),
    })),
    writers: Math.min(count, 3),
    readers: 1 + random.below(2),
    feedReaders: 1,
    faultsUntilMs: random.between(2500, 7000),
    syncMs: random.pick([
      [0.1, 1],
      [1, 10],
      [20, 80],
    ]),
    logBytesMax: random.pick([2000, 16_000, 1_000_000]),
    retention: {
      changesMin: random.chance(0.6) ? 1_000_000 : random.pick([1, 5, 30]),
      bytesMax: 1024 ** 3,
      silenceMsMax: random.chance(0.7) ? 3_600_000 : random.between(500, 3000),
    },
    scrubEveryMs: random.chance(0.15) ? random.between(700, 3000) : null,
  };
}
