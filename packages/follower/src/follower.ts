import { isoTime, type Clock, type Generations, type RescueFiles, type Store } from '@skein/core';
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
import { LIMITS, START, type Health } from '@skein/protocol';
import {
  driftVerdict,
  followerReadiness,
  followerVerdict,
  lagChanges,
  lagOfServed,
  lagSeconds,
  progressAt,
  rateDelayMs,
  SLO_DEFAULTS,
  storeVerdict,
  type FollowerPolicy,
  type Lag,
  type LogBounds,
  type RetentionPolicy,
  type SloLimits,
  type Verdict,
} from '@skein/replication';
import type { FastifyBaseLogger } from 'fastify';
import { HttpFeedClient } from './feed-client.ts';
import { WriteForwarder } from './forward-writes.ts';
import { LeaderHearing } from './leader-hearing.ts';
import { FollowerMetrics } from './metrics.ts';
import { DriftWatch, type DriftObserver } from './drift/drift-watch.ts';
import { Rungs } from './recovery/rungs.ts';
import { SnapshotClient } from './recovery/snapshot-client.ts';
import { Refresher } from './refresher.ts';
import { Replicator, type RecoveredHow, type ReplicatorObserver, type ReplicatorState } from './replicator.ts';

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
  readonly #rungs: Rungs;
  readonly #drift: DriftWatch;
  readonly #forwarder: WriteForwarder;
  readonly #metrics: FollowerMetrics;
  readonly #slo: SloWatch;
  readonly #stopping = untilStopped();
  #unsubscribe: (() => void) | undefined;
  #onUpToDate: () => void = () => undefined;
  #changesApplied = 0;
  #errorCount = 0;
  #lastError: string | null = null;
  #lastSyncAt: number | null = null;
  #lastRecovery: RecoveredHow | null = null;

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
    this.#metrics = new FollowerMetrics({ clock, state: () => this.#condition() });
    this.#slo = new SloWatch({ clock, logger, limits: options.slo ?? SLO_DEFAULTS });
    const snapshots = new SnapshotClient({ link, nodeId, requestTimeoutMs, linesMax: policy.pageSizeMax });
    const api = new NodeApi(link, requestTimeoutMs);
    this.#rungs = new Rungs({
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
    this.#replicator = new Replicator({
      store,
      client: this.#client,
      clock,
      random,
      policy,
      recover: (rung, expected, signal) => this.#rungs.climb(rung, expected, signal),
      observer: this.#observer(),
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
      observer: this.#driftObserver(),
    });
    const node: ServedNode = {
      role: 'follower',
      store,
      clock,
      random,
      version,
      stopping: this.#stopping.signal,
      bounds: () => boundsOf(store) ?? this.#boundsOfLeader(),
      following: {
        path: () => this.#path(),
        lagAt: (offset) => this.#lagAt(offset),
        asOfMs: (offset) => this.#refresher.asOfMs(offset),
        refresh: (sinceMs) => this.#refresher.refresh(sinceMs),
        onUpToDate: (listener) => (this.#onUpToDate = listener),
      },
      health: () => this.health(),
      readiness: () => this.#readiness(),
      statusOfRole: () => this.#status(),
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
        this.#metrics.registerIn(registry);
        options.pushed?.addMetrics(registry);
      },
      addProcessMetrics: options.addProcessMetrics,
      slo: this.#slo,
    });
    options.pushed?.install(this.server.app, { slots });
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
    const { store, clock } = this.#options;
    const { progress } = this.#condition();
    const verdict = worseOf(this.#verdict(followerVerdict), driftVerdict(this.#drift.report));
    return {
      healthy: verdict.healthy,
      role: 'follower',
      lag_seconds: inMilliseconds(lagSeconds(progress, clock.now())),
      lag_changes: lagChanges(progress),
      last_sync: this.#lastSyncAt === null ? null : isoTime(this.#lastSyncAt),
      last_change_id: store.facts.head.offset,
      changes_applied: this.#changesApplied,
      connected: progress.connected,
      outbox_drift: this.server.slots.drift(store.facts.head.offset),
      error_count: this.#errorCount,
      last_error: this.#lastError,
      error: verdict.healthy ? null : verdict.reason,
    };
  }

  /** The store's verdict, and when that is good, the one asked for. */
  #verdict(judge: typeof followerVerdict): Verdict {
    const { store, clock, lagSecondsMax, noLeaderReason = null } = this.#options;
    if (noLeaderReason !== null) return { healthy: false, reason: `it follows nobody: ${noLeaderReason}` };
    const ofStore = storeVerdict({ state: store.state, reason: store.failure });
    // What is being done about a store that cannot be believed says more than that it cannot.
    return ofStore.healthy || this.#replicator.state.phase === 'recovering'
      ? judge(this.#condition(), lagSecondsMax, clock.now())
      : ofStore;
  }

  /** A leader in contact that has no change yet has a log all the same, and so have those who follow this node. */
  #boundsOfLeader(): LogBounds | undefined {
    const { state, leaderEpoch } = this.#replicator;
    if (state.log === null || leaderEpoch === null || state.progress.contact?.head !== 0) return undefined;
    return { log: state.log, history: [{ epoch: leaderEpoch, offsetFirst: 1 }], head: START, tail: 1 };
  }

  /** Whom it follows, nearest first. Once it has stopped following, what it last heard would grow old unnoticed. */
  #path(): readonly string[] | null {
    return this.#replicator.state.phase === 'following' ? this.#client.path : null;
  }

  /** The same holds of how far it is behind: while it makes another copy, what it knows is not of what is here. */
  #lagAt(offset: number): Lag {
    const { phase, progress } = this.#condition();
    return phase === 'following'
      ? lagOfServed(progress, offset, this.#options.clock.now())
      : { changes: null, ms: null };
  }

  /** What the machine knows, as of now. */
  #condition(): ReplicatorState {
    const { policy, requestTimeoutMs, clock } = this.#options;
    const { state } = this.#replicator;
    // The silence that is a rate's own doing says nothing of the leader.
    const heldBackMs = rateDelayMs(state, state.progress.contact?.atMs ?? 0);
    const restMs = Math.max(policy.waitSeconds * 1000, policy.pollIntervalMs ?? 0) + heldBackMs;
    const silenceMsMax = restMs + 2 * requestTimeoutMs;
    const progress = progressAt(state.progress, clock.now(), silenceMsMax);
    if (progress === state.progress) return state;
    return { ...state, progress, lastError: `nothing heard of it for over ${silenceMsMax / 1000} s` };
  }

  /** Looked at when it has just changed for the better, or will not: between two polls it only seems to grow. */
  #watchLag(): void {
    const lag = lagSeconds(this.#replicator.state.progress, this.#options.clock.now());
    if (lag !== null) this.#slo.observe('lag', lag * 1000);
  }

  /** Why it may not lead as it is now: it is not whole, or not what its leader had. */
  unfit(): string | null {
    const { store } = this.#options;
    const ofStore = storeVerdict({ state: store.state, reason: store.failure });
    if (!ofStore.healthy) return ofStore.reason;
    const { phase, recovery } = this.#replicator.state;
    if (phase === 'recovering') return `it is coming back to its leader's history (${recovery!.obstacle.code})`;
    const ofDrift = driftVerdict(this.#drift.report);
    return ofDrift.healthy ? null : ofDrift.reason;
  }

  leaderReturned(): void {
    this.#replicator.leaderReturned();
  }

  /** The newest offset it has heard to have been written. */
  get newestKnown(): number {
    const { contact, applied } = this.#replicator.state.progress;
    return Math.max(applied, contact?.leaderHead ?? 0, contact?.head ?? 0);
  }

  #readiness(): { readonly ready: boolean; readonly reason: string | null } {
    if (this.#stopping.signal.aborted) return { ready: false, reason: 'the node is stopping' };
    const verdict = this.#verdict(followerReadiness);
    return verdict.healthy ? { ready: true, reason: null } : { ready: false, reason: verdict.reason };
  }

  #status(): Readonly<Record<string, unknown>> {
    const { store, clock, leaderUrl, noLeaderReason = null } = this.#options;
    const { phase, progress, refusal, recovery, breaker, pageSize } = this.#condition();
    return {
      applied: store.facts.head.offset,
      lag: { changes: lagChanges(progress), seconds: inMilliseconds(lagSeconds(progress, clock.now())) },
      drift: this.#describeDrift(),
      leader: {
        url: noLeaderReason === null ? leaderUrl : null,
        epoch: this.#replicator.leaderEpoch,
        head: progress.contact?.head ?? null,
        path: this.#path(),
        ...this.#hearing.describe(),
      },
      replication: {
        phase,
        connected: progress.connected,
        refusal,
        recovery:
          recovery === null
            ? null
            : { rung: recovery.rung, ...recovery.obstacle, attempts: recovery.failures + 1, copy: this.#rungs.copy },
        last_recovery: this.#describeLastRecovery(),
        rescued: this.#rungs.rescued,
        circuit: breaker.kind,
        page_size: pageSize,
        last_error: this.#lastError,
      },
      ...this.#options.pushed?.describe(),
    };
  }

  #describeLastRecovery(): Readonly<Record<string, unknown>> | null {
    if (this.#lastRecovery === null) return null;
    const { rung, offset, documentsMoved, tookMs } = this.#lastRecovery;
    return { rung, offset, documents_moved: documentsMoved, seconds: inMilliseconds(tookMs / 1000) };
  }

  /** What the last comparison with the leader found; null before the first. */
  #describeDrift(): Readonly<Record<string, unknown>> | null {
    const { report } = this.#drift;
    if (report === null) return null;
    const { atMs, offset, differing, repaired, isPart, cost } = report;
    const secondsAgo = Math.round((this.#options.clock.now() - atMs) / 1000);
    return { compared_seconds_ago: secondsAgo, offset, differing, more: isPart, repaired, cost };
  }

  #driftObserver(): DriftObserver {
    const { logger, leaderUrl } = this.#options;
    return {
      compared: (found) => this.#metrics.compared(found),
      drifted: ({ offset, differing, repaired, isPart }, examples) =>
        logger?.error(
          { leader: leaderUrl, offset, differing, more: isPart, repaired, examples },
          'documents are not as the leader has them at the same position',
        ),
      failed: (reason) => logger?.debug({ leader: leaderUrl, reason }, 'could not be compared with the leader'),
    };
  }

  /** What the loop tells: counted here for health, there for metrics, and logged when it changes something. */
  #observer(): ReplicatorObserver {
    const { clock, logger, leaderUrl } = this.#options;
    return {
      heardUpToDate: () => this.#onUpToDate(),
      answered: (callMs) => {
        this.#metrics.answered(callMs);
        this.#slo.observe('leader_call', callMs);
      },
      fetched: (page) => {
        if (this.#lastSyncAt === null) {
          logger?.info({ leader: leaderUrl }, 'in contact with the leader');
          this.#rungs.notNeeded();
        }
        this.#lastSyncAt = clock.wall();
        this.#metrics.fetched(page);
      },
      deduped: (changes) => this.#metrics.deduped(changes),
      applied: (page) => {
        this.#changesApplied += page.changes;
        this.#metrics.applied(page);
        this.#slo.observe('batch', page.tookMs);
        this.#watchLag();
      },
      failed: (type, reason) => {
        this.#errorCount++;
        this.#lastError = reason;
        logger?.warn(
          { leader: leaderUrl, type, reason, failures: this.#replicator.state.failures + 1 },
          'replication failed; will retry',
        );
        this.#metrics.failed(type);
        this.#watchLag();
      },
      heldBack: () => this.#metrics.heldBack(),
      refused: (reason) => {
        this.#errorCount++;
        this.#lastError = reason;
        logger?.error({ leader: leaderUrl, reason }, "the leader's history is not ours; replication stopped");
      },
      recovering: (reason) => {
        this.#errorCount++;
        this.#lastError = reason;
        logger?.warn({ leader: leaderUrl, reason }, 'the log does not lead on; coming back another way');
      },
      declined: (rung, reason) => logger?.warn({ leader: leaderUrl, rung, reason }, 'a whole copy is made instead'),
      recovered: (how) => {
        this.#lastRecovery = how;
        const text =
          how.rung === 'copy' ? 'the copy is made and served' : 'what differed from the leader was taken over';
        logger?.info({ leader: leaderUrl, ...how }, text);
      },
    };
  }
}

function worseOf(first: Verdict, second: Verdict): Verdict {
  return first.healthy ? second : first;
}

/** Seconds to the millisecond; more digits than that are noise. */
function inMilliseconds(seconds: number | null): number | null {
  return seconds === null ? null : Math.round(seconds * 1000) / 1000;
}
