import { compareStamps, formatPlacedStamp, type Stamp } from '@skein/protocol';
import { TOMBSTONE_MS_MIN } from '@skein/replication';
import { Violation, type Checker, type TimedEvent } from '../../history.ts';
import { nameOf } from '../compare-documents.ts';
import { compareHeld, type Held, type MeshLine, type MeshLogs } from './mesh-logs.ts';

/**
 * Of each document there is the document or its tombstone: never both, and neither only when it was never there or when the
 * tombstone has been dropped. That happens a day later, and when none of those that a node tails has something older.
 */
export class MeshTombstones implements Checker {
  readonly name = 'mesh-tombstones';
  readonly #logs: MeshLogs;
  readonly #peersOf: ReadonlyMap<string, readonly string[]>;
  /** By node and document: the newest that was ever taken. */
  readonly #newest = new Map<string, Held>();
  /** By node and document, what is there now. */
  readonly #documents = new Set<string>();
  readonly #tombstones = new Map<string, Stamp>();
  readonly #dropped = new Set<string>();
  /** The last tombstone of each that was dropped. */
  readonly #forgotten = new Map<string, Stamp>();

  constructor(logs: MeshLogs, nodes: readonly { readonly name: string; readonly peers: readonly string[] }[]) {
    this.#logs = logs;
    this.#peersOf = new Map(nodes.map(({ name, peers }) => [name, peers]));
  }

  observe(event: TimedEvent): void {
    const lines = this.#logs.linesOf(event);
    const touched = new Map<string, MeshLine>();
    let record: unknown;
    for (const line of lines) {
      if (line.entry.record !== record) this.#checkAll(touched);
      record = line.entry.record;
      this.#apply(line);
      touched.set(`${line.node} ${line.subject}`, line);
    }
    this.#checkAll(touched);
  }

  #apply(line: MeshLine): void {
    const { node, entry, kind, subject, stamp, valueText } = line;
    const name = `${node} ${subject}`;
    if (kind === 'dropped') return this.#drop(line);
    if (kind === 'own') return;
    const isOfTombstone = entry.documentId !== subject;
    if (isOfTombstone && entry.valueText !== undefined) this.#tombstones.set(name, stamp!);
    else if (isOfTombstone) this.#tombstones.delete(name);
    else if (entry.valueText !== undefined) this.#documents.add(name);
    else this.#documents.delete(name);
    if (kind !== 'change') return;
    this.#newest.set(name, { stamp: stamp!, valueText });
    this.#dropped.delete(name);
  }

  #drop({ node, entry, subject }: MeshLine): void {
    const stamp = this.#tombstones.get(`${node} ${subject}`);
    if (stamp === undefined) throw this.#violation(`${entry.offset} of ${node} drops a tombstone that is not there`);
    const what = `the tombstone of ${nameOf(subject)}, ${formatPlacedStamp(stamp)}`;
    if (entry.change.ts - stamp.ms < TOMBSTONE_MS_MIN)
      throw this.#violation(`${entry.offset} of ${node} drops ${what}, after ${entry.change.ts - stamp.ms} ms`);
    for (const peer of this.#peersOf.get(node) ?? []) {
      const held = this.#newest.get(`${peer} ${subject}`);
      // One that has dropped it itself may have been told something older again, for a moment.
      const hadIt = this.#forgotten.get(`${peer} ${subject}`);
      if (hadIt !== undefined && compareStamps(hadIt, stamp) >= 0) continue;
      if (held !== undefined && compareHeld(held, { stamp, valueText: undefined }) < 0)
        throw this.#violation(`${entry.offset} of ${node} drops ${what}, and ${peer} has something older`);
    }
    this.#tombstones.delete(`${node} ${subject}`);
    this.#dropped.add(`${node} ${subject}`);
    this.#forgotten.set(`${node} ${subject}`, stamp);
  }

  #checkAll(touched: Map<string, MeshLine>): void {
    for (const [name, { node, entry, subject, kind }] of touched) {
      const newest = this.#newest.get(name);
      if (kind === 'own' || newest === undefined || this.#dropped.has(name)) continue;
      const [isThere, tombstone] = [this.#documents.has(name), this.#tombstones.get(name)];
      const at = `at ${entry.offset}, ${node}`;
      if (isThere && tombstone !== undefined)
        throw this.#violation(`${at} has both ${nameOf(subject)} and its tombstone`);
      if (!isThere && (tombstone === undefined || compareStamps(tombstone, newest.stamp) !== 0))
        throw this.#violation(`${at} has deleted ${nameOf(subject)}, and no tombstone of that`);
    }
    touched.clear();
  }

  #violation(message: string): Violation {
    return new Violation(this.name, message);
  }
}
