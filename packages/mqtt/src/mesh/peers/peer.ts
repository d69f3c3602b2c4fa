import type { Clock, Store } from '@skein/core';
import { NodeDeclines, reasonOf, type NodeLink } from '@skein/http';
import { formatPosition, samePosition } from '@skein/protocol';
import {
  backoffDelayMs,
  breakerAfterFailure,
  breakerBeforeRequest,
  breakerDelayMs,
  CLOSED,
  faultOfPeer,
  ITSELF,
  lagChanges,
  lagSeconds,
  NO_LAG,
  NO_PROGRESS,
  PEER_SILENT_MS,
  progressAfterApply,
  progressAfterContact,
  progressAfterRecovery,
  progressAfterSilence,
  progressAt,
  type BackoffPolicy,
  type Breaker,
  type BreakerPolicy,
  type PeerCondition,
  type Progress,
  type SaidOfPeer,
} from '@skein/replication';
import type { FastifyBaseLogger } from 'fastify';
import type { MeshIntake } from '../intake.ts';
import { PeerCursor } from './peer-cursor.ts';
import { PeerFeed, type CursorRefused, type PeerPage } from './peer-feed.ts';

export interface PeerPolicy {
  readonly backoff: BackoffPolicy;
  readonly breaker: BreakerPolicy;
  readonly waitSeconds: number;
  readonly requestTimeoutMs: number;
}

export interface PeerParts {
  readonly url: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: () => number;
  readonly link: NodeLink;
  readonly intake: MeshIntake;
  readonly policy: PeerPolicy;
  /** Something before its cursor may be missing here: the two are to be compared. */
  readonly onGap: () => void;
  readonly logger?: FastifyBaseLogger | undefined;
}

/** This node's own store is in the way: nothing that the peer could do better. */
class TroubleHere extends Error {}

const QUARANTINED = 'some of what it has was made too far ahead of the clock of this node';

/** Another node of the mesh, whose log is read from where that had ended, and merged. */
export class Peer {
  readonly url: string;
  readonly #parts: PeerParts;
  readonly #feed: PeerFeed;
  readonly #cursor: PeerCursor;
  readonly #beganAtMs: number;
  #isLoaded = false;
  #running: Promise<void> = Promise.resolve();
  #node: string | null = null;
  #fault: string | null = null;
  #heardAtMs: number | null = null;
  #progress: Progress = NO_PROGRESS;
  #breaker: Breaker = CLOSED;
  #failures = 0;
  #failuresHere = 0;
  #lastError: string | null = null;
  #troubleHere: string | null = null;
  #gaps = 0;
  #comparedTo = 0;

