import { compareStamps, parsePlacedStamp, TOMBSTONES, type Stamp } from '@skein/protocol';
import type { Difference } from '../digest-diff.ts';
import { isTooFarAhead } from './clock-drift.ts';
import { TOMBSTONE_MS_MIN } from './tombstones.ts';

/** A document, or the tombstone of one, by its name. */
export interface RepairItem {
  readonly collection: string;
  readonly key: string;
}

export interface RepairPlan {
  /** What is newer there. */
  readonly fetch: readonly RepairItem[];
  /** What is newer here. */
  readonly submit: readonly RepairItem[];
  /** What is newer there, but of a time that is too far ahead of this node's clock: it is left for now. */
  readonly heldBack: readonly Stamp[];
  /** Old tombstones, by their keys, that are here and not there, where there is no document either. */
  readonly droppedThere: readonly string[];
}

/** What was found to differ, at one look and at another some time later. Versions are stamps, as digests by stamp have them. */
export interface Looks {
  readonly first: readonly Difference[];
  readonly second: readonly Difference[];
}

export interface ClockBound {
  readonly wallMs: number;
  readonly driftMsMax: number;
}

/**
 * Decides what two nodes of a mesh have to tell each other. What is newer goes to where it is not, and only where the other side
 * has not moved between the two looks: a change that is on its way already shows by that. A document and its tombstone are
 * looked at together, since a node has one or the other. An old tombstone of what the other side has nothing of is not told: it
 * has dropped it, or never needed it.
 */
export function planRepair({ first, second }: Looks, { wallMs, driftMsMax }: ClockBound): RepairPlan {
  const before = byDocument(first);
  const fetch: RepairItem[] = [];
  const submit: RepairItem[] = [];
  const heldBack: Stamp[] = [];
  const droppedThere: string[] = [];
  for (const [name, now] of byDocument(second)) {
    const then = before.get(name);
    const order = compareHeld(now.mine, now.theirs);
    if (then === undefined || order === 0) continue;
    if (isForgotten(now, wallMs)) {
      if (then.theirs === null && now.theirs === null) droppedThere.push(name);
      continue;
    }
    const stands = order < 0 ? compareHeld(then.mine, now.mine) : compareHeld(then.theirs, now.theirs);
    if (stands !== 0) continue;
    if (order > 0) submit.push(itemOf(now.mine!));
    else if (isTooFarAhead(now.theirs!.stamp.ms, wallMs, driftMsMax)) heldBack.push(now.theirs!.stamp);
    else fetch.push(itemOf(now.theirs!));
  }
  return { fetch, submit, heldBack, droppedThere };
}

/** The newest that one side has of a document: itself or its tombstone. */
interface Held extends RepairItem {
  readonly stamp: Stamp;
}

interface Sides {
  readonly mine: Held | null;
  readonly theirs: Held | null;
}

function byDocument(differences: readonly Difference[]): ReadonlyMap<string, Sides> {
  const documents = new Map<string, Sides>();
  for (const difference of differences) {
    const name = nameOf(difference);
    const { mine = null, theirs = null } = documents.get(name) ?? {};
    documents.set(name, {
      mine: newest(mine, heldOf(difference, difference.mine)),
      theirs: newest(theirs, heldOf(difference, difference.theirs)),
    });
  }
  return documents;
}

/** A tombstone has the name of its document as its key. */
function nameOf({ collection, key }: RepairItem): string {
  return collection === TOMBSTONES ? key : `${collection}/${key}`;
}

function heldOf({ collection, key }: RepairItem, version: string | null): Held | null {
  return version === null ? null : { collection, key, stamp: parsePlacedStamp(version) };
}

function newest(a: Held | null, b: Held | null): Held | null {
  return compareHeld(a, b) < 0 ? b : a;
}

/** Nothing is older than anything; of one stamp, as an expiry leaves it, the deletion is newer. */
function compareHeld(a: Held | null, b: Held | null): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  return compareStamps(a.stamp, b.stamp) || Number(a.collection === TOMBSTONES) - Number(b.collection === TOMBSTONES);
}

function isForgotten({ mine, theirs }: Sides, wallMs: number): boolean {
  const only = mine === null ? theirs : theirs === null ? mine : null;
  return only?.collection === TOMBSTONES && wallMs - only.stamp.ms > TOMBSTONE_MS_MIN;
}

function itemOf({ collection, key }: Held): RepairItem {
  return { collection, key };
}
