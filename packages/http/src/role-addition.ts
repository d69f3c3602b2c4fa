import type { MergeChange } from '@skein/core';
import type { Position } from '@skein/protocol';
import type { Verdict } from '@skein/replication';
import type { FastifyInstance } from 'fastify';
import type { SlotBook } from './feed/slot-book.ts';
import type { AddMetrics } from './operations/metrics.ts';

/** What an addition may use of the node beside the parts it was made of. */
export interface NodeParts {
  /** Who follows the node. */
  readonly slots: SlotBook;
}

/** What became of changes that other nodes had made. */
export interface MergeCounts {
  readonly position: Position;
  readonly taken: number;
  readonly known: number;
  readonly passedOver: number;
  readonly conflicts: number;
  readonly quarantined: number;
}

/** How far a node is with what it takes from others; null where that is not known, never zero. */
export interface TakenProgress {
  readonly lagSeconds: number | null;
  readonly lagChanges: number | null;
  readonly connected: boolean;
}

/** What a node does in its role beside what every node of that role does. */
export interface RoleAddition {
  /** Begins when the server is ready, and ends with it. */
  install(app: FastifyInstance, parts: NodeParts): void;
  /** What /v1/status says of it. */
  describe(): Readonly<Record<string, unknown>>;
  readonly addMetrics: AddMetrics;
  /** What it signs with that it pushes, where it does. */
  readonly pushKey?: string;
  /** What is the matter with it. The node serves nevertheless. */
  verdict?(): Verdict;
  /** Of one that takes changes from others. */
  progress?(): TakenProgress;
  /** Forgets a node that follows nobody here, and will not come back. Whether it knew it. */
  forget?(node: string): Promise<boolean>;
  /** Takes changes that another node sends; nothing is sent to a node without this. */
  merge?(changes: readonly MergeChange[]): Promise<MergeCounts>;
}
