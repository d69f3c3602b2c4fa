import type { Epoch, Position } from '@skein/protocol';
import type { BackoffPolicy } from './backoff.ts';
import { CLOSED, type Breaker, type BreakerPolicy } from './breaker.ts';
import { NO_PROGRESS, type Lag, type Progress } from './progress.ts';
import type { Expectation, Obstacle, Recovery, Rung } from './recovery.ts';
import { FULL, type RatePolicy, type TokenBucket } from './token-bucket.ts';

export interface FollowerPolicy {
  readonly backoff: BackoffPolicy;
  readonly breaker: BreakerPolicy;
  /** Null follows by long poll; a number asks again that long after being up to date. */
  readonly pollIntervalMs: number | null;
  readonly waitSeconds: number;
  readonly pageSizeMax: number;
  /** Null fetches as fast as it can. */
  readonly rate: RatePolicy | null;
  /** An operator has said that a leader which lost what this node has, or is another, is to be followed; once. */
  readonly acceptReset: boolean;
}

/** A page as the machine sees it; `payload` is carried through untouched. */
export interface FetchedPage<Payload> {
  readonly log: string;
  readonly headOffset: number;
  /** How far the node that answered is itself behind. */
  readonly lag: Lag;
  readonly changes: number;
  /** Changes that came before them and had come already: passed over, and fetched all the same. */
  readonly changesHere?: number;
  /** Null when there was nothing new. */
  readonly content: {
    readonly offsetFirst: number;
    readonly hashBefore: string;
    readonly epochFirst: string;
    readonly next: Position;
    readonly payload: Payload;
  } | null;
}

export interface Refusal extends Obstacle {
  readonly code: Exclude<Obstacle['code'], 'corrupt'>;
}

export type FollowerEvent<Payload> =
  | { readonly kind: 'started' }
  | {
      readonly kind: 'fetched';
      readonly ticket: number;
      readonly page: FetchedPage<Payload>;
      readonly tookMs: number;
      readonly nowMs: number;
      readonly random: number;
    }
  | {
      readonly kind: 'fetch-failed';
      readonly ticket: number;
      readonly reason: string;
      readonly retryAfterMs?: number | undefined;
      readonly nowMs: number;
      readonly random: number;
    }
  | { readonly kind: 'fetch-refused'; readonly ticket: number; readonly refusal: Refusal; readonly nowMs: number }
  | {
      readonly kind: 'applied';
      readonly position: Position;
      readonly changes: number;
      readonly tookMs: number;
      readonly nowMs: number;
    }
  | {
      readonly kind: 'apply-failed';
      readonly reason: string;
      readonly applied: Position;
      readonly nowMs: number;
      readonly random: number;
    }
  /**
   * A record came beside the feed, proven by its hash; `leaderEpoch` is what the leader itself last answered with, null
   * where it is another node that answers.
   */
  | {
      readonly kind: 'pushed';
      readonly page: FetchedPage<Payload>;
      readonly leaderEpoch: Epoch | null;
    }
  /** One came that is not the next, or could not be taken. */
  | { readonly kind: 'push-missed'; readonly log: string; readonly offset: number; readonly nowMs: number }
  /** The leader was asked where its log ends, beside the loop, by somebody who waits for what is there. */
  | { readonly kind: 'heard'; readonly head: number; readonly leaderHead: number; readonly nowMs: number }
  /** The node that is followed answers somebody again, after it had not. */
  | { readonly kind: 'leader-returned'; readonly nowMs: number }
  /** The leader has said which epoch it is in. */
  | { readonly kind: 'leader-epoch'; readonly epoch: Epoch; readonly nowMs: number }
  /** The store takes writes again, after one had failed. */
  | { readonly kind: 'store-ready'; readonly nowMs: number; readonly random: number }
  /** The store has met bytes that are not what was written. */
  | { readonly kind: 'found-corrupt'; readonly reason: string }
  /** The store now holds what the leader has at a position of a log. */
  | { readonly kind: 'recovered'; readonly log: string; readonly position: Position; readonly nowMs: number }
  | {
      readonly kind: 'recovery-failed';
      readonly reason: string;
      readonly retryAfterMs?: number | undefined;
      readonly nowMs: number;
      readonly random: number;
    }
  | { readonly kind: 'recovery-refused'; readonly refusal: Refusal }
  /** This rung does not lead back, for a reason that will last; the next one is tried. */
  | { readonly kind: 'recovery-declined'; readonly reason: string }
  /** Nothing more is to be applied until it is known how far. */
  | { readonly kind: 'hold' }
  /** It is to stand still once it is exactly at an offset. */
  | { readonly kind: 'hold-at'; readonly offset: number; readonly nowMs: number }
  | { readonly kind: 'release'; readonly nowMs: number }
  | { readonly kind: 'stopped' };