  constructor(parts: PeerParts) {
    const { url, store, clock, link, policy } = parts;
    this.url = url;
    this.#parts = parts;
    this.#beganAtMs = clock.now();
    this.#feed = new PeerFeed({
      link,
      node: store.facts.identity.node,
      requestTimeoutMs: policy.requestTimeoutMs,
      onAnswer: (said) => this.#heard(said),
    });
    this.#cursor = new PeerCursor({
      store,
      clock,
      url,
      onSaved: (error) => (this.#troubleHere = error === null ? null : reasonOf(error)),
    });
  }

  start(signal: AbortSignal): void {
    this.#running = this.#run(signal);
  }

  /** Resolves when it has ended, and its cursor is stored. */
  async ended(): Promise<void> {
    await this.#running;
    await this.#cursor.rest();
  }

  /** Who is there; null before it has said so. */
  get node(): string | null {
    return this.#node;
  }

  /** What is there is this node itself, which is nobody's peer. */
  get isItself(): boolean {
    return this.#fault === ITSELF;
  }

  get isConnected(): boolean {
    return this.#seen.connected;
  }

  /** How often something was passed over in its log; what is compared later than that finds it. */
  get gaps(): number {
    return this.#gaps;
  }

  /** Up to where it is known, by comparing, to have all of this node's log. */
  get comparedTo(): number {
    return this.#comparedTo;
  }

  get hasGap(): boolean {
    return this.#cursor.current.gap !== null;
  }

  /** Unknown without contact, or while what is before the cursor may be missing. */
  get lagChanges(): number | null {
    return this.hasGap ? null : lagChanges(this.#seen);
  }

  get lagSeconds(): number | null {
    return this.hasGap ? null : lagSeconds(this.#progress, this.#parts.clock.now());
  }

  get circuit(): Breaker['kind'] {
    return this.#breaker.kind;
  }

  get troubleHere(): string | null {
    return this.#troubleHere;
  }

  condition(): PeerCondition {
    const silentMs = this.#parts.clock.now() - (this.#heardAtMs ?? this.#beganAtMs);
    return { url: this.url, fault: this.#fault, silentMs, lastError: this.#lastError };
  }

  describe(): Readonly<Record<string, unknown>> {
    const { log, position, gap } = this.#cursor.current;
    return {
      url: this.url,
      node: this.#node,
      connected: this.isConnected,
      log,
      cursor: formatPosition(position),
      gap,
      lag_changes: this.lagChanges,
      lag_seconds: this.lagSeconds,
      circuit: this.circuit,
      refused: this.#fault,
      last_error: this.#lastError,
    };
  }

  /** Nothing differs any more, as of a time when so many gaps were known. */
  closeGap(gaps: number, signal: AbortSignal): void {
    if (gaps !== this.#gaps || !this.hasGap) return;
    this.#parts.logger?.info({ peer: this.url }, 'what a peer has is here again');
    this.#cursor.moveTo({ ...this.#cursor.current, gap: null }, signal);
  }

  hasAllUpTo(offset: number): void {
    this.#comparedTo = offset;
  }

  get #seen(): Progress {
    return progressAt(this.#progress, this.#parts.clock.now(), PEER_SILENT_MS);
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#turn(signal);
        this.#failures = this.#failuresHere = 0;
        this.#breaker = CLOSED;
        this.#lastError = null;
      } catch (error) {
        if (signal.aborted) return;
        await this.#parts.clock.sleep(this.#failed(error), signal).catch(() => undefined);
      }
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { clock, policy } = this.#parts;
    await this.#load();
    this.#breaker = breakerBeforeRequest(this.#breaker, clock.now());
    const { log, position, gap } = this.#cursor.current;
    // A document of before a gap may be here still that was deleted there: that is not acknowledged.
    const applied = gap === null ? position : null;
    const question = { since: position, log, applied, waitSeconds: policy.waitSeconds };
    const answer = await this.#feed.ask(question, signal);
    if (answer.kind === 'refused') await this.#goToHead(answer, signal);
    else await this.#take(answer, signal);
  }

  async #load(): Promise<void> {
    if (this.#isLoaded) return;
    await here(() => this.#cursor.load());
    this.#isLoaded = true;
    if (this.hasGap) this.#openGap();
  }

  async #take({ log, changes, unreadable, next, head }: PeerPage, signal: AbortSignal): Promise<void> {
    const { clock, intake, logger } = this.#parts;
    this.#progress = progressAfterContact(this.#progress, head, NO_LAG, clock.now());
    const { quarantined } = await here(() => intake.take(changes));
    this.#troubleHere = null;
    if (unreadable !== null) logger?.warn({ peer: this.url, reason: unreadable }, 'a change of a peer is passed over');
    const passedOver = unreadable ?? (quarantined > 0 ? QUARANTINED : null);
    if (passedOver !== null) this.#openGap();
    this.#move({ log, position: next, gap: this.#cursor.current.gap ?? passedOver }, signal);
  }

  /** Its log does not lead on from the cursor: it is gone on with where the log ends, and what is before that is compared. */
  async #goToHead({ reason }: CursorRefused, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#parts;
    const answer = await this.#feed.ask({ since: 'now', log: null, applied: null, waitSeconds: 0 }, signal);
    if (answer.kind === 'refused') throw new Error(answer.reason);
    logger?.warn(
      { peer: this.url, reason },
      "a peer's log does not lead on from where this node was: they are compared",
    );
    this.#progress = progressAfterContact(progressAfterRecovery(this.#progress, 0), answer.head, NO_LAG, clock.now());
    this.#openGap();
    this.#move({ log: answer.log, position: answer.next, gap: reason }, signal);
  }

  #move(cursor: PeerCursor['current'], signal: AbortSignal): void {
    const { log, position, gap } = this.#cursor.current;
    this.#progress = progressAfterApply(this.#progress, cursor.position.offset);
    const isWhereItWas = cursor.log === log && cursor.gap === gap && samePosition(cursor.position, position);
    if (!isWhereItWas) this.#cursor.moveTo(cursor, signal);
  }

  #openGap(): void {
    this.#gaps++;
    this.#parts.onGap();
  }

  #heard(said: SaidOfPeer): void {
    const { node, log } = this.#parts.store.facts.identity;
    this.#fault = faultOfPeer({ node, log }, said);
    if (this.#fault !== null) throw new Error(this.#fault);
    this.#node = said.node!;
    this.#heardAtMs = this.#parts.clock.now();
  }

  /** Answers how long to wait. */
  #failed(error: unknown): number {
    if (error instanceof TroubleHere) return this.#failedHere(error);
    return this.isItself ? this.#foundItself() : this.#failedThere(error);
  }

  /** Left out until something else answers there: an answer may have gone astray. */
  #foundItself(): number {
    const { policy, logger } = this.#parts;
    if (this.#lastError !== this.#fault) logger?.info({ peer: this.url }, 'a peer is this node: it is left out');
    this.#lastError = this.#fault;
    return policy.backoff.maxMs;
  }

  #failedThere(error: unknown): number {
    const { clock, random, policy, logger } = this.#parts;
    const reason = reasonOf(error);
    if (reason !== this.#lastError) logger?.warn({ peer: this.url, reason }, 'a peer could not be read');
    this.#lastError = reason;
    this.#progress = progressAfterSilence(this.#progress);
    this.#breaker = breakerAfterFailure(this.#breaker, policy.breaker, clock.now());
    const retryAfterMs = error instanceof NodeDeclines ? error.retryAfterMs : undefined;
    const delayMs = backoffDelayMs(policy.backoff, ++this.#failures, random(), retryAfterMs);
    return Math.max(delayMs, breakerDelayMs(this.#breaker, clock.now()));
  }

  #failedHere(error: TroubleHere): number {
    const { random, policy, logger } = this.#parts;
    const reason = reasonOf(error.cause);
    if (reason !== this.#troubleHere) logger?.warn({ peer: this.url, reason }, 'what a peer has could not be merged');
    this.#troubleHere = reason;
    return backoffDelayMs(policy.backoff, ++this.#failuresHere, random());
  }
}

async function here<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new TroubleHere('this node could not do its part', { cause: error });
  }
}
