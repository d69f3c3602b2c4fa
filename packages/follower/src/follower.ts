import type { Clock, Generations, RescueFiles, Store } from '@skein/core';
import {
  boundsOf,
  createServer,
  NodeApi,
  SlotBook,
  SloWatch,
  untilStopped,
  type Membership,
  type NodeServer,
  type AddMetrics,
  type CorsOrigins,
  type RoleAddition,
  type ServedNode,
  type OpenLink,
  type RecordSource,
} from '@skein/http';
import { LIMITS, type Health } from '@skein/protocol';
import { SLO_DEFAULTS, type FollowerPolicy, type RetentionPolicy, type SloLimits } from '@skein/replication';
import type { FastifyBaseLogger } from 'fastify';
import { HttpFeedClient } from './feed-client.ts';
import { WriteForwarder } from './forward-writes.ts';
import { LeaderHearing } from './leader-hearing.ts';
import { FollowerMetrics } from './metrics.ts';
import { DriftWatch } from './drift/drift-watch.ts';
import { FollowerReport } from './follower-report.ts';
import { Journal } from './journal.ts';
import { Rungs } from './recovery/rungs.ts';
import { SnapshotClient } from './recovery/snapshot-client.ts';
import { Refresher } from './refresher.ts';
import { Replicator } from './replicator.ts';

export interface FollowerOptions {
  readonly store: Store;
  /** Where a copy is made beside the store's database. */
  readonly generations: Generations;
  /** Where changes are saved that are given up for another history. */
  readonly rescueFiles: RescueFiles;
  readonly clock: Clock;
  readonly random: () => number;
  readonly version: string;
  readonly retention: RetentionPolicy;
  /** How often everything stored is read again; never unless given. */
  readonly scrubEveryMs?: number | null | undefined;
  readonly leaderUrl: string;
  /** Why nobody is followed, where that is so. */
  readonly noLeaderReason?: string | null | undefined;
  /** Its place among the members. */
  readonly membership: Membership;
  readonly openLink: OpenLink;
  readonly policy: FollowerPolicy;
  readonly requestTimeoutMs: number;
  /** After so much silence the leader is asked whether it is there. */
  readonly pingIntervalMs: number;
  readonly forwardWrites: boolean;
  /** Further behind than this the node is neither healthy nor ready. */
  readonly lagSecondsMax: number;
  /** How often the documents are compared with the leader's; null, the default, never. */
  readonly compareEveryMs?: number | null | undefined;
  /** Whether what a comparison finds is put right. */
  readonly repairs?: boolean | undefined;
  /** What takes longer is counted and warned of. */
  readonly slo?: SloLimits | undefined;
  readonly logger?: FastifyBaseLogger | undefined;
  /** Web pages that may use the node; none unless given. */
  readonly corsOrigins?: CorsOrigins | undefined;
  readonly addProcessMetrics?: AddMetrics | undefined;
  /** Records that come beside the feed. */
  readonly pushed?: (RecordSource & RoleAddition) | undefined;
}

/** One page, and the record that runs over its limit. */
const ANSWER_BYTES_MAX = LIMITS.pageBytesMax + LIMITS.recordBytesMax;

/** So many writes are on their way to the leader at once; more wait here. */
const FORWARDED_WRITES_MAX = 64;

