import { isoTime, type Clock } from '@skein/core';
import { reasonOf, type Turns } from '@skein/http';
import type { Uncompared } from '@skein/replication';
import type { FastifyBaseLogger } from 'fastify';
import { Bell } from '../../bell.ts';
import type { Peer } from '../peers/peer.ts';
import type { PeerRepair, Repaired } from './peer-repair.ts';

export interface RepairLoopParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly everyMs: number;
  readonly peer: Peer;
  readonly repair: PeerRepair;
  /** Those with other peers are under way at the same time. */
  readonly turns: Turns;
  /** Where this node's log ends. */
  readonly head: () => number;
  readonly onRepaired: (repaired: Repaired) => void;
  readonly logger?: FastifyBaseLogger | undefined;
}

interface Lap {
  /** What was known to be passed over of the peer's log when it began. */
  readonly gaps: number;
  /** Where this node's log ended then. */
  readonly head: number;
  readonly differing: number;
  readonly moved: number;
  readonly missing: number;
  /** None of it was left behind since it failed. */
  readonly isWhole: boolean;
  /** The peer did not take some of it. */
  readonly isRefused: boolean;
}

/** Why a peer could not be compared with, or not wholly. */
interface Trouble {
  readonly reason: string;
  /** Nothing went well since then. */
  readonly sinceMs: number;
  /** What it is about was left behind: it is over when all was gone through without it, and not with the next comparison. */
  readonly isLeftBehind: boolean;
}

const NOTHING_YET = { differing: 0, moved: 0, missing: 0, isWhole: true, isRefused: false };

/** One that is not in contact is looked at again after so long. */
const NO_CONTACT_MS = 1000;

/** A peer may take minutes to make its digests; what takes longer is begun anew another time, where it was. */
const COMPARE_MS_MAX = 600_000;

/**
 * Compares this node with a peer: now and then; and where something may be missing, one comparison after another, for as long
 * as they move anything, until nothing differs.
 */
export class RepairLoop {
  readonly #parts: RepairLoopParts;
  readonly #bell = new Bell();
  #running: Promise<void> = Promise.resolve();
  #dueAtMs: number;
  /** The way through all documents that is being made; null between two of them. */
  #lap: Lap | null = null;
  #atWallMs: number | null = null;
  #last: Repaired | null = null;
  #trouble: Trouble | null = null;

  constructor(parts: RepairLoopParts) {
    this.#parts = parts;
    this.#dueAtMs = this.#later(parts.random());
  }

  start(signal: AbortSignal): void {
    this.#running = this.#run(signal);
  }

  async ended(): Promise<void> {
    await this.#running;
  }

  /** The peer has something that may be missing here. */
  hurry(): void {
    this.#dueAtMs = this.#parts.clock.now();
    this.#bell.ring();
  }

  describe(): Readonly<Record<string, unknown>> {
    return {
      compared_at: this.#atWallMs === null ? null : isoTime(this.#atWallMs),
      compared_differing: this.#last?.differing ?? null,
      compare_error: this.#trouble?.reason ?? null,
    };
  }

