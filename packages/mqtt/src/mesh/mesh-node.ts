import { isoTime, type Clock, type MergeChange, type Store } from '@skein/core';
import {
  untilStopped,
  type AddMetrics,
  type MergeCounts,
  type NodeLink,
  type NodeParts,
  type OpenLink,
  type RoleAddition,
  type TakenProgress,
} from '@skein/http';
import { LIMITS } from '@skein/protocol';
import { meshVerdict, msAhead, type Verdict } from '@skein/replication';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { MeshEventsPort } from './events-port.ts';
import { Intake, WAYS, type MeshIntake } from './intake.ts';
import { MeshMetrics } from './metrics.ts';
import { OwnId } from './own-id.ts';
import { Peer, type PeerPolicy } from './peers/peer.ts';
import { Quarantine } from './quarantine.ts';
import { PeerRepair } from './repair/peer-repair.ts';
import { RepairLoops } from './repair/repair-loops.ts';
import { DroppedTombstones } from './tombstones/dropped-tombstones.ts';
import { HeardNodes } from './tombstones/heard-nodes.ts';
import { TombstoneKeeper } from './tombstones/tombstone-keeper.ts';

export interface MeshPolicy extends PeerPolicy {
  /** What was made further ahead of this node's clock is not merged yet. */
  readonly clockDriftMsMax: number;
  /** How often this node's documents are compared with those of each peer. */
  readonly antiEntropyEveryMs: number;
  /** How often tombstones that nobody needs any more are looked for; once a minute unless given. */
  readonly tombstonesEveryMs?: number | undefined;
  /** How many documents are compared, or tombstones dropped, at once; a thousand unless given. */
  readonly batchMax?: number | undefined;
}

export interface MeshParts {
  readonly store: Store;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Addresses of other nodes; what the first has waits the least to be merged. */
  readonly peers: readonly string[];
  readonly openLink: OpenLink;
  readonly policy: MeshPolicy;
  /** Null without a broker. */
  readonly events: MeshEventsPort | null;
  readonly logger?: FastifyBaseLogger | undefined;
}

/** A feed that waits, eight branches of a comparison, and one that submits. */
const CONNECTIONS = 10;
const BATCH_MAX = 1000;
/** So often nodes have compared themselves before a tombstone goes that all have passed. */
const COMPARED_TIMES = 3;
const ANSWER_BYTES_MAX = LIMITS.pageBytesMax + LIMITS.recordBytesMax;

/** What a node of a mesh does beside leading its own log: it has its store merge what other nodes have written. */
export class MeshNode implements RoleAddition {
  readonly #parts: MeshParts;
  readonly #quarantine: Quarantine;
  readonly #ownId: OwnId;
  readonly #heard: HeardNodes;
  readonly #intake: Intake;
  readonly #submitted: MeshIntake;
  readonly #links: NodeLink[] = [];
  readonly #peers: readonly Peer[];
  readonly #repairs: RepairLoops;
  readonly #tombstones: TombstoneKeeper;
  readonly #metrics = new MeshMetrics();

