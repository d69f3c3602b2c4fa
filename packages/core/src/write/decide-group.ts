import { DEFINITIONS } from '@skein/protocol';
import { ByName } from '../by-name.ts';
import type { Clock } from '../clock.ts';
import type { Definitions } from '../definitions/definitions.ts';
import type { DocumentReader } from '../documents.ts';
import type { Facts } from '../facts.ts';
import { readHolders } from '../indexes/read-holders.ts';
import { idempotencyKey } from '../level/layout.ts';
import type { Level } from '../level/level.ts';
import type { LostChanges } from '../mesh/lost-changes.ts';
import type { MeshNumbers } from '../mesh/mesh-numbers.ts';
import { MeshPlanner, type MeshContext } from '../mesh/plan-mesh.ts';
import { Stamps } from '../mesh/stamps.ts';
import { decodeEntry, type IdempotencyEntry } from './idempotency.ts';
import { planGroup, type GroupContext, type GroupPlan, type WriteRequest, type Written } from './plan-group.ts';
import { planMeshReads, planReads, readState, type Reads } from './read-state.ts';
import type { RecentlyWritten } from './recently-written.ts';
import { GROUP_BYTES_MAX } from './write-queue.ts';

/** What deciding needs of the store. */
export interface DecidingHost {
  level(): Level;
  /** All that are there, the expired ones too. */
  readonly documents: DocumentReader;
  definitions(): Pick<Definitions, 'hasUnique' | 'looksBack' | 'ofWrites'>;
  readonly clock: Clock;
  readonly valueBytesMax: number;
  /** What the changes of a node of a mesh are stamped with; null for a leader. */
  readonly mesh: MeshHost | null;
  /** Runs a read of what is stored; what it finds corrupt is the store's to know. */
  reading<T>(read: () => Promise<T>): Promise<T>;
}

/** What a store does for its mesh. */
export interface MeshHost extends Pick<MeshContext, 'keepsConflicts' | 'assertFits'> {
  readonly numbers: MeshNumbers;
  readonly lost: LostChanges;
}

/** What a group goes on from: what is known of the store, and the documents that are other than the disk has them. */
export interface Before {
  readonly facts: Facts;
  readonly written: Written;
  /** Grows when the store becomes what no page has made it, and when other things are asked of writes, or follow from them. */
  readonly revision: number;
}

export const NOTHING_UNDER_WAY: Written = new ByName();

/** Decides groups: reads what has to be known of what is stored, and plans. */
export class GroupDecider {
  readonly #host: DecidingHost;
  readonly #recent: RecentlyWritten;

  constructor(host: DecidingHost, recent: RecentlyWritten) {
    this.#host = host;
    this.#recent = recent;
  }

  /**
   * Whether nothing but documents by their names is needed to decide these, and nothing else follows from them: then what comes
   * behind them can be decided before they are durable, and they before what is in front of them.
   */
  arePlain(requests: readonly WriteRequest[]): boolean {
    if (this.#host.mesh !== null) return false;
    const definitions = this.#host.definitions();
    return requests.every(
      ({ operations, idempotency }) =>
        idempotency === undefined &&
        operations.every(({ collection }) => collection !== DEFINITIONS && !definitions.hasUnique(collection)),
    );
  }

  /** Tells when it has to wait for the disk. */
  async decide(requests: readonly WriteRequest[], before: Before, onReading: () => void): Promise<GroupPlan> {
    const definitions = this.#host.definitions();
    const { mesh } = this.#host;
    const reads = this.#readsOf(requests, before);
    const digests = requests.flatMap(({ idempotency }) => (idempotency === undefined ? [] : [idempotency.keyDigest]));
    const reading = Promise.all([readState(this.#host.documents, reads), this.#readIdempotency(digests)]);
    if (reads.looked.length + reads.read.length + digests.length > 0) onReading();
    const [stored, idempotency] = await reading;
    const { head, headTs, history, identity } = before.facts;
    const holders = new Map<string, readonly string[]>();
    const wallMs = this.#host.clock.wall();
    const context: Omit<GroupContext, 'mesh'> = {
      offsetFirst: head.offset + 1,
      epoch: history.at(-1)!.epoch,
      origin: identity.node,
      ts: Math.max(wallMs, headTs ?? 0),
      valueBytesMax: this.#host.valueBytesMax,
      recordBytesWanted: GROUP_BYTES_MAX,
      current: (name) => (before.written.has(name) ? before.written.get(name) : stored.get(name)),
      idempotency: (digest) => idempotency.get(digest),
      rules: (collection) => definitions.ofWrites(collection),
      holders: (fields) => holders.get(fields),
    };
    for (;;) {
      const planner = this.#meshPlanner(before.facts, wallMs);
      const plan = planGroup(requests, { ...context, mesh: planner });
      if (plan.unknownHolders.size === 0) {
        if (planner !== null) mesh?.numbers.advance(planner.given);
        return plan;
      }
      // Which fields of unique indexes a group needs shows only as it is planned; then it is planned again.
      for (const [fields, keys] of await this.#readHolders(plan.unknownHolders)) holders.set(fields, keys);
    }
  }

  #readsOf(requests: readonly WriteRequest[], { written }: Before): Reads {
    const { mesh } = this.#host;
    if (mesh !== null) return planMeshReads(requests, mesh.keepsConflicts);
    const definitions = this.#host.definitions();
    return planReads(requests, {
      isThere: (name) => this.#recent.isThere(name),
      isElsewhere: (name) => written.has(name),
      looksBack: (collection) => definitions.looksBack(collection),
    });
  }

  #meshPlanner({ identity, headTs }: Facts, wallMs: number): MeshPlanner | null {
    const { mesh } = this.#host;
    if (mesh === null) return null;
    const { incarnation, seqNext, ownMs } = mesh.numbers;
    const stamps = new Stamps({ node: identity.node, incarnation, seqNext, ownMs, wallMs, lastMs: headTs ?? 0 });
    const { keepsConflicts, assertFits } = mesh;
    return new MeshPlanner({ node: identity.node, keepsConflicts, assertFits, stamps });
  }

  #readHolders(fields: ReadonlySet<string>): Promise<ReadonlyMap<string, readonly string[]>> {
    return this.#host.reading(() => readHolders(this.#host.level(), fields));
  }

  #readIdempotency(digests: readonly string[]): Promise<ReadonlyMap<string, IdempotencyEntry>> {
    return this.#host.reading(async () => {
      const entries = new Map<string, IdempotencyEntry>();
      const found = digests.length === 0 ? [] : await this.#host.level().getMany(digests.map(idempotencyKey));
      for (const [i, sealed] of found.entries()) {
        if (sealed !== undefined) entries.set(digests[i]!, decodeEntry(digests[i]!, sealed));
      }
      return entries;
    });
  }
}