  /** Why, and for how long, it was not wholly compared with; null when it was. */
  uncompared(): Uncompared | null {
    if (this.#trouble === null) return null;
    const { clock, everyMs } = this.#parts;
    const { reason, sinceMs } = this.#trouble;
    return { ms: clock.now() - sinceMs, everyMs, reason };
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, peer, turns } = this.#parts;
    while (!signal.aborted) {
      const waitMs = this.#dueAtMs - clock.now();
      if (waitMs > 0) await this.#rest(waitMs, signal);
      else if (!peer.isConnected) this.#dueAtMs = clock.now() + NO_CONTACT_MS;
      else await turns.take(() => this.#compare(signal));
    }
  }

  /** Until it is due, or there is news. */
  async #rest(ms: number, signal: AbortSignal): Promise<void> {
    const resting = new AbortController();
    const end = (): void => resting.abort();
    signal.addEventListener('abort', end, { once: true });
    this.#parts.clock.sleep(ms, resting.signal).then(
      () => this.#bell.ring(),
      () => undefined,
    );
    await this.#bell.next(signal);
    signal.removeEventListener('abort', end);
    resting.abort();
  }

  async #compare(signal: AbortSignal): Promise<void> {
    const { clock, peer, repair, head, random, onRepaired } = this.#parts;
    this.#lap ??= { ...NOTHING_YET, gaps: peer.gaps, head: head() };
    this.#dueAtMs = this.#later(0.75 + 0.5 * random());
    const { start } = repair;
    try {
      await repair.prepare(signal);
      const repaired = await this.#inTime((until) => repair.compare(until), signal);
      this.#atWallMs = clock.wall();
      this.#last = repaired;
      onRepaired(repaired);
      this.#goOn(this.#lap, repaired, signal);
    } catch (error) {
      if (signal.aborted) return;
      const isLeftBehind = repair.start !== start;
      this.#failed({ reason: reasonOf(error), isLeftBehind });
      if (isLeftBehind) this.#lap = { ...this.#lap, isWhole: false };
      if (repair.start === null) this.#lap = null;
    }
  }

  /** Ended with the node, too. */
  async #inTime<Result>(work: (until: AbortSignal) => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const [until, waiting] = [new AbortController(), new AbortController()];
    const end = (): void => until.abort(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    this.#parts.clock.sleep(COMPARE_MS_MAX, waiting.signal).then(
      () => until.abort(new Error(`it has taken longer than ${COMPARE_MS_MAX / 1000} s`)),
      () => undefined,
    );
    try {
      return await work(until.signal);
    } catch (error) {
      throw until.signal.aborted ? until.signal.reason : error;
    } finally {
      signal.removeEventListener('abort', end);
      waiting.abort();
    }
  }

  /** Where something may be missing the next one follows at once, unless all of them in a row have come to nothing. */
  #goOn(lap: Lap, { isAtEnd, ...found }: Repaired, signal: AbortSignal): void {
    const { clock, peer } = this.#parts;
    const gone = lapAfter(lap, found);
    this.#lap = isAtEnd ? null : gone;
    const isOver = this.#trouble?.isLeftBehind !== true || (isAtEnd && gone.isWhole && !gone.isRefused);
    if (isOver) this.#trouble = null;
    const { refused } = found;
    if (refused !== null)
      this.#failed({ reason: `${refused.count} not taken by the peer: ${refused.reason}`, isLeftBehind: true });
    if (isAtEnd && gone.isWhole && gone.missing === 0) peer.closeGap(gone.gaps, signal);
    if (isAtEnd && gone.isWhole && gone.differing === 0) peer.hasAllUpTo(gone.head);
    const isDone = isAtEnd && gone.moved === 0 && gone.gaps === peer.gaps;
    if (peer.hasGap && !isDone) this.#dueAtMs = clock.now();
  }

  #failed({ reason, isLeftBehind }: Omit<Trouble, 'sinceMs'>): void {
    const { clock, peer, logger } = this.#parts;
    const before = this.#trouble;
    if (reason !== before?.reason) logger?.warn({ peer: peer.url, reason }, 'a peer could not be compared with');
    const sinceMs = before?.sinceMs ?? clock.now();
    this.#trouble = { reason, sinceMs, isLeftBehind: isLeftBehind || before?.isLeftBehind === true };
  }

  #later(share: number): number {
    return this.#parts.clock.now() + this.#parts.everyMs * share;
  }
}

function lapAfter(lap: Lap, { differing, moved, missing, refused }: Omit<Repaired, 'isAtEnd'>): Lap {
  return {
    ...lap,
    differing: lap.differing + differing,
    moved: lap.moved + moved,
    missing: lap.missing + missing,
    isRefused: lap.isRefused || refused !== null,
  };
}
