import { z } from 'zod';
import { isEpoch, type EpochSpan } from './epoch.ts';
import { SkeinError } from './errors.ts';
import { checkKey, checkReadableCollection } from './names.ts';
import { formatPosition, parseOffset, parsePosition, type Position } from './position.ts';
import type { Sha256 } from './record.ts';

/**
 * A snapshot is a header line, the lines of all documents in key order, those of the idempotency entries in the order of
 * their offsets, and a trailer line. It can be had whole or in pages; each page is framed alike and names its snapshot by
 * the position, so that equal pages of one snapshot are equal bytes.
 */
export interface SnapshotHeader {
  readonly log: string;
  readonly position: Position;
  readonly history: readonly EpochSpan[];
  /** How many documents the whole snapshot has, where that is known. */
  readonly documents: number | null;
}

export interface SnapshotTrailer {
  /** Behind what the next page begins; null behind the last line. */
  readonly next: SnapshotCursor | null;
  /** How many lines stand between header and trailer. */
  readonly lines: number;
  readonly checksum: string;
}

/** A place among the lines of a snapshot: behind a document, or behind the idempotency entries up to an offset. */
export type SnapshotCursor =
  | { readonly kind: 'document'; readonly collection: string; readonly key: string }
  | { readonly kind: 'entry'; readonly offset: number };

/** What a node remembers of a write that came with an idempotency key. */
export interface IdempotencyLine {
  readonly keyDigest: string;
  readonly requestDigest: string;
  readonly offsetFirst: number;
  readonly offsetLast: number;
  readonly ts: number;
  readonly position: Position;
  /** Which of its changes created their documents, counted from its first. */
  readonly created: readonly number[];
}

/** Documents as `collection/key`, entries as `#offset`: no collection begins so. */
export function formatSnapshotCursor(cursor: SnapshotCursor): string {
  return cursor.kind === 'document' ? `${cursor.collection}/${cursor.key}` : `#${cursor.offset}`;
}

export function parseSnapshotCursor(text: string): SnapshotCursor {
  if (text.startsWith('#')) {
    const offset = parseOffset(text.slice(1));
    if (offset !== undefined) return { kind: 'entry', offset };
  }
  const slash = text.indexOf('/');
  if (slash === -1) throw new SkeinError('bad_query', 'a place in a snapshot is written collection/key or #offset');
  return {
    kind: 'document',
    collection: checkReadableCollection(text.slice(0, slash)),
    key: checkKey(text.slice(slash + 1)),
  };
}

export function encodeSnapshotHeader({ log, position, history, documents }: SnapshotHeader): string {
  return `${JSON.stringify({ snapshot: formatPosition(position), log, history, documents })}\n`;
}

export function encodeSnapshotTrailer({ next, lines, checksum }: SnapshotTrailer): string {
  return `${JSON.stringify({ next: next === null ? null : formatSnapshotCursor(next), lines, checksum })}\n`;
}

export function encodeIdempotencyLine({ keyDigest, position, ...entry }: IdempotencyLine): string {
  return JSON.stringify({ idempotency: keyDigest, ...entry, position: formatPosition(position) });
}

/** Such a line begins like this; that of a document begins with its offset. */
const IDEMPOTENCY_START = '{"idempotency":"';

export function isIdempotencyLine(line: Uint8Array): boolean {
  for (let i = 0; i < IDEMPOTENCY_START.length; i++) if (line[i] !== IDEMPOTENCY_START.charCodeAt(i)) return false;
  return true;
}

const digest = z.string().regex(/^[0-9a-f]{32}$/);
const offset = z.int().positive();
const position = z.string().transform(parsePosition);

const idempotencyLine = z
  .strictObject({
    idempotency: digest,
    requestDigest: digest,
    offsetFirst: offset,
    offsetLast: offset,
    ts: z.int().nonnegative(),
    created: z.array(z.int().nonnegative()),
    position,
  })
  .transform(({ idempotency, ...entry }): IdempotencyLine => ({ keyDigest: idempotency, ...entry }));

const header = z
  .strictObject({
    snapshot: position,
    log: z.string(),
    history: z.array(z.strictObject({ epoch: z.string().refine(isEpoch), offsetFirst: offset })),
    documents: z.int().nonnegative().nullable(),
  })
  .transform(({ snapshot, ...facts }): SnapshotHeader => ({ position: snapshot, ...facts }));

const trailer = z.strictObject({
  next: z.string().transform(parseSnapshotCursor).nullable(),
  lines: z.int().nonnegative(),
  checksum: z.string(),
});

export function parseIdempotencyLine(line: Uint8Array): IdempotencyLine {
  return parsed(idempotencyLine, line, 'an idempotency entry');
}

/**
 * First 8 bytes of a SHA-256 in hex, over everything before the trailer and over the trailer's `next`: what a page says of
 * itself is proven like what it carries.
 */
export function snapshotChecksum(sha256: Sha256, before: readonly Uint8Array[], next: SnapshotCursor | null): string {
  const nextText = next === null ? '' : formatSnapshotCursor(next);
  const digestBytes = sha256([...before, new TextEncoder().encode(nextText)]);
  return [...digestBytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export interface SnapshotPage {
  readonly header: SnapshotHeader;
  /** The lines between header and trailer, each ended by \n. */
  readonly lines: Uint8Array;
  readonly trailer: SnapshotTrailer;
}

const NEWLINE = 0x0a;
const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Takes a page apart and proves it whole by its checksum; what its lines hold is looked at by whoever stores them. */
export function parseSnapshotPage(bytes: Uint8Array, sha256: Sha256): SnapshotPage {
  const headerEnd = bytes.indexOf(NEWLINE);
  const trailerStart = bytes.lastIndexOf(NEWLINE, bytes.length - 2) + 1;
  if (bytes.at(-1) !== NEWLINE || headerEnd === -1 || trailerStart <= headerEnd) throw bad('is cut off');
  const page = {
    header: parsed(header, bytes.subarray(0, headerEnd), 'its header'),
    lines: bytes.subarray(headerEnd + 1, trailerStart),
    trailer: parsed(trailer, bytes.subarray(trailerStart), 'its trailer'),
  };
  const checksum = snapshotChecksum(sha256, [bytes.subarray(0, trailerStart)], page.trailer.next);
  if (checksum !== page.trailer.checksum) throw bad('fails its checksum');
  return page;
}

function parsed<T>(schema: z.ZodType<T>, json: Uint8Array, what: string): T {
  try {
    return schema.parse(JSON.parse(text.decode(json)));
  } catch (error) {
    throw new SkeinError('bad_record', `a page of a snapshot: ${what} cannot be read`, {}, error);
  }
}

function bad(what: string): SkeinError {
  return new SkeinError('bad_record', `a page of a snapshot ${what}`);
}
