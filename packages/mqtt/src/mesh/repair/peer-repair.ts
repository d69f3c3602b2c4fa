import type { Clock, Snapshot, Store } from '@skein/core';
import { Comparison, fetchDigest, fetchNamed, NodeApi, patiently, type NodeLink } from '@skein/http';
import { comparePlaces, formatPlace, formatPosition, type Place, type Position } from '@skein/protocol';
import { planRepair, type Difference, type RepairItem } from '@skein/replication';
import type { MeshIntake } from '../intake.ts';
import type { Quarantine } from '../quarantine.ts';
import { readableChanges } from '../readable-changes.ts';
import { submit, type Refused, type Submitted } from './submit.ts';

export interface PeerRepairParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly link: NodeLink;
  readonly intake: MeshIntake;
  readonly quarantine: Quarantine;
  readonly clockDriftMsMax: number;
  readonly requestTimeoutMs: number;
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
  /** Newer ones of the peer's; when this was found they were not here. */
  readonly missing: number;
  /** Of what was submitted. */
  readonly refused: Refused | null;
  /** The next one begins at the beginning. */
  readonly isAtEnd: boolean;
}

const ITEMS_MAX = 1000;
/** What is on its way arrives meanwhile. */
const SECOND_LOOK_MS = 1000;
/** What could not be moved so many times is left behind: maybe it never can be, and the rest is not to wait for it. */
const FAILURES_MAX = 2;
const BRANCHES_AT_ONCE = 8;
/** What a node takes at once. */
const NAMES_AT_ONCE = 500;

/** What differed at one look, and as of what. */
interface Look {
  readonly differences: readonly Difference[];
  /** Where the next comparison goes on; null for the beginning, since there is nothing more behind. */
  readonly goesOn: Place | null;
  readonly theirs: Position;
  readonly mine: Snapshot;
}

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
    const first = await this.#look(signal);
    await first.mine.close();
    if (first.differences.length === 0) {
      this.#goOn(null);
      return { differing: 0, fetched: 0, submitted: 0, moved: 0, missing: 0, refused: null, isAtEnd: true };
    }
    await this.#parts.clock.sleep(SECOND_LOOK_MS, signal);
    const second = await this.#look(signal);
    try {
      const repaired = await this.#settle(first, second, signal);
      this.#goOn(first.goesOn);
      return repaired;
    } catch (error) {
      if (++this.#failures === FAILURES_MAX) this.#goOn(first.goesOn);
      throw error;
    } finally {
      await second.mine.close();
    }
  }

  #goOn(place: Place | null): void {
    this.#start = place;
    this.#failures = 0;
  }

  async #settle(first: Look, second: Look, signal: AbortSignal): Promise<Repaired> {
    const { clock, quarantine, clockDriftMsMax: driftMsMax } = this.#parts;
    const looks = { first: first.differences, second: second.differences };
    const plan = planRepair(looks, { wallMs: clock.wall(), driftMsMax });
    for (const stamp of plan.heldBack) quarantine.saw(stamp);
    this.#parts.onDroppedThere(plan.droppedThere);
    const takenHere = await this.#fetch(plan.fetch, second.theirs, signal);
    const there = await this.#submit(plan.submit, second.mine, signal);
    const missing = plan.fetch.length + plan.heldBack.length;
    return {
      differing: missing + plan.submit.length,
      fetched: plan.fetch.length,
      submitted: plan.submit.length,
      moved: takenHere + there.taken,
      missing,
      refused: there.refused,
      isAtEnd: first.goesOn === null,
    };
  }

  /** As of now on both sides, the peer's first: what is compared was there when the question came. */
  async #look(signal: AbortSignal): Promise<Look> {
    const { store, clock } = this.#parts;
    const ask = (path: string): Promise<unknown> => patiently(clock, () => this.#api.get(path, signal), signal);
    const { position: theirs } = await patiently(clock, () => this.#api.pin('now', signal, { by: 'stamp' }), signal);
    // Theirs may be long in coming, and nothing of this node's is held meanwhile.
    const source = await fetchDigest(ask, 'stamp', formatPosition(theirs));
    const mine = await store.snapshot();
    try {
      const digest = await store.digests.at(mine, 'stamp', signal);
      const found = await someFrom(this.#start, new Comparison(digest, source, BRANCHES_AT_ONCE));
      return { ...found, theirs, mine };
    } catch (error) {
      await mine.close();
      throw error;
    }
  }

  /** Answers how many of them were news here. */
  async #fetch(items: readonly RepairItem[], at: Position, signal: AbortSignal): Promise<number> {
    const { link, intake, requestTimeoutMs: answerMs } = this.#parts;
    const sorted = inPlace(items);
    let taken = 0;
    for (let i = 0; i < sorted.length; i += NAMES_AT_ONCE) {
      const names = sorted.slice(i, i + NAMES_AT_ONCE);
      for await (const documents of fetchNamed({ link, at, names, answerMs, signal })) {
        const { changes } = readableChanges(documents.map(({ stored }) => stored));
        taken += (await intake.take(changes)).taken;
      }
    }
    return taken;
  }

  #submit(items: readonly RepairItem[], mine: Snapshot, signal: AbortSignal): Promise<Submitted> {
    const { link, requestTimeoutMs: answerMs } = this.#parts;
    return submit({ link, answerMs, signal }, inPlace(items), mine);
  }
}

function inPlace(items: readonly RepairItem[]): readonly RepairItem[] {
  return items.toSorted((a, b) => comparePlaces(placeOf(a), placeOf(b)));
}

function placeOf({ collection, key }: RepairItem): Place {
  return formatPlace(collection, key);
}

/** Differences from a place on, until there are enough. */
async function someFrom(start: Place | null, comparison: Comparison): Promise<Pick<Look, 'differences' | 'goesOn'>> {
  const differences: Difference[] = [];
  for await (const difference of comparison.differences(start)) {
    if (differences.length === ITEMS_MAX) return { differences, goesOn: placeOf(difference) };
    differences.push(difference);
  }
  return { differences, goesOn: null };
}
