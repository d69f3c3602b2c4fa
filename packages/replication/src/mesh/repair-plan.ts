import type { Stamp } from '@skein/protocol';
import { isTooFarAhead } from './clock-drift.ts';
import { compareHeld, isOpen, type ComparedDocuments, type Held, type RepairItem } from './compared-documents.ts';

export interface RepairPlan {
  /** What is newer there. */
  readonly fetch: readonly RepairItem[];
  /** What is newer here. */
  readonly submit: readonly RepairItem[];
  /** What is newer there, but of a time that is too far ahead of this node's clock: it is had when that has come. */
  readonly heldBack: readonly Stamp[];
  /** How many of those that differed at both looks are newer there, whether something is done about them or not. */
  readonly missing: number;
  /** The same of what is newer here. */
  readonly missingThere: number;
}

/** What was found to differ, and of that what still does some time later. */
export interface Looks {
  readonly first: ComparedDocuments;
  readonly second: ComparedDocuments;
}

export interface ClockBound {
  readonly wallMs: number;
  readonly driftMsMax: number;
}

/**
 * Decides what two nodes of a mesh have to tell each other. What is newer goes to where it is not, and only where the other side
 * has not moved between the two looks: a change that is on its way already shows by that. It is missing nevertheless, until it
 * is there.
 */
export function planRepair({ first, second }: Looks, { wallMs, driftMsMax }: ClockBound): RepairPlan {
  const fetch: RepairItem[] = [];
  const submit: RepairItem[] = [];
  const heldBack: Stamp[] = [];
  let [missing, missingThere] = [0, 0];
  for (const [name, then] of first) {
    const now = second.get(name);
    if (now === undefined || !isOpen(now, wallMs)) continue;
    const isNewerHere = compareHeld(now.mine, now.theirs) > 0;
    if (isNewerHere) missingThere++;
    else missing++;
    const stands = isNewerHere ? compareHeld(then.theirs, now.theirs) : compareHeld(then.mine, now.mine);
    if (stands !== 0) continue;
    if (isNewerHere) submit.push(itemOf(now.mine!));
    else if (isTooFarAhead(now.theirs!.stamp.ms, wallMs, driftMsMax)) heldBack.push(now.theirs!.stamp);
    else fetch.push(itemOf(now.theirs!));
  }
  return { fetch, submit, heldBack, missing, missingThere };
}

function itemOf({ collection, key }: Held): RepairItem {
  return { collection, key };
}
