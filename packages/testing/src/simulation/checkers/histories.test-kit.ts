import { sha256 } from '@skein/core';
import {
  chainHash,
  encodeLine,
  formatPosition,
  readRecord,
  RECORD_HEADER_BYTES,
  START,
  writeRecordHeader,
  type ChangeHead,
  type Health,
  type Position,
  type RecordView,
  type Role,
} from '@skein/protocol';
import { Violation, type Checker, type DocumentsSeen, type HistoryEvent, type WriteAsked } from '../history.ts';
import { Ledger } from './ledger.ts';

/*
 * What the checkers' tests make their histories of: a log whose records are as a leader makes them, and events that are
 * right unless told otherwise.
 */

export type EventOf<K extends HistoryEvent['kind']> = Extract<HistoryEvent, { readonly kind: K }>;
type Settled = EventOf<'settled'>['nodes'][number];

export const EPOCH = '1-aaaaaaaa';
export const FOLLOWER = { node: 'follower', role: 'follower' } as const;

interface ChangeAsked {
  readonly head: Omit<ChangeHead, 'offset'>;
  readonly valueText: string | undefined;
}

export function put(key: string, valueText: string, more: Partial<ChangeHead> = {}): ChangeAsked {
  return { head: { ts: 1000, origin: 'leader', collection: 'c', key, ...more }, valueText };
}

export function remove(key: string, more: Partial<ChangeHead> = {}): ChangeAsked {
  return { head: { ts: 1000, origin: 'leader', collection: 'c', key, ...more }, valueText: undefined };
}

interface RecordParts {
  readonly changes: readonly ChangeAsked[];
  readonly after: Position;
  readonly epoch?: string;
}

/** A record as a leader would make it, to stand behind any position. */
export function recordOf({ changes, after, epoch = EPOCH }: RecordParts): RecordView {
  const offsetFirst = after.offset + 1;
  const lines = changes.map(({ head, valueText }, index) => {
    const { ts, origin, collection, key, ...rest } = head;
    return `${encodeLine({ offset: offsetFirst + index, ts, origin, ...rest, collection, key }, valueText)}\n`;
  });
  const text = Buffer.from(lines.join(''));
  const hash = chainHash(sha256, after.hash, epoch, text);
  const bytes = Buffer.concat([Buffer.alloc(RECORD_HEADER_BYTES), text]);
  const offsetLast = offsetFirst + changes.length - 1;
  writeRecordHeader(bytes, { linesBytes: text.length, offsetFirst, offsetLast, epoch, hashBefore: after.hash, hash });
  return readRecord(bytes);
}

/** A log that grows record by record, and the documents it makes. */
export class LogWriter {
  readonly id = 'log-1';
  readonly records: RecordView[] = [];
  readonly lines: string[] = [];
  readonly #positions: Position[] = [START];
  #documents: DocumentsSeen = new Map();

  get head(): Position {
    return this.#positions.at(-1)!;
  }

  get documents(): DocumentsSeen {
    return this.#documents;
  }

  at(offset: number): Position {
    return this.#positions[offset]!;
  }

