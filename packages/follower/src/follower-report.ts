import { isoTime, type Clock, type Store } from '@skein/core';
import type { RoleAddition } from '@skein/http';
import { START, type Health } from '@skein/protocol';
import {
  driftVerdict,
  followerReadiness,
  followerVerdict,
  lagChanges,
  lagOfServed,
  lagSeconds,
  progressAt,
  rateDelayMs,
  storeVerdict,
  type FollowerPolicy,
  type Lag,
  type LogBounds,
  type Verdict,
} from '@skein/replication';
import type { DriftWatch } from './drift/drift-watch.ts';
import type { HttpFeedClient } from './feed-client.ts';
import type { Journal } from './journal.ts';
import type { LeaderHearing } from './leader-hearing.ts';
import type { Rungs } from './recovery/rungs.ts';
import type { Replicator, ReplicatorState } from './replicator.ts';

export interface ReportParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly policy: FollowerPolicy;
  readonly requestTimeoutMs: number;
  readonly lagSecondsMax: number;
  readonly leaderUrl: string;
  readonly noLeaderReason: string | null;
  readonly replicator: Replicator;
  readonly client: HttpFeedClient;
  readonly hearing: LeaderHearing;
  readonly rungs: Rungs;
  readonly drift: DriftWatch;
  readonly journal: Journal;
  readonly pushed: RoleAddition | undefined;
  /** How far behind the slowest of those is who follow this node. */
  readonly outboxDrift: (head: number) => number | null;
}

/** What a follower says of itself: as much as it knows, as of when it is asked. */
export class FollowerReport {
  readonly #parts: ReportParts;

  constructor(parts: ReportParts) {
    this.#parts = parts;
  }

  health(): Health {
    const { store, clock, drift, journal, outboxDrift } = this.#parts;
    const { progress } = this.condition();
    const { changesApplied, errorCount, lastError, lastSyncAt } = journal.happened;
    const verdict = worseOf(this.#verdict(followerVerdict), driftVerdict(drift.report));
    return {
      healthy: verdict.healthy,
      role: 'follower',
      lag_seconds: inMilliseconds(lagSeconds(progress, clock.now())),
      lag_changes: lagChanges(progress),
      last_sync: lastSyncAt === null ? null : isoTime(lastSyncAt),
      last_change_id: store.facts.head.offset,
      changes_applied: changesApplied,
      connected: progress.connected,
      outbox_drift: outboxDrift(store.facts.head.offset),
      error_count: errorCount,
      last_error: lastError,
      error: verdict.healthy ? null : verdict.reason,
    };
  }

  readiness(): { readonly ready: boolean; readonly reason: string | null } {
    const verdict = this.#verdict(followerReadiness);
    return verdict.healthy ? { ready: true, reason: null } : { ready: false, reason: verdict.reason };
  }

  /** Why it may not lead as it is now: it is not whole, or not what its leader had. */
  unfit(): string | null {
    const { store, replicator, drift } = this.#parts;
    const ofStore = storeVerdict({ state: store.state, reason: store.failure });
    if (!ofStore.healthy) return ofStore.reason;
    const { phase, recovery } = replicator.state;
    if (phase === 'recovering') return `it is coming back to its leader's history (${recovery!.obstacle.code})`;
    const ofDrift = driftVerdict(drift.report);
    return ofDrift.healthy ? null : ofDrift.reason;
  }

  /** The newest offset it has heard to have been written. */
  get newestKnown(): number {
    const { contact, applied } = this.#parts.replicator.state.progress;
    return Math.max(applied, contact?.leaderHead ?? 0, contact?.head ?? 0);
  }

  /** What the machine knows, as of now. */
  condition(): ReplicatorState {
    const { policy, requestTimeoutMs, clock } = this.#parts;
    const { state } = this.#parts.replicator;
    // The silence that is a rate's own doing says nothing of the leader.
    const heldBackMs = rateDelayMs(state, state.progress.contact?.atMs ?? 0);
    const restMs = Math.max(policy.waitSeconds * 1000, policy.pollIntervalMs ?? 0) + heldBackMs;
    const silenceMsMax = restMs + 2 * requestTimeoutMs;
    const progress = progressAt(state.progress, clock.now(), silenceMsMax);
    if (progress === state.progress) return state;
    return { ...state, progress, lastError: `nothing heard of it for over ${silenceMsMax / 1000} s` };
  }

  /** A leader in contact that has no change yet has a log all the same, and so have those who follow this node. */
  boundsOfLeader(): LogBounds | undefined {
    const { state, leaderEpoch } = this.#parts.replicator;
    if (state.log === null || leaderEpoch === null || state.progress.contact?.head !== 0) return undefined;
    return { log: state.log, history: [{ epoch: leaderEpoch, offsetFirst: 1 }], head: START, tail: 1 };
  }

  /** Whom it follows, nearest first. Once it has stopped following, what it last heard would grow old unnoticed. */
  path(): readonly string[] | null {
    const { replicator, client } = this.#parts;
    return replicator.state.phase === 'following' ? client.path : null;
  }

  /** The same holds of how far it is behind: while it makes another copy, what it knows is not of what is here. */
  lagAt(offset: number): Lag {
    const { phase, progress } = this.condition();
    return phase === 'following' ? lagOfServed(progress, offset, this.#parts.clock.now()) : { changes: null, ms: null };
  }

  /** Its own part of the status. */
  status(): Readonly<Record<string, unknown>> {
    const { store, clock, pushed } = this.#parts;
    const { progress } = this.condition();
    return {
      applied: store.facts.head.offset,
      lag: { changes: lagChanges(progress), seconds: inMilliseconds(lagSeconds(progress, clock.now())) },
      drift: this.#drift(),
      leader: this.#leader(),
      replication: this.#replication(),
      ...pushed?.describe(),
    };
  }

  #leader(): Readonly<Record<string, unknown>> {
    const { leaderUrl, noLeaderReason, replicator, hearing } = this.#parts;
    return {
      url: noLeaderReason === null ? leaderUrl : null,
      epoch: replicator.leaderEpoch,
      head: replicator.state.progress.contact?.head ?? null,
      path: this.path(),
      ...hearing.describe(),
    };
  }

  #replication(): Readonly<Record<string, unknown>> {
    const { rungs, journal } = this.#parts;
    const { phase, progress, refusal, recovery, breaker, pageSize } = this.condition();
    return {
      phase,
      connected: progress.connected,
      refusal,
      recovery:
        recovery === null
          ? null
          : { rung: recovery.rung, ...recovery.obstacle, attempts: recovery.failures + 1, copy: rungs.copy },
      last_recovery: this.#lastRecovery(),
      rescued: rungs.rescued,
      circuit: breaker.kind,
      page_size: pageSize,
      last_error: journal.happened.lastError,
    };
  }

