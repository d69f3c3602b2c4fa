import { compareStamps, DEFINITIONS, formatPlacedStamp, TOMBSTONES, type Stamp } from '@skein/protocol';
import { Violation, type Checker, type TimedEvent } from '../../history.ts';
import { nameOf } from '../compare-documents.ts';
import type { MeshLine, MeshLogs } from './mesh-logs.ts';

/**
 * What a node writes itself is numbered without gaps within an incarnation, none of which it has twice; each is newer than all
 * that is before it in its log, whoever made that; and a stamp is of one change, wherever it is met. A deletion has the stamp of
 * what it deletes where that has expired.
 */
export class MeshNumbers implements Checker {
  readonly name = 'mesh-numbers';
  readonly #logs: MeshLogs;
  /** The last that each node has written. */
  readonly #last = new Map<string, Stamp>();
  readonly #incarnations = new Set<string>();
  /** All that nodes have written themselves: where a tombstone has been dropped, something may come back for a moment. */
  readonly #own = new Set<string>();
  /** The stamp of each document that is there, by node and document. */
  readonly #stamps = new Map<string, Stamp>();
  /** The newest stamp in each node's log, and the newest time. */
  readonly #newest = new Map<string, Stamp>();
  readonly #newestTs = new Map<string, number>();
  /** What each stamp is of. */
  readonly #meanings = new Map<string, string>();

  constructor(logs: MeshLogs) {
    this.#logs = logs;
  }

  observe(event: TimedEvent): void {
    for (const line of this.#logs.linesOf(event)) if (line.stamp !== null) this.#add(line, line.stamp);
  }

  #add(line: MeshLine, stamp: Stamp): void {
    const { node, entry, kind, subject } = line;
    if (kind === 'change') this.#checkMeaning(line, stamp);
    // A tombstone stands behind all that was written with it.
    if (entry.change.collection === TOMBSTONES) return;
    const held = this.#stamps.get(`${node} ${subject}`);
    const isExpiry = entry.valueText === undefined && held !== undefined && compareStamps(held, stamp) === 0;
    const isBack = this.#own.has(`${formatPlacedStamp(stamp)} ${subject}`);
    if (stamp.node === node && !isExpiry && !isBack) this.#checkOwn(line, stamp);
    this.#stamps.set(`${node} ${subject}`, stamp);
    // When something expired here is no news to anybody.
    if (isExpiry) return;
    this.#newestTs.set(node, Math.max(this.#newestTs.get(node) ?? 0, entry.change.ts));
    const newest = this.#newest.get(node);
    if (newest === undefined || compareStamps(newest, stamp) < 0) this.#newest.set(node, stamp);
  }

  #checkMeaning({ node, entry, subject, valueText }: MeshLine, stamp: Stamp): void {
    const name = formatPlacedStamp(stamp);
    const meaning = `${nameOf(subject)} over ${entry.change.over ?? 'nothing'}; ${valueText ?? ''}`;
    const known = this.#meanings.get(name) ?? '';
    if (!meaning.startsWith(known) && !known.startsWith(meaning))
      throw this.#violation(`${entry.offset} of ${node} has ${name} of ${meaning}, which is of ${known}`);
    if (meaning.length > known.length) this.#meanings.set(name, meaning);
  }

  #checkOwn({ node, entry, subject }: MeshLine, stamp: Stamp): void {
    const newest = this.#newest.get(node);
    const newestTs = this.#newestTs.get(node) ?? 0;
    const at = `${entry.offset} of ${node} has ${formatPlacedStamp(stamp)}`;
    if (newest !== undefined && compareStamps(stamp, newest) <= 0)
      throw this.#violation(`${at}, and before it is ${formatPlacedStamp(newest)}`);
    if (stamp.ms < newestTs) throw this.#violation(`${at}, and what is before it is of ${newestTs}`);
    const { incarnation, seq } = this.#last.get(node) ?? { incarnation: '', seq: 0 };
    const isCounted = !subject.startsWith(`${DEFINITIONS}\0`);
    const due = isCounted ? (stamp.incarnation === incarnation ? seq : 0) + 1 : 0;
    if (stamp.seq !== due) throw this.#violation(`${at}, and ${due} is its number`);
    if (due === 1 && this.#incarnations.has(`${node} ${stamp.incarnation}`))
      throw this.#violation(`${at}, of an incarnation that was there before`);
    this.#own.add(`${formatPlacedStamp(stamp)} ${subject}`);
    if (!isCounted) return;
    this.#incarnations.add(`${node} ${stamp.incarnation}`);
    this.#last.set(node, stamp);
  }

  #violation(message: string): Violation {
    return new Violation(this.name, message);
  }
}
