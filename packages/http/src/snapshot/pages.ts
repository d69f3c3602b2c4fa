import { sha256, type LineLimits } from '@skein/core';
import {
  encodeSnapshotHeader,
  encodeSnapshotTrailer,
  formatSnapshotCursor,
  LIMITS,
  SkeinError,
  snapshotChecksum,
  type SnapshotCursor,
  type SnapshotHeader,
} from '@skein/protocol';
import type { Pin, Pins } from '../pins.ts';
import { Turns } from '../turns.ts';

/** Pages being made at once: a copy is made beside the node's other work, not instead of it. */
const MAKING_MAX = 2;
const WAITING_MAX = 256;
/** Pages kept for those who are about to ask for the same: followers that began together go through a snapshot together. */
const KEPT_MAX = 4;
const NEWLINE = 0x0a;

export type DocumentCursor = Extract<SnapshotCursor, { kind: 'document' }>;

/** Pages of snapshots, each made once for all who ask for it at about the same time, and few at a time. */
export class SnapshotPages {
  readonly #pins: Pins;
  readonly #turns = new Turns(MAKING_MAX, WAITING_MAX);
  readonly #pages = new Map<string, Promise<SnapshotPart>>();
  #made = 0;

  constructor(pins: Pins) {
    this.#pins = pins;
  }

  /** How many pages were read and encoded; shared ones count once. */
  get made(): number {
    return this.#made;
  }

  /** A page; and since whoever has it will ask for the one behind it, that is made meanwhile. */
  async page(pin: Pin, after: SnapshotCursor | null, linesMax: number): Promise<SnapshotPart> {
    const page = await this.#shared(pin, after, linesMax);
    // Whoever comes for it is told if it fails.
    if (page.next !== null) this.#shared(pin, page.next, linesMax).catch(() => undefined);
    return page;
  }

  #shared(pin: Pin, after: SnapshotCursor | null, linesMax: number): Promise<SnapshotPart> {
    const name = `${pin.id} ${linesMax} ${after === null ? '' : formatSnapshotCursor(after)}`;
    const kept = this.#pages.get(name);
    if (kept !== undefined) return kept;
    const page = this.#turns.take(() => this.#make(pin, after, { linesMax, bytesMax: LIMITS.pageBytesMax }));
    this.#pages.set(name, page);
    page.catch(() => this.#pages.delete(name));
    if (this.#pages.size > KEPT_MAX) this.#pages.delete(this.#pages.keys().next().value!);
    return page;
  }

  /** A page of documents by their names: those that are there; where it goes on, when that was too much for one. */
  named(pin: Pin, names: readonly DocumentCursor[]): Promise<SnapshotPart> {
    return this.#turns.take(async () => {
      const { lines, looked } = await this.#pins.read(pin, (snapshot) => snapshot.named(names, LIMITS.pageBytesMax));
      return partOf(pin, lines, looked < names.length ? names[looked - 1]! : null);
    });
  }

  async #make(pin: Pin, after: SnapshotCursor | null, limits: LineLimits): Promise<SnapshotPart> {
    this.#made++;
    const { lines, next } = await this.#pins.read(pin, (snapshot) => snapshot.lines(after, limits));
    return partOf(pin, lines, next);
  }
}

/** A trailer is a cursor, which is no longer than a key with all of its characters escaped, and a few words. */
const TRAILER_BYTES_MAX = 8 * 1024;

/** All of a page is one piece of memory, written once. */
function partOf(pin: Pin, lines: readonly Buffer[], next: SnapshotCursor | null): SnapshotPart {
  const header = Buffer.from(encodeSnapshotHeader(headerOf(pin)));
  let size = header.length + lines.length;
  for (const line of lines) size += line.length;
  const bytes = Buffer.allocUnsafe(size + TRAILER_BYTES_MAX);
  let at = header.copy(bytes);
  for (const line of lines) {
    at += line.copy(bytes, at);
    bytes[at++] = NEWLINE;
  }
  const content = bytes.subarray(header.length, at);
  const checksum = snapshotChecksum(sha256, [bytes.subarray(0, at)], next);
  const end = at + bytes.write(encodeSnapshotTrailer({ next, lines: lines.length, checksum }), at);
  return { header, content, bytes: bytes.subarray(0, end), lines: lines.length, next };
}

function headerOf({ snapshot: { log, position, history, count } }: Pin): SnapshotHeader {
  if (log === null || history.length === 0)
    throw new SkeinError('starting', 'this node has no log yet', { retryAfterSeconds: 1 });
  return { log, position, history, documents: count };
}

/** A page, its parts, and where it leads. */
export interface SnapshotPart {
  readonly bytes: Buffer;
  readonly header: Buffer;
  readonly content: Buffer;
  readonly lines: number;
  readonly next: SnapshotCursor | null;
}