  #lastRecovery(): Readonly<Record<string, unknown>> | null {
    const { lastRecovery } = this.#parts.journal.happened;
    if (lastRecovery === null) return null;
    const { rung, offset, documentsMoved, tookMs } = lastRecovery;
    return { rung, offset, documents_moved: documentsMoved, seconds: inMilliseconds(tookMs / 1000) };
  }

  /** What the last comparison with the leader found; null before the first. */
  #drift(): Readonly<Record<string, unknown>> | null {
    const { report } = this.#parts.drift;
    if (report === null) return null;
    const { atMs, offset, differing, repaired, isPart, cost } = report;
    const secondsAgo = Math.round((this.#parts.clock.now() - atMs) / 1000);
    return { compared_seconds_ago: secondsAgo, offset, differing, more: isPart, repaired, cost };
  }

  /** The store's verdict, and when that is good, the one asked for. */
  #verdict(judge: typeof followerVerdict): Verdict {
    const { store, clock, lagSecondsMax, noLeaderReason, replicator } = this.#parts;
    if (noLeaderReason !== null) return { healthy: false, reason: `it follows nobody: ${noLeaderReason}` };
    const ofStore = storeVerdict({ state: store.state, reason: store.failure });
    // What is being done about a store that cannot be believed says more than that it cannot.
    return ofStore.healthy || replicator.state.phase === 'recovering'
      ? judge(this.condition(), lagSecondsMax, clock.now())
      : ofStore;
  }
}

function worseOf(first: Verdict, second: Verdict): Verdict {
  return first.healthy ? second : first;
}

/** Seconds to the millisecond; more digits than that are noise. */
function inMilliseconds(seconds: number | null): number | null {
  return seconds === null ? null : Math.round(seconds * 1000) / 1000;
}