  write(...changes: readonly ChangeAsked[]): RecordView {
    const record = recordOf({ changes, after: this.head });
    const documents = new Map(this.#documents);
    for (const { head, valueText } of changes) {
      const offset = this.head.offset + 1;
      this.#positions.push({ offset, epoch: record.epoch, hash: record.hash });
      const id = `${head.collection}\0${head.key}`;
      if (valueText === undefined) documents.delete(id);
      else documents.set(id, { offset, valueText });
    }
    this.#documents = documents;
    this.records.push(record);
    this.lines.push(...Buffer.from(record.bytes.subarray(RECORD_HEADER_BYTES)).toString().trimEnd().split('\n'));
    return record;
  }
}

/** The leader starts with what the log has by now. */
export function started(log: LogWriter, more: Partial<EventOf<'started'>> = {}): EventOf<'started'> {
  const { id, head, records } = log;
  return { kind: 'started', node: 'leader', role: 'leader', log: id, head, records: [...records], ...more };
}

/** The leader publishes the newest record of the log. */
export function published(log: LogWriter, more: Partial<EventOf<'published'>> = {}): EventOf<'published'> {
  const { id, head, documents } = log;
  const records = log.records.slice(-1);
  const durable = head.offset;
  return { kind: 'published', node: 'leader', role: 'leader', log: id, records, head, durable, documents, ...more };
}

/** The leader writes these changes as one record and publishes it. */
export function writes(log: LogWriter, ...changes: readonly ChangeAsked[]): EventOf<'published'> {
  log.write(...changes);
  return published(log);
}

export function ended(node: string, how: EventOf<'ended'>['how'] = 'crashed'): EventOf<'ended'> {
  return { kind: 'ended', node, how };
}

export function damaged(node: string): EventOf<'damaged'> {
  return { kind: 'damaged', node };
}

/** A write of one put, unless told otherwise. */
export function sent(id: number, more: Partial<WriteAsked> = {}): EventOf<'write-sent'> {
  const operations = [{ op: 'put', collection: 'c', key: 'a', valueText: `"${id}"` }] as const;
  const write = { id, client: 'client', idempotencyKey: undefined, operations, ...more };
  return { kind: 'write-sent', write, attempt: 1, node: 'leader' };
}

export function acked(id: number, position: Position): EventOf<'write-acked'> {
  return { kind: 'write-acked', id, attempt: 1, position, replayed: false };
}

export function failed(id: number, outcome: 'refused' | 'unknown'): EventOf<'write-failed'> {
  return { kind: 'write-failed', id, attempt: 1, outcome, code: 'any' };
}

/** The page of all lines behind `after`, as a node that has the log as it is now would send it. */
export function page(log: LogWriter, after: number, more: Partial<EventOf<'page'>> = {}): EventOf<'page'> {
  const head = log.head.offset;
  return {
    kind: 'page',
    reader: 'reader',
    node: 'leader',
    log: log.id,
    epoch: EPOCH,
    since: formatPosition(log.at(after)),
    next: formatPosition(log.head),
    lines: log.lines.slice(after),
    head,
    upToDate: true,
    durable: head,
    ...more,
  };
}

/** A read of document a at the leader, sent and answered at the head of the log. */
export function read(log: LogWriter, more: Partial<EventOf<'read'>> = {}): EventOf<'read'> {
  const { offset } = log.head;
  const document = log.documents.get('c\0a');
  return {
    kind: 'read',
    client: 'client',
    node: 'leader',
    collection: 'c',
    key: 'a',
    minPosition: undefined,
    minOffset: 0,
    versionOffset: document?.offset ?? 0,
    valueText: document?.valueText,
    headBefore: offset,
    headAfter: offset,
    sentAtMs: 0,
    ...more,
  };
}

/** How a node that is well says it is. */
export function wellAt(role: Role, offset: number): Health {
  return {
    healthy: true,
    role,
    lag_seconds: 0,
    lag_changes: 0,
    last_sync: null,
    last_change_id: offset,
    changes_applied: offset,
    connected: true,
    outbox_drift: null,
    error_count: 0,
    last_error: null,
    error: null,
  };
}

/** A node that settled with all of the log. */
export function settledNode(log: LogWriter, more: Partial<Settled> = {}): Settled {
  const { head, documents } = log;
  const role = more.role ?? 'leader';
  return {
    node: 'leader',
    role,
    isDamaged: false,
    isReady: true,
    head,
    documents,
    indexes: [],
    health: wellAt(role, head.offset),
    ...more,
  };
}

export function settled(...nodes: readonly Settled[]): EventOf<'settled'> {
  return { kind: 'settled', nodes };
}

/** Everything happens at once, unless it is said when. */
export type HistoryMaker = (log: LogWriter) => readonly (HistoryEvent & { readonly ms?: number })[];

/** What a checker has against a history, or undefined when it takes it. */
export function violationOf(make: (ledger: Ledger) => Checker, history: HistoryMaker): string | undefined {
  const ledger = new Ledger();
  const checker = make(ledger);
  try {
    for (const event of history(new LogWriter())) {
      const timed = { ms: 0, ...event };
      ledger.observe(timed);
      checker.observe(timed);
    }
    return undefined;
  } catch (error) {
    if (error instanceof Violation) return error.message;
    throw error;
  }
}
