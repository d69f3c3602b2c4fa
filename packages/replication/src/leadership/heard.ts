import {
  newestCounter,
  type Epoch,
  type EpochPromises,
  type EpochSpan,
  type Position,
  type Role,
} from '@skein/protocol';

/** What another member said of itself when it was last asked, at the address it is configured with. */
export interface Heard {
  readonly url: string;
  readonly node: string;
  /** Another one each time it is started. */
  readonly instance: string;
  /** Null for one that has nothing of any log yet. */
  readonly log: string | null;
  readonly role: Role;
  readonly history: readonly EpochSpan[];
  readonly position: Position;
  readonly promised: EpochPromises;
  /** The counter that it asks others to promise to it. */
  readonly asking: number | null;
  readonly minReplicas: number;
  /** Why it may not be promoted. */
  readonly unfit: string | null;
  /** When the question was asked that it answered so. */
  readonly askedAtMs: number;
}

/** The same of the node that judges. */
export interface Self extends Pick<Heard, 'node' | 'instance' | 'log' | 'role' | 'history' | 'promised' | 'asking'> {
  /** The epoch for which it writes no more, though it leads. */
  readonly rival: Epoch | null;
  /** When each was promised, by its counter; those that are not in here, before it started. */
  readonly promisedAtMs: ReadonlyMap<number, number>;
  /** The address it follows; null while it leads, or follows nobody. */
  readonly following: string | null;
}

type HasHistory = Pick<Heard, 'history'>;

export function lastEpoch({ history }: HasHistory): Epoch | undefined {
  return history.at(-1)?.epoch;
}

export function lastCounter({ history }: HasHistory): number {
  return newestCounter(history);
}

/**
 * Those that are of this node's log, or will be since they are of none yet, and are not the node itself: whoever gives all
 * nodes one list names each to itself.
 */
export function othersOf<Node extends Pick<Heard, 'node' | 'log'>>(
  self: Pick<Self, 'node' | 'log'>,
  heard: readonly Node[],
): readonly Node[] {
  return heard.filter(({ node, log }) => node !== self.node && (self.log === null || log === null || log === self.log));
}
