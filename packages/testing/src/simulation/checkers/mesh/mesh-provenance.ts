import { formatPlacedStamp, LIMITS } from '@skein/protocol';
import { Violation, type Checker, type TimedEvent } from '../../history.ts';
import { SESSIONS } from '../../workload/make-definition.ts';
import { nameOf } from '../compare-documents.ts';
import type { LedgerEntry } from '../known-log.ts';
import { WriteBook } from '../write-book.ts';
import { heldText, isExpiryOf, type Held, type MeshLine, type MeshLogs } from './mesh-logs.ts';

const KEPT_MS = LIMITS.idempotencyHoursKept * 3600 * 1000;

/**
 * Nothing is anywhere that nobody wrote: what a node has written itself was asked of it, no more often than that, and what it has of
 * others is in their logs. Whoever is told that a node has written something finds it there.
 */
export class MeshProvenance implements Checker {
  readonly name = 'mesh-provenance';
  readonly #logs: MeshLogs;
  readonly #book = new WriteBook();
  readonly #nodesAsked = new Map<number, string>();
  /** By trace: when it was written, by the logs of those that were asked. */
  readonly #written = new Map<string, readonly number[]>();
  /** What nodes have made, by stamp and document. */
  readonly #made = new Map<string, Held>();
  /** By node and document. */
  readonly #held = new Map<string, Held>();

  constructor(logs: MeshLogs) {
    this.#logs = logs;
  }

  observe(event: TimedEvent): void {
    this.#book.observe(event);
    if (event.kind === 'write-sent') this.#nodesAsked.set(event.write.id, event.node);
    for (const line of this.#logs.linesOf(event)) if (line.kind === 'change') this.#add(line);
    if (event.kind === 'write-failed') this.#recount(event.id);
    if (event.kind === 'write-acked') this.#acknowledge(event.id, event.position.offset);
  }

  #add(line: MeshLine): void {
    const { node, subject, valueText, entry } = line;
    const change = { stamp: line.stamp!, valueText };
    const held = this.#held.get(`${node} ${subject}`);
    this.#held.set(`${node} ${subject}`, change);
    const name = `${formatPlacedStamp(change.stamp)} ${subject}`;
    const made = this.#made.get(name);
    const isExpiry = isExpiryOf(change, held) || (valueText === undefined && made?.valueText !== undefined);
    if (isExpiry && subject.startsWith(`${SESSIONS}\0`)) return;
    if (change.stamp.node === node && made === undefined) {
      this.#made.set(name, change);
      this.#count(this.#book.traceOf(asEntry(line)), entry.change.ts, `${entry.offset} of ${node}`);
    } else if (made === undefined || made.valueText !== valueText) {
      const what = `${nameOf(subject)} ${heldText(change)}`;
      throw this.#violation(`${entry.offset} of ${node} makes ${what}, which ${change.stamp.node} has not written`);
    }
  }

  #count(trace: string, ts: number, where: string): void {
    this.#written.set(trace, [...(this.#written.get(trace) ?? []), ts]);
    this.#check(trace, where);
  }

  #recount(id: number): void {
    const write = this.#book.write(id);
    if (write !== undefined) for (const trace of this.#book.tracesOf(write)) this.#check(trace, `the log, of ${id},`);
  }

  #check(trace: string, where: string): void {
    const times = this.#written.get(trace) ?? [];
    const allowed = this.#book.allowed(trace) ?? 0;
    // With an idempotency key a write happens once in a day.
    const written = times.filter((ts) => times.at(-1)! - ts <= KEPT_MS).length;
    if (written <= allowed) return;
    const what = trace.replaceAll('\0', ' ');
    throw this.#violation(
      `${where} has '${what}', which is in the logs ${written} times and was asked for ${allowed} times`,
    );
  }

  #acknowledge(id: number, offset: number): void {
    const write = this.#book.write(id)!;
    // What a deletion of all finds to delete is known to nobody who asks for it.
    if (write.isClearing === true) return;
    const node = this.#nodesAsked.get(id)!;
    const found = this.#transactionAt(node, offset).map((entry) => this.#book.traceOf(entry));
    const due = this.#book.tracesOf(write);
    if (found.join('\n') !== due.join('\n'))
      throw this.#violation(`write ${id} was acknowledged at ${offset} of ${node}, which is not where it is`);
  }

  /** What was asked for of the transaction that ends at an offset. */
  #transactionAt(node: string, offset: number): readonly LedgerEntry[] {
    const log = this.#logs.ledgerOf(node).logOf(node);
    const entries: LedgerEntry[] = [];
    for (let at = offset; at > 0; at--) {
      const entry = log?.at(at);
      if (entry === undefined || (entry.change.tx ?? entry.offset) !== offset) break;
      entries.unshift(entry);
    }
    return entries.filter(({ documentId }) => !documentId.startsWith('$tombstones\0'));
  }

  #violation(message: string): Violation {
    return new Violation(this.name, message);
  }
}

/** A tombstone stands for the deletion. */
function asEntry({ entry, subject, valueText }: MeshLine): LedgerEntry {
  return { ...entry, documentId: subject, valueText };
}
