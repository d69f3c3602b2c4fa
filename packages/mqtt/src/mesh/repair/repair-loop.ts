import { isoTime, type Clock } from '@skein/core';
import { reasonOf } from '@skein/http';
import type { FastifyBaseLogger } from 'fastify';
import { Bell } from '../../bell.ts';
import type { Peer } from '../peers/peer.ts';
import type { PeerRepair, Repaired } from './peer-repair.ts';

export interface RepairLoopParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly everyMs: number;
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
  /** What it is about was left behind: it is over when all was gone through without it, and not with the next comparison. */
  readonly isLeftBehind: boolean;
}

/** A peer, and how it stands with comparing it. */
interface Compared {
  readonly peer: Peer;
  readonly repair: PeerRepair;
  /** The way through all documents that is being made; null between two of them. */
  lap: Lap | null;
  dueAtMs: number;
  atWallMs: number | null;
  last: Repaired | null;
  trouble: Trouble | null;
}

const NOTHING_YET = { differing: 0, moved: 0, missing: 0, isWhole: true, isRefused: false };

/** One that is not in contact is looked at again after so long. */
const NO_CONTACT_MS = 1000;

/**
 * Compares this node with each of its peers, one at a time: now and then; and where something may be missing, one comparison
 * after another, for as long as they move anything, until nothing differs.
 */
export class RepairLoop {
  readonly #parts: RepairLoopParts;
  readonly #all: Compared[] = [];
  readonly #bell = new Bell();
  #running: Promise<void> = Promise.resolve();

  constructor(parts: RepairLoopParts) {
    this.#parts = parts;
  }

  add(peer: Peer, repair: PeerRepair): void {
    const dueAtMs = this.#later(this.#parts.random());
    this.#all.push({ peer, repair, lap: null, dueAtMs, atWallMs: null, last: null, trouble: null });
  }

  start(signal: AbortSignal): void {
    this.#running = this.#run(signal);
  }

  async ended(): Promise<void> {
    await this.#running;
  }

  /** A peer has something that may be missing here. */
  hurry(url: string): void {
    for (const compared of this.#all) if (compared.peer.url === url) compared.dueAtMs = this.#parts.clock.now();
    this.#bell.ring();
  }

  describe(url: string): Readonly<Record<string, unknown>> {
    const { atWallMs, last, trouble } = this.#all.find(({ peer }) => peer.url === url)!;
    return {
      compared_at: atWallMs === null ? null : isoTime(atWallMs),
      compared_differing: last?.differing ?? null,
      compare_error: trouble?.reason ?? null,
    };
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#all.length > 0) {
      const next = this.#all.reduce((first, other) => (other.dueAtMs < first.dueAtMs ? other : first));
      const waitMs = next.dueAtMs - this.#parts.clock.now();
      if (waitMs > 0) await this.#rest(waitMs, signal);
      else await this.#compare(next, signal);
    }
  }

  /** Until something is due, or there is news. */
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

  async #compare(compared: Compared, signal: AbortSignal): Promise<void> {
    const { clock, onRepaired } = this.#parts;
    const { peer, repair } = compared;
    if (!peer.isConnected) {
      compared.dueAtMs = clock.now() + NO_CONTACT_MS;
      return;
    }
    compared.lap ??= { ...NOTHING_YET, gaps: peer.gaps, head: this.#parts.head() };
    compared.dueAtMs = this.#later(0.75 + 0.5 * this.#parts.random());
    const { start } = repair;
    try {
      const repaired = await repair.compare(signal);
      compared.atWallMs = clock.wall();
      compared.last = repaired;
      onRepaired(repaired);
      this.#goOn(compared, repaired, signal);
    } catch (error) {
      if (signal.aborted) return;
      const isLeftBehind = repair.start !== start;
      this.#failed(compared, { reason: reasonOf(error), isLeftBehind });
      if (isLeftBehind) compared.lap = { ...compared.lap, isWhole: false };
      if (repair.start === null) compared.lap = null;
    }
  }

  /** Where something may be missing the next one follows at once, unless all of them in a row have come to nothing. */
  #goOn(compared: Compared, { isAtEnd, ...found }: Repaired, signal: AbortSignal): void {
    const { peer, trouble } = compared;
    const gone = lapAfter(compared.lap!, found);
    const { refused } = found;
    compared.lap = isAtEnd ? null : gone;
    if (trouble?.isLeftBehind !== true || (isAtEnd && gone.isWhole && !gone.isRefused)) compared.trouble = null;
    if (refused !== null)
      this.#failed(compared, {
        reason: `${refused.count} not taken by the peer: ${refused.reason}`,
        isLeftBehind: true,
      });
    if (isAtEnd && gone.isWhole && gone.missing === 0) peer.closeGap(gone.gaps, signal);
    if (isAtEnd && gone.isWhole && gone.differing === 0) peer.hasAllUpTo(gone.head);
    const isDone = isAtEnd && gone.moved === 0 && gone.gaps === peer.gaps;
    if (peer.hasGap && !isDone) compared.dueAtMs = this.#parts.clock.now();
  }

  #failed(compared: Compared, trouble: Trouble): void {
    const { peer, trouble: before } = compared;
    const { reason } = trouble;
    if (reason !== before?.reason)
      this.#parts.logger?.warn({ peer: peer.url, reason }, 'a peer could not be compared with');
    compared.trouble = { reason, isLeftBehind: trouble.isLeftBehind || before?.isLeftBehind === true };
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
