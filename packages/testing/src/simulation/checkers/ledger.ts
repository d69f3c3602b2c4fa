import { sha256 } from '@skein/core';
import {
  chainHash,
  epochCounter,
  EPOCHS,
  parseLine,
  recordLines,
  type Change,
  type Epoch,
  type RecordView,
  type Role,
} from '@skein/protocol';
import { Violation, type TimedEvent } from '../history.ts';
import { KnownLog, type LedgerEntry } from './known-log.ts';

const NAME = 'single-content (D4)';
const VALUE = ',"value":';
const decoder = new TextDecoder();

/**
 * Everything that was ever in a log, whoever had it: the one truth that all checkers compare with. It grows with each
 * record that a node has published, or found in its log when it started, and refuses a second content for an offset it
 * knows, within an epoch. So whatever agrees with the ledger agrees with every node there ever was.
 *
 * An epoch begins once, behind one position of a lower one, and with the change that says so.
 */
export class Ledger {
  readonly #branches = new Map<string, Map<Epoch, KnownLog>>();
  readonly #nodes = new Map<string, { readonly role: Role; readonly log: string | null; readonly epoch: Epoch }>();
  readonly #damaged = new Set<string>();
  readonly #entries: LedgerEntry[] = [];

  observe(event: TimedEvent): void {
    switch (event.kind) {
      case 'damaged':
        this.#damaged.add(event.node);
        break;
      case 'renewed':
        this.#damaged.delete(event.node);
        this.#nodes.set(event.node, { role: 'follower', log: event.log, epoch: event.head.epoch });
        break;
      case 'started':
      case 'published':
        this.#nodes.set(event.node, { role: event.role, log: event.log, epoch: event.head.epoch });
        if (event.log !== null) this.#note(event, event.log);
        break;
      default:
    }
  }

  /** The branch of the log a node is on; undefined as long as it has none. */
  logOf(node: string): KnownLog | undefined {
    const { log = null, epoch = '' } = this.#nodes.get(node) ?? {};
    return log === null ? undefined : this.branchOf(log, epoch);
  }

  /** The name of the log a node has. */
  logNameOf(node: string): string | null {
    return this.#nodes.get(node)?.log ?? null;
  }

  /** A branch that some node has or had; where no epoch is said, the beginning of the log. */
  branchOf(log: string, epoch: Epoch): KnownLog | undefined {
    const branches = this.#branches.get(log);
    return epoch === '' ? branches?.values().next().value : branches?.get(epoch);
  }

  /** The branch of an epoch, of whatever log. */
  branchNamed(epoch: Epoch): KnownLog | undefined {
    for (const branches of this.#branches.values()) {
      const branch = branches.get(epoch);
      if (branch !== undefined) return branch;
    }
    return undefined;
  }

  /** All there are, as they came to be known. */
  branches(): readonly KnownLog[] {
    return [...this.#branches.values()].flatMap((branches) => [...branches.values()]);
  }

  roleOf(node: string): Role | undefined {
    return this.#nodes.get(node)?.role;
  }

  /** Whether the database the node serves was changed behind its back. */
  isDamaged(node: string): boolean {
    return this.#damaged.has(node);
  }

  /** All entries behind the first `count`, in the order in which the ledger learnt of them. */
  entriesFrom(count: number): readonly LedgerEntry[] {
    return count === this.#entries.length ? [] : this.#entries.slice(count);
  }

  /** The branch a record is of; a new one when it is the first of its epoch. */
  #open(node: string, id: string, record: RecordView, lines: readonly string[]): KnownLog {
    const { epoch, offsetFirst, hashBefore } = record;
    const branches = this.#branches.get(id) ?? new Map<Epoch, KnownLog>();
    this.#branches.set(id, branches);
    const known = branches.get(epoch);
    if (known !== undefined) return known;
    const parent = [...branches.values()].find((branch) => branch.at(offsetFirst - 1)?.position.hash === hashBefore);
    const root = branches.values().next().value?.at(1)?.record;
    // Where nothing had been written yet, an epoch may begin on nothing, beside another.
    const saysSo = changeOf(lines[0]!).collection === EPOCHS;
    if (parent === undefined && offsetFirst === 1 && root !== undefined && !saysSo)
      throw new Violation(NAME, `${node} has ${spanOf(record)}, and ${spanOf(root)} was there before it`);
    if (parent !== undefined && epochCounter(epoch) <= epochCounter(parent.epoch))
      throw new Violation(NAME, `${node} has ${spanOf(record)}, behind one of ${parent.epoch}`);
    if (parent !== undefined && !saysSo)
      throw new Violation(NAME, `${node} has ${spanOf(record)}, and it does not begin by saying so`);
    const branch = new KnownLog(epoch, offsetFirst, parent ?? null);
    branches.set(epoch, branch);
    return branch;
  }