/** A node that holds what its leader holds: replicates, serves reads and the same feed, passes writes on. */
export class Follower {
  readonly server: NodeServer;
  readonly #options: FollowerOptions;
  readonly #replicator: Replicator;
  readonly #hearing: LeaderHearing;
  readonly #client: HttpFeedClient;
  readonly #refresher: Refresher;
  readonly #drift: DriftWatch;
  readonly #forwarder: WriteForwarder;
  readonly #report: FollowerReport;
  readonly #stopping = untilStopped();
  #unsubscribe: (() => void) | undefined;
  #onUpToDate: () => void = () => undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    const { store, clock, random, leaderUrl, openLink, requestTimeoutMs, policy, forwardWrites, version, logger } =
      options;
    const nodeId = store.facts.identity.node;
    const timeoutMs = requestTimeoutMs;
    this.#hearing = new LeaderHearing({ ...options, onEpoch: (epoch) => this.#replicator.leaderHasEpoch(epoch) });
    const link = this.#hearing.openLink(leaderUrl, { connections: 3, timeoutMs, answerBytesMax: ANSWER_BYTES_MAX });
    this.#client = new HttpFeedClient({
      link,
      nodeId,
      requestTimeoutMs,
      random,
    });
    this.#forwarder = new WriteForwarder({
      leaderUrl,
      link: openLink(leaderUrl, { connections: FORWARDED_WRITES_MAX, timeoutMs }),
      nodeId,
      requestTimeoutMs,
      isOn: forwardWrites,
      has: () => ({ log: store.facts.identity.log, position: store.facts.head }),
      refusal: () => this.#replicator.state.refusal,
      noLeaderReason: options.noLeaderReason ?? null,
    });
    const metrics = new FollowerMetrics({ clock, state: () => this.#report.condition() });
    const slo = new SloWatch({ clock, logger, limits: options.slo ?? SLO_DEFAULTS });
    const snapshots = new SnapshotClient({ link, nodeId, requestTimeoutMs, linesMax: policy.pageSizeMax });
    const api = new NodeApi(link, requestTimeoutMs);
    const rungs = new Rungs({
      store,
      generations: options.generations,
      rescueFiles: options.rescueFiles,
      api,
      snapshots,
      feed: this.#client,
      clock,
      leaderUrl,
      logger,
    });
    const journal = new Journal({
      clock,
      leaderUrl,
      metrics,
      slo,
      logger,
      state: () => this.#replicator.state,
      onContact: () => rungs.notNeeded(),
      onUpToDate: () => this.#onUpToDate(),
    });
    this.#replicator = new Replicator({
      store,
      client: this.#client,
      clock,
      random,
      policy,
      recover: (rung, expected, signal) => rungs.climb(rung, expected, signal),
      observer: journal.ofReplication,
    });
    this.#refresher = new Refresher({
      store,
      now: () => clock.now(),
      ask: () => this.#replicator.ask(),
      until: this.#stopping.signal,
    });
    this.#drift = new DriftWatch({
      store,
      replicator: this.#replicator,
      api,
      snapshots,
      clock,
      random,
      intervalMs: options.compareEveryMs ?? null,
      repairs: options.repairs ?? false,
      observer: journal.ofDrift,
    });
    const { lagSecondsMax, noLeaderReason = null, pushed } = options;
    this.#report = new FollowerReport({
      store,
      clock,
      policy,
      requestTimeoutMs,
      lagSecondsMax,
      leaderUrl,
      noLeaderReason,
      replicator: this.#replicator,
      client: this.#client,
      hearing: this.#hearing,
      rungs,
      drift: this.#drift,
      journal,
      pushed,
      outboxDrift: (head) => this.server.slots.drift(head),
    });
    const node: ServedNode = {
      role: 'follower',
      store,
      clock,
      random,
      version,
      stopping: this.#stopping.signal,
      bounds: () => boundsOf(store) ?? this.#report.boundsOfLeader(),
      following: {
        path: () => this.#report.path(),
        lagAt: (offset) => this.#report.lagAt(offset),
        asOfMs: (offset) => this.#refresher.asOfMs(offset),
        refresh: (sinceMs) => this.#refresher.refresh(sinceMs),
        onUpToDate: (listener) => (this.#onUpToDate = listener),
      },
      health: () => this.health(),
      readiness: () =>
        this.#stopping.signal.aborted ? { ready: false, reason: 'the node is stopping' } : this.#report.readiness(),
      statusOfRole: () => this.#report.status(),
      pushKey: () => this.#client.pushKey,
    };
    const slots = new SlotBook(store, clock, this.#stopping.signal);
    this.server = createServer({
      node,
      logger,
      slots,
      membership: options.membership,
      retention: options.retention,
      scrubEveryMs: options.scrubEveryMs,
      corsOrigins: options.corsOrigins,
      addWrites: (app) => this.#forwarder.addRoutes(app),
      addRoleMetrics: (registry) => {
        metrics.registerIn(registry);
        pushed?.addMetrics(registry);
      },
      addProcessMetrics: options.addProcessMetrics,
      slo,
    });
    pushed?.install(this.server.app, { slots });
  }

  /** Begins to follow, unless there is nobody to be followed. */
  start(): void {
    if ((this.#options.noLeaderReason ?? null) !== null) return;
    this.#replicator.start();
    this.#unsubscribe = this.#options.pushed?.subscribe(
      (record) => this.#replicator.pushed(record),
      () => this.#client.pushKey,
    );
    this.#hearing.start();
    this.#drift.start();
  }

  /**
   * Turns traffic away, answers who waits, and once the last answer is given lets the page being applied finish. The store is
   * the caller's to close.
   */
  async stop(drained: () => Promise<void> = async () => undefined): Promise<void> {
    this.#stopping.abort();
    await drained();
    await this.server.app.close();
    this.#unsubscribe?.();
    await this.#drift.stop();
    await this.#replicator.stop();
    await Promise.all([this.#hearing.stop(), this.#client.close()]);
    // Their answers may depend on what this node does next: nothing waits for them.
    void this.#forwarder.close();
  }

  health(): Health {
    return this.#report.health();
  }

  /** Why it may not lead as it is now. */
  unfit(): string | null {
    return this.#report.unfit();
  }

  leaderReturned(): void {
    this.#replicator.leaderReturned();
  }

  /** The newest offset it has heard to have been written. */
  get newestKnown(): number {
    return this.#report.newestKnown;
  }
}