  constructor(parts: MeshParts) {
    const { store, clock, random, peers, policy, logger } = parts;
    this.#parts = parts;
    this.#quarantine = new Quarantine({ clock, driftMsMax: policy.clockDriftMsMax, logger });
    this.#ownId = new OwnId(store, clock, logger);
    const dropped = new DroppedTombstones(store);
    const heard = new HeardNodes(store);
    this.#heard = heard;
    this.#intake = new Intake({ store, quarantine: this.#quarantine, ownId: this.#ownId, dropped, heard });
    this.#submitted = this.#intake.way('submitted', peers.length);
    this.#repairs = new RepairLoops({
      clock,
      random,
      everyMs: policy.antiEntropyEveryMs,
      head: () => store.facts.head.offset,
      onRepaired: (repaired) => this.#metrics.repaired(repaired),
      logger,
    });
    this.#peers = peers.map((url, rank) => this.#addPeer(url, rank));
    const known = (): readonly Peer[] => this.#others;
    this.#tombstones = new TombstoneKeeper({
      store,
      clock,
      dropped,
      heard,
      everyMs: policy.tombstonesEveryMs,
      batchMax: policy.batchMax ?? BATCH_MAX,
      restMs: COMPARED_TIMES * policy.antiEntropyEveryMs,
      peers: known,
      logger,
    });
  }

  install(app: FastifyInstance, { slots }: NodeParts): void {
    const ending = untilStopped();
    app.addHook('onReady', async () => {
      for (const peer of this.#peers) peer.start(ending.signal);
      this.#repairs.start(ending.signal);
    });
    app.addHook('preClose', async () => ending.abort());
    app.addHook('onClose', async () => {
      ending.abort();
      await Promise.all([this.#repairs.ended(), ...this.#peers.map((peer) => peer.ended())]);
      await Promise.all(this.#links.map((link) => link.close()));
    });
    this.#tombstones.install(app, slots);
    this.#parts.events?.install(app, this.#intake.way('broker', this.#peers.length));
  }

  /** POST /v1/mesh/changes. */
  merge(changes: readonly MergeChange[]): Promise<MergeCounts> {
    return this.#submitted.take(changes);
  }

  /** A node that was heard through a broker will not come back. */
  forget(node: string): Promise<boolean> {
    return this.#heard.forget(node);
  }

  verdict(): Verdict {
    const ahead = this.#clockAheadMs > this.#parts.policy.clockDriftMsMax;
    const trouble = this.#others.find(({ troubleHere }) => troubleHere !== null)?.troubleHere ?? null;
    return meshVerdict({
      peers: this.#others.map((peer) => ({ ...peer.condition(), uncompared: this.#repairs.of(peer.url).uncompared() })),
      ahead: this.#quarantine.alarm,
      ownClockAheadUntil: ahead ? isoTime(this.#parts.store.facts.headTs!) : null,
      isIdShared: this.#ownId.isShared,
      localError: trouble,
      eventsError: this.#parts.events?.verdict() ?? null,
    });
  }

  /** How far it is behind the peer it is furthest behind of. */
  progress(): TakenProgress {
    return {
      lagSeconds: worstOf(this.#others.map(({ lagSeconds }) => lagSeconds)),
      lagChanges: worstOf(this.#others.map(({ lagChanges }) => lagChanges)),
      connected: this.#others.every(({ isConnected }) => isConnected),
    };
  }

  describe(): Readonly<Record<string, unknown>> {
    const { store, events } = this.#parts;
    const tallies = WAYS.map((way) => [way, this.#intake.tallyOf(way)] as const);
    return {
      mesh: {
        incarnation: store.incarnation,
        clock_ahead_ms: this.#clockAheadMs,
        peers: this.#peers.map((peer) => ({ ...peer.describe(), ...this.#repairs.of(peer.url).describe() })),
        merged: Object.fromEntries(
          tallies.map(([way, { taken, known, passedOver }]) => [way, { taken, known, passed_over: passedOver }]),
        ),
        conflicts: tallies.reduce((sum, [, { conflicts }]) => sum + conflicts, 0),
        quarantined: this.#describeQuarantine(),
        tombstones: this.#tombstones.describe(),
      },
      ...events?.describe(),
    };
  }

  readonly addMetrics: AddMetrics = (registry) => {
    this.#metrics.registerIn(registry, {
      peers: this.#peers,
      tallyOf: (way) => this.#intake.tallyOf(way),
      tombstones: () => this.#tombstones.count,
      clockAheadSeconds: () => this.#clockAheadMs / 1000,
    });
    this.#parts.events?.addMetrics(registry);
  };

  /** Without this node itself, where it was named among its own peers. */
  get #others(): readonly Peer[] {
    return this.#peers.filter(({ isItself }) => !isItself);
  }

  get #clockAheadMs(): number {
    const { store, clock } = this.#parts;
    return msAhead(store.facts.headTs ?? 0, clock.wall());
  }

  #describeQuarantine(): Readonly<Record<string, unknown>> {
    const { count, last } = this.#quarantine;
    const seen = last === null ? null : { node: last.node, ahead_ms: last.ms, at: isoTime(last.atWallMs) };
    return { count, last: seen };
  }

  #addPeer(url: string, rank: number): Peer {
    const { store, clock, random, openLink, policy, logger } = this.#parts;
    const { requestTimeoutMs, batchMax = BATCH_MAX } = policy;
    const link = openLink(url, {
      connections: CONNECTIONS,
      timeoutMs: requestTimeoutMs,
      answerBytesMax: ANSWER_BYTES_MAX,
    });
    this.#links.push(link);
    const peer = new Peer({
      url,
      store,
      clock,
      random,
      link,
      policy,
      intake: this.#intake.way('feed', rank),
      onGap: () => this.#repairs.of(url).hurry(),
      logger,
    });
    const repair = new PeerRepair({
      store,
      clock,
      link,
      requestTimeoutMs,
      itemsMax: batchMax,
      clockDriftMsMax: policy.clockDriftMsMax,
      intake: this.#intake.way('repair', rank),
      quarantine: this.#quarantine,
      onDroppedThere: (keys) => this.#tombstones.noteDroppedThere(keys),
    });
    this.#repairs.add(peer, repair);
    return peer;
  }
}

/** What is not known of one is not known of all. */
function worstOf(lags: readonly (number | null)[]): number | null {
  return lags.reduce<number | null>((worst, lag) => (worst === null || lag === null ? null : Math.max(worst, lag)), 0);
}
