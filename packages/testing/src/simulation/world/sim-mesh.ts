import type { Clock, MeshOptions, Store } from '@skein/core';
import type { OpenLink } from '@skein/http';
import { assertFitsEvent, MeshNode } from '@skein/mqtt';
import type { LeaderOptions } from '@skein/leader';
import type { Rng } from './rng.ts';
import type { SimPush } from './sim-push.ts';

/** What makes a node one of a mesh, in all its lives. */
export interface MeshSetup {
  /** The nodes whose feeds it tails; the first comes first. */
  readonly peers: readonly string[];
  readonly keepsConflicts: boolean;
  /** How often it compares itself with each of them. */
  readonly compareEveryMs: number;
  readonly outboxLimit: number;
}

/** What is further ahead of a node's clock is not merged. */
export const CLOCK_DRIFT_MS_MAX = 300_000;

const TOMBSTONES_EVERY_MS = 700;

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'.split('');

/** What the store of a node needs to know of its mesh. */
export function simMeshOptions({ keepsConflicts }: MeshSetup, nodeId: string, random: Rng): MeshOptions {
  return {
    newIncarnation: () => Array.from({ length: 8 }, () => random.pick(LETTERS)).join(''),
    keepsConflicts,
    assertFits: (change) => assertFitsEvent(change, { nodeId }),
  };
}

export interface SimMeshParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Rng;
  readonly openLink: OpenLink;
  readonly waitSeconds: number;
  readonly requestTimeoutMs: number;
  readonly push: SimPush | undefined;
  readonly logger: LeaderOptions['logger'];
}

/** What a node of a mesh does beside leading its own log, as `skein mesh` has it. */
export function simMeshNode({ peers, compareEveryMs, outboxLimit }: MeshSetup, parts: SimMeshParts): MeshNode {
  const { store, clock, random, openLink, waitSeconds, requestTimeoutMs, push, logger } = parts;
  return new MeshNode({
    store,
    clock,
    random: () => random.unit(),
    peers: peers.map((peer) => `http://${peer}`),
    openLink,
    policy: {
      backoff: { baseMs: 200, maxMs: 5000 },
      breaker: { failuresMax: 5, openMs: 3000 },
      waitSeconds,
      requestTimeoutMs,
      clockDriftMsMax: CLOCK_DRIFT_MS_MAX,
      antiEntropyEveryMs: compareEveryMs,
      tombstonesEveryMs: TOMBSTONES_EVERY_MS,
    },
    events: push?.ofMesh(outboxLimit) ?? null,
    ...(logger === undefined ? {} : { logger }),
  });
}
