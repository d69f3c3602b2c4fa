import { encodeIdempotencyLine, type SnapshotCursor } from '@skein/protocol';
import { asBuffer } from '../bytes.ts';
import { proveStoredDocument, proveStoredDocumentAt } from '../document.ts';
import { CRC_BYTES } from '../line-checksum.ts';
import {
  ALL_DOCUMENTS,
  ALL_IDEMPOTENCY_AGES,
  documentKey,
  idempotencyAgeKey,
  idempotencyKey,
  parseDocumentKey,
  parseIdempotencyAgeKey,
} from '../level/layout.ts';
import type { Level, LevelSnapshot } from '../level/level.ts';
import { KEYS_AS_TEXT, readAhead } from '../level/read-ahead.ts';
import { unseal } from '../level/sealed.ts';
import { decodeEntry } from '../write/idempotency.ts';

/** Lines of a snapshot, each without its line end, and where they go on. */
export interface SnapshotLines {
  readonly lines: readonly Buffer[];
  /** Null when there is nothing behind them. */
  readonly next: SnapshotCursor | null;
}

export interface LineLimits {
  readonly linesMax: number;
  readonly bytesMax: number;
}

const DOCUMENTS_AT_ONCE = 500;
const ENTRIES_AT_ONCE = 256;
const READ_AHEAD_BYTES = 1024 * 1024;

/**
 * The lines of a snapshot behind a place, as many as the limits allow and one at least: documents as they are stored, each
 * proven, then the idempotency entries.
 */
export async function readSnapshotLines(
  level: Level,
  snapshot: LevelSnapshot,
  after: SnapshotCursor | null,
  limits: LineLimits,
): Promise<SnapshotLines> {
  const taker = new LineTaker(limits);
  if (after?.kind !== 'entry') await takeDocuments(level, snapshot, after, taker);
  if (!taker.isFull) await takeEntries(level, snapshot, after?.kind === 'entry' ? after.offset : 0, taker);
  return { lines: taker.lines, next: taker.isFull ? taker.last : null };
}

class LineTaker {
  readonly lines: Buffer[] = [];
  readonly #limits: LineLimits;
  /** The Level key of a document as text, or the offset of an entry. */
  #last: string | number | null = null;
  #bytes = 0;

  constructor(limits: LineLimits) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.lines.length >= this.#limits.linesMax || this.#bytes >= this.#limits.bytesMax;
  }

  get room(): number {
    return this.#limits.linesMax - this.lines.length;
  }

  get last(): SnapshotCursor | null {
    const last = this.#last;
    if (last === null) return null;
    return typeof last === 'number'
      ? { kind: 'entry', offset: last }
      : { kind: 'document', ...parseDocumentKey(Buffer.from(last)) };
  }

  take(line: Buffer, at: string | number): void {
    this.lines.push(line);
    this.#bytes += line.length;
    this.#last = at;
  }
}

async function takeDocuments(
  level: Level,
  snapshot: LevelSnapshot,
  after: Extract<SnapshotCursor, { kind: 'document' }> | null,
  taker: LineTaker,
): Promise<void> {
  const from = after === null ? { gte: ALL_DOCUMENTS.gte } : { gt: documentKey(after.collection, after.key) };
  const range = { ...from, lt: ALL_DOCUMENTS.lt, ...KEYS_AS_TEXT, snapshot, highWaterMarkBytes: READ_AHEAD_BYTES };
  const wanted = (read: number): number => Math.min(DOCUMENTS_AT_ONCE, taker.room - read);
  for await (const entries of readAhead<string>(level, range, wanted)) {
    for (const [levelKey, stored] of entries) {
      if (taker.isFull) return;
      const proven = asBuffer(stored);
      proveStoredDocumentAt(proven, levelKey);
      taker.take(proven.subarray(CRC_BYTES), levelKey);
    }
  }
}

/** Entries by their age, so that those behind an offset are found without reading the others. */
async function takeEntries(level: Level, snapshot: LevelSnapshot, after: number, taker: LineTaker): Promise<void> {
  let behind = after;
  while (!taker.isFull) {
    const limit = Math.min(ENTRIES_AT_ONCE, taker.room);
    const range = { gt: idempotencyAgeKey(behind), lt: ALL_IDEMPOTENCY_AGES.lt, limit, snapshot };
    const ages = await level.iterator(range).all();
    const digests = ages.map(([ageKey, sealed]) => unseal(ageKey, sealed).toString('latin1'));
    const entries = await level.getMany(digests.map(idempotencyKey), { snapshot });
    for (const [i, [ageKey]] of ages.entries()) {
      behind = parseIdempotencyAgeKey(ageKey);
      const entry = entries[i] === undefined ? undefined : decodeEntry(digests[i]!, entries[i]);
      // A key used again after it expired has a younger entry, which comes in its own place.
      if (entry?.offsetFirst !== behind) continue;
      const line = Buffer.from(encodeIdempotencyLine({ keyDigest: digests[i]!, ...entry }));
      taker.take(line, behind);
    }
    if (ages.length < limit) return;
  }
}

/** Lines of the documents of these names that there are, in their order, and which of the names have been looked at. */
export interface NamedLines {
  readonly lines: readonly Buffer[];
  readonly looked: number;
}

const NAMES_AT_ONCE = 64;

export async function readNamedLines(
  level: Level,
  snapshot: LevelSnapshot,
  names: readonly { readonly collection: string; readonly key: string }[],
  bytesMax: number,
): Promise<NamedLines> {
  const lines: Buffer[] = [];
  let bytes = 0;
  let looked = 0;
  while (looked < names.length && bytes < bytesMax) {
    const some = names.slice(looked, looked + NAMES_AT_ONCE);
    const found = await level.getMany(
      some.map(({ collection, key }) => documentKey(collection, key)),
      { snapshot },
    );
    for (const [i, { collection, key }] of some.entries()) {
      const stored = found[i];
      if (stored !== undefined) lines.push(provenLine(asBuffer(stored), documentKey(collection, key)));
      bytes += stored?.length ?? 0;
    }
    looked += some.length;
  }
  return { lines, looked };
}

function provenLine(stored: Buffer, levelKey: Buffer): Buffer {
  proveStoredDocument(stored, levelKey);
  return stored.subarray(CRC_BYTES);
}