  #note(event: TimedEvent & { readonly kind: 'started' | 'published' }, id: string): void {
    const { node, kind, records } = event;
    for (const record of records) {
      const log = this.#branches.get(id)?.get(record.epoch);
      const known = log?.at(record.offsetFirst)?.record;
      if (known !== undefined && Buffer.compare(known.bytes, record.bytes) === 0) continue;
      const lines = linesOf(record);
      // Rot that a node has not met yet is nobody's fault until it is told to others.
      if (lines === undefined && kind === 'started' && this.isDamaged(node)) continue;
      if (lines === undefined)
        throw new Violation(NAME, `${node} has ${spanOf(record)}, which is not what its hash says`);
      this.#add(node, this.#open(node, id, record, lines), record, lines);
    }
  }

  #add(node: string, log: KnownLog, record: RecordView, lines: readonly string[]): void {
    // Nodes may go on to use, or to spoil, the bytes they have told us of.
    const kept = { ...record, bytes: new Uint8Array(record.bytes) };
    if (record.offsetFirst < log.offsetFirst)
      throw new Violation(NAME, `${node} has ${spanOf(record)}, and that epoch began at ${log.offsetFirst}`);
    for (const [index, line] of lines.entries()) {
      const known = log.at(record.offsetFirst + index);
      if (known !== undefined) {
        throw new Violation(NAME, `${node} has ${spanOf(record)}, and ${spanOf(known.record)} was there before it`);
      }
      const entry = entryOf(kept, line);
      log.add(entry);
      this.#entries.push(entry);
    }
  }
}

/** What the ledger has learnt since the last look. */
export class LedgerReader {
  readonly #ledger: Ledger;
  #count = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  unread(): readonly LedgerEntry[] {
    const entries = this.#ledger.entriesFrom(this.#count);
    this.#count += entries.length;
    return entries;
  }
}

/** The record's lines when they are what its hash and its offsets say. */
function linesOf(record: RecordView): readonly string[] | undefined {
  const bytes = recordLines(record);
  if (chainHash(sha256, record.hashBefore, record.epoch, bytes) !== record.hash) return undefined;
  const lines = decoder.decode(bytes).split('\n');
  if (lines.pop() !== '' || lines.length !== record.offsetLast - record.offsetFirst + 1) return undefined;
  const isInPlace = lines.every((line, index) => line.startsWith(`{"offset":${record.offsetFirst + index},`));
  return isInPlace ? lines : undefined;
}

function entryOf(record: RecordView, line: string): LedgerEntry {
  const change = changeOf(line);
  const { offset, collection, key, op } = change;
  return {
    offset,
    position: { offset, epoch: record.epoch, hash: record.hash },
    record,
    line,
    change,
    documentId: `${collection}\0${key}`,
    // PROTOCOL §3: the first `,"value":` is where the value begins, and `}` behind it ends the line.
    valueText: op === 'put' ? line.slice(line.indexOf(VALUE) + VALUE.length, -1) : undefined,
  };
}

function changeOf(line: string): Change {
  try {
    return parseLine(line);
  } catch {
    throw new Violation(NAME, `what is no line is in a log: ${line}`);
  }
}

function spanOf({ offsetFirst, offsetLast, epoch, hash }: RecordView): string {
  return `${offsetFirst}–${offsetLast} of epoch ${epoch} with hash ${hash}`;
}