export type FollowerEffect<Payload> =
  | {
      readonly kind: 'fetch';
      readonly ticket: number;
      readonly since: Position;
      readonly limit: number;
      readonly waitSeconds: number;
      readonly delayMs: number;
    }
  /** The fetch that just failed is to be tried again, with the same ticket. */
  | { readonly kind: 'retry'; readonly delayMs: number; readonly waitSeconds: number }
  /** All of a page; or its records up to an offset, and the rest is fetched again. */
  | { readonly kind: 'apply'; readonly payload: Payload; readonly changes: number; readonly upTo: number | null }
  | { readonly kind: 'cancel-fetch' }
  | {
      readonly kind: 'recover';
      readonly rung: Rung;
      readonly expectation: Expectation;
      readonly delayMs: number;
    }
  | { readonly kind: 'cancel-recovery' };

export interface FollowerState<Payload> {
  readonly phase: 'starting' | 'following' | 'recovering' | 'refused' | 'stopped';
  readonly policy: FollowerPolicy;
  readonly log: string | null;
  readonly applied: Position;
  /** Where the next fetch begins: behind everything applied, being applied, or in hand. */
  readonly fetchedTo: Position;
  readonly ticket: number;
  readonly isFetching: boolean;
  /** When the request goes out that `isFetching` means: before that it can be sent sooner. Null when it went out at once. */
  readonly pausesUntilMs: number | null;
  readonly isApplying: boolean;
  readonly inHand: FetchedPage<Payload> | null;
  /** Set while it is to stand still, at once or at an offset: what is compared must not move. */
  readonly hold: { readonly at: number | null } | null;
  readonly pageSize: number;
  /** When the leader was last asked early because something had been pushed. */
  readonly hurriedAtMs: number | null;
  /** Fetches that failed in a row. */
  readonly failures: number;
  /** The same for applying, counted apart: a good fetch says nothing of the disk. */
  readonly applyFailures: number;
  readonly breaker: Breaker;
  readonly bucket: TokenBucket;
  readonly progress: Progress;
  readonly refusal: Refusal | null;
  readonly recovery: Recovery | null;
  readonly mayReset: boolean;
  readonly lastError: string | null;
}

export interface FollowerStep<Payload> {
  readonly state: FollowerState<Payload>;
  readonly effects: readonly FollowerEffect<Payload>[];
}

export function initialFollower<Payload>(
  policy: FollowerPolicy,
  log: string | null,
  applied: Position,
): FollowerState<Payload> {
  return {
    phase: 'starting',
    policy,
    log,
    applied,
    fetchedTo: applied,
    ticket: 0,
    isFetching: false,
    pausesUntilMs: null,
    isApplying: false,
    inHand: null,
    hold: null,
    pageSize: Math.min(policy.pageSizeMax, 1000),
    hurriedAtMs: null,
    failures: 0,
    applyFailures: 0,
    breaker: CLOSED,
    bucket: FULL,
    progress: { ...NO_PROGRESS, applied: applied.offset },
    refusal: null,
    recovery: null,
    mayReset: policy.acceptReset,
    lastError: null,
  };
}

/** The event of a kind. */
export type EventOf<Payload, Kind> = Extract<FollowerEvent<Payload>, { kind: Kind }>;
