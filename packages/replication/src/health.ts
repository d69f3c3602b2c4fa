import type { DriftReport } from './drift.ts';
import { lagSeconds, type Progress } from './progress.ts';
import type { Refusal } from './follower-state.ts';
import type { Recovery } from './recovery.ts';

export type Verdict = { readonly healthy: true } | { readonly healthy: false; readonly reason: string };

const HEALTHY: Verdict = { healthy: true };

export interface StoreCondition {
  readonly state: 'ready' | 'poisoned' | 'recovering' | 'corrupt' | 'closed';
  readonly reason: string | null;
}

/** A store that cannot be trusted or written to makes its node unhealthy, whatever the role. */
export function storeVerdict(store: StoreCondition): Verdict {
  if (store.state === 'ready') return HEALTHY;
  const because = store.reason === null ? '' : `: ${store.reason}`;
  switch (store.state) {
    case 'poisoned':
      return unhealthy(`a write failed and the store takes no more until it is reopened${because}`);
    case 'recovering':
      return unhealthy(`the store is being reopened and verified${because}`);
    case 'corrupt':
      return unhealthy(`the store is corrupt and must be copied anew${because}`);
    case 'closed':
      return unhealthy('the store is closed');
  }
}

export interface FollowerCondition {
  readonly phase: 'starting' | 'following' | 'recovering' | 'refused' | 'stopped';
  readonly progress: Progress;
  readonly refusal: Refusal | null;
  readonly recovery: Pick<Recovery, 'rung' | 'obstacle'> | null;
  /** How many times in a row a page could not be applied. */
  readonly applyFailures: number;
  readonly lastError: string | null;
}

/** Healthy means: following, in contact, and known to have been up to date within the bound. Anything else says why. */
export function followerVerdict(condition: FollowerCondition, lagSecondsMax: number, nowMs: number): Verdict {
  const { phase, progress, refusal, recovery, applyFailures, lastError } = condition;
  if (phase === 'refused') return unhealthy(refusalSentence(refusal!));
  if (phase === 'recovering') return unhealthy(recoverySentence(recovery!, lastError));
  if (phase === 'stopped') return unhealthy('the follower is stopped');
  if (applyFailures > 0) return unhealthy(`changes cannot be applied, and are tried again (${lastError})`);
  const lag = lagSeconds(progress, nowMs);
  if (!progress.connected) {
    const since =
      lag === null ? 'it has not been up to date since it started' : `it was up to date ${lag.toFixed(1)} s ago`;
    return unhealthy(
      lastError === null
        ? `no answer from the leader yet; ${since}`
        : `no contact with the leader (${lastError}); ${since}`,
    );
  }
  if (lag === null) return unhealthy('the follower is catching up for the first time');
  if (lag > lagSecondsMax)
    return unhealthy(`the follower was last up to date ${lag.toFixed(1)} s ago, the bound is ${lagSecondsMax} s`);
  return HEALTHY;
}

/** Documents that differ at the same position, and have not been put right, are nothing to be quiet about. */
export function driftVerdict(report: Pick<DriftReport, 'differing' | 'repaired' | 'isPart'> | null): Verdict {
  if (report === null || (report.differing <= report.repaired && !report.isPart)) return HEALTHY;
  const count = report.isPart ? `more than ${report.differing}` : String(report.differing - report.repaired);
  return unhealthy(
    `${count} documents are not as the leader has them at the same position; verify names them, --repair puts them right`,
  );
}

/**
 * Whether reads may be sent to a follower: that it was up to date within the bound is enough. A leader that is away for a
 * moment takes no follower out of service; one that stays away does, when the bound is passed.
 */
export function followerReadiness(condition: FollowerCondition, lagSecondsMax: number, nowMs: number): Verdict {
  const { phase, progress } = condition;
  const lag = lagSeconds(progress, nowMs);
  const isWithinBound = phase === 'following' && lag !== null && lag <= lagSecondsMax;
  return isWithinBound ? HEALTHY : followerVerdict(condition, lagSecondsMax, nowMs);
}

function refusalSentence(refusal: Refusal): string {
  const { code, detail } = refusal;
  switch (code) {
    case 'compacted':
      return recoverySentence({ rung: 'copy', obstacle: refusal }, null);
    case 'diverged':
      return `this follower holds changes that are not in the leader's history; it must not follow on (${detail})`;
    case 'other_log':
      return `the leader serves another log than this follower holds; check its address (${detail})`;
    case 'ahead':
      return `this follower is ahead of its leader, which may have lost data; check the leader before anything else (${detail})`;
  }
}

function recoverySentence({ rung, obstacle }: Pick<Recovery, 'rung' | 'obstacle'>, lastError: string | null): string {
  const why = `${obstacle.code}: ${obstacle.detail}`;
  const trouble = lastError === null || lastError === why ? '' : `; the last attempt failed: ${lastError}`;
  const way =
    rung === 'compare'
      ? 'this follower is taking over what differs from its leader'
      : "a new copy of the leader's documents is being made";
  return `${way} (${why})${trouble}`;
}

function unhealthy(reason: string): Verdict {
  return { healthy: false, reason };
}
