import type { Clock, Store } from '@skein/core';
import { Comparison, fetchDigest, NodeApi, patiently, type NodeLink } from '@skein/http';
import { formatPosition, type Place } from '@skein/protocol';
import { planRepair, type RepairItem } from '@skein/replication';
import type { MeshIntake } from '../intake.ts';
import type { Quarantine } from '../quarantine.ts';
import { fetchChanges, firstLook, inPlace, secondLook, type Look, type Sight } from './look.ts';
import { submit, type Refused } from './submit.ts';

export interface PeerRepairParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly link: NodeLink;
  readonly intake: MeshIntake;
  readonly quarantine: Quarantine;
  readonly clockDriftMsMax: number;
  readonly requestTimeoutMs: number;
  /** How many documents one comparison is about at most. */
  readonly itemsMax: number;
  /** Told of old tombstones, by their keys, that are here and that the peer has no more. */
  readonly onDroppedThere: (keys: readonly string[]) => void;
}

/** What a comparison has found, and what came of it. */
export interface Repaired {
  /** Documents that differed at both looks. */
  readonly differing: number;
  readonly fetched: number;
  readonly submitted: number;
  /** How many of them were news where they went. */
  readonly moved: number;
  /** Newer ones of the peer's, as far as they were not here when this was found. */
  readonly missing: number;
  /** Of what was submitted. */
  readonly refused: Refused | null;
  /** The next one begins at the beginning. */
  readonly isAtEnd: boolean;
}

/** What is on its way arrives meanwhile. */
const SECOND_LOOK_MS = 1000;
const BRANCHES_AT_ONCE = 8;
/** What could not be moved so many times is left behind: maybe it never can be, and the rest is not to wait for it. */
const FAILURES_MAX = 2;
const NOTHING = { differing: 0, fetched: 0, submitted: 0, moved: 0, missing: 0, refused: null };

/**
 * Compares this node's documents with those of a peer, and has each take what is newer at the other. It goes on behind the
 * place where the last comparison had enough, so that what cannot be merged now holds up nothing else.
 */
export class PeerRepair {
  readonly #parts: PeerRepairParts;
  readonly #api: NodeApi;
  #start: Place | null = null;
  /** What begins there could not be moved so many times. */
  #failures = 0;

  constructor(parts: PeerRepairParts) {
    this.#parts = parts;
    this.#api = new NodeApi(parts.link, parts.requestTimeoutMs);
  }

  /** Where the next one begins, also when the last has failed; null for the beginning. */
  get start(): Place | null {
    return this.#start;
  }

  /** Makes the digest of this node, which may take minutes the first time: a peer holds no position for so long, unasked. */
  async prepare(signal: AbortSignal): Promise<void> {
    const { store } = this.#parts;
    const snapshot = await store.snapshot();
    try {
      await store.digests.at(snapshot, 'stamp', signal);
    } finally {
      await snapshot.close();
    }
  }

  async compare(signal: AbortSignal): Promise<Repaired> {
    const { clock, itemsMax, onDroppedThere } = this.#parts;
    const first = await this.#seeing(signal, (sight) => firstLook(sight, this.#start, itemsMax));
    onDroppedThere(first.droppedThere);
    const isAtEnd = first.goesOn === null;
    if (first.open.size === 0) {
      this.#goOn(first.goesOn);
      return { ...NOTHING, isAtEnd };
    }
    await clock.sleep(SECOND_LOOK_MS, signal);
    try {
      const repaired = await this.#seeing(signal, (sight) => this.#settle(first, sight));
      this.#goOn(first.goesOn);
      return { ...repaired, isAtEnd };
    } catch (error) {
      if (++this.#failures === FAILURES_MAX) this.#goOn(first.goesOn);
      throw error;
    }
  }

  #goOn(place: Place | null): void {
    this.#start = place;
    this.#failures = 0;
  }

  async #settle(first: Look, sight: Sight): Promise<Omit<Repaired, 'isAtEnd'>> {
    const { quarantine, clockDriftMsMax: driftMsMax } = this.#parts;
    const second = await secondLook(sight, first);
    const plan = planRepair({ first: first.open, second }, { wallMs: sight.wallMs, driftMsMax });
    for (const stamp of plan.heldBack) quarantine.saw(stamp);
    const takenHere = await this.#fetch(plan.fetch, sight);
    const there = await submit(sight, inPlace(plan.submit), sight.mine);
    return {
      differing: plan.missing + plan.missingThere,
      fetched: plan.fetch.length,
      submitted: plan.submit.length,
      moved: takenHere + there.taken,
      missing: plan.missing,
      refused: there.refused,
    };
  }

  /** Has both sides as of now, the peer's first, for as long as something is to be done with that: what is compared was there when the question came. */
  async #seeing<T>(signal: AbortSignal, work: (sight: Sight) => Promise<T>): Promise<T> {
    const { store, clock, link, requestTimeoutMs: answerMs } = this.#parts;
    const ask = (path: string): Promise<unknown> => patiently(clock, () => this.#api.get(path, signal), signal);
    const { position: theirs } = await patiently(clock, () => this.#api.pin('now', signal, { by: 'stamp' }), signal);
    // Theirs may be long in coming, and nothing of this node's is held meanwhile.
    const source = await fetchDigest(ask, 'stamp', formatPosition(theirs));
    const mine = await store.snapshot();
    try {
      const comparison = new Comparison(await store.digests.at(mine, 'stamp', signal), source, BRANCHES_AT_ONCE);
      return await work({ comparison, mine, theirs, link, answerMs, signal, wallMs: clock.wall() });
    } finally {
      await mine.close();
    }
  }

  /** Answers how many of them were news here. */
  async #fetch(items: readonly RepairItem[], sight: Sight): Promise<number> {
    let taken = 0;
    for await (const changes of fetchChanges(sight, items)) taken += (await this.#parts.intake.take(changes)).taken;
    return taken;
  }
}
