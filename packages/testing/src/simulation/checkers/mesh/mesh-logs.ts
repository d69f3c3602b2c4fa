import {
  compareStamps,
  DEFINITIONS,
  formatPlacedStamp,
  parsePlace,
  parseStamp,
  TOMBSTONES,
  type Stamp,
} from '@skein/protocol';
import type { TimedEvent } from '../../history.ts';
import type { LedgerEntry } from '../known-log.ts';
import { Ledger, LedgerReader } from '../ledger.ts';

/**
 * What a line of a node's log is: a change of a document, which a tombstone stands for where it deletes; or what goes with
 * one; or the end of a tombstone that nobody needs any more; or nothing that concerns the mesh.
 */
type MeshLineKind = 'change' | 'companion' | 'dropped' | 'own';

export interface MeshLine {
  /** Whose log it is in. */
  readonly node: string;
  readonly entry: LedgerEntry;
  readonly kind: MeshLineKind;
  /** `collection\0key` of the document that it is about. */
  readonly subject: string;
  /** Of all but those that are of this node alone. */
  readonly stamp: Stamp | null;
  /** What the change makes of the document; undefined where it deletes it. */
  readonly valueText: string | undefined;
}

/** The logs of all nodes: each has a ledger of its own, since offsets say nothing of each other. */
export class MeshLogs {
  readonly #ledgers = new Map<string, Ledger>();
  readonly #readers = new Map<string, LedgerReader>();
  #event: TimedEvent | undefined;
  #lines: readonly MeshLine[] = [];

  ledgerOf(node: string): Ledger {
    const known = this.#ledgers.get(node) ?? new Ledger();
    this.#ledgers.set(node, known);
    return known;
  }

  /** The lines that an event has brought to light, in the order of the log. Its ledger has been told of it. */
  linesOf(event: TimedEvent): readonly MeshLine[] {
    if (event.kind !== 'started' && event.kind !== 'published') return [];
    // All that ask ask of one event, before they are told of the next.
    if (event === this.#event) return this.#lines;
    const { node } = event;
    const reader = this.#readers.get(node) ?? new LedgerReader(this.ledgerOf(node));
    this.#readers.set(node, reader);
    this.#event = event;
    this.#lines = reader.unread().map((entry) => lineOf(node, entry));
    return this.#lines;
  }
}

function lineOf(node: string, entry: LedgerEntry): MeshLine {
  const { documentId, valueText, change } = entry;
  const { collection, key, origin } = change;
  const stamp = change.stamp === undefined ? null : parseStamp(change.stamp, origin);
  const line = { node, entry, stamp };
  if (collection === TOMBSTONES) {
    const place = parsePlace(key);
    const subject = `${place.collection}\0${place.key}`;
    if (stamp === null) return { ...line, kind: 'dropped', subject, valueText: undefined };
    return { ...line, kind: valueText === undefined ? 'companion' : 'change', subject, valueText: undefined };
  }
  const isShared = stamp !== null && (!collection.startsWith('$') || collection === DEFINITIONS);
  if (!isShared) return { ...line, kind: 'own', subject: documentId, valueText };
  return { ...line, kind: valueText === undefined ? 'companion' : 'change', subject: documentId, valueText };
}

/** What is held of a document: the newest change that was taken. */
export interface Held {
  readonly stamp: Stamp;
  readonly valueText: string | undefined;
}

/** Above zero where `a` wins: of one stamp, as an expiry leaves it, the deletion does. */
export function compareHeld(a: Held, b: Held): number {
  return compareStamps(a.stamp, b.stamp) || Number(a.valueText === undefined) - Number(b.valueText === undefined);
}

/** Whether a change has the stamp of the one it ends. */
export function isExpiryOf(change: Held, held: Held | undefined): boolean {
  return (
    change.valueText === undefined && held?.valueText !== undefined && compareStamps(change.stamp, held.stamp) === 0
  );
}

export function heldText({ stamp, valueText }: Held): string {
  return `${valueText === undefined ? 'the deletion' : valueText.slice(0, 60)} of ${formatPlacedStamp(stamp)}`;
}
