import { sha256, type LineLimits } from '@skein/core';
import {
  encodeSnapshotHeader,
  encodeSnapshotTrailer,
  formatPosition,
  formatSnapshotCursor,
  LIMITS,
  SkeinError,
  snapshotChecksum,
  type SnapshotCursor,
  type SnapshotHeader,
} from '@skein/protocol';
import type { Pin, Pins } from '../pins.ts';
import { Turns } from './turns.ts';

/** Pages being made at once: a copy is made beside the node's other work, not instead of it. */
const MAKING_MAX = 2;
const WAITING_MAX = 256;
/** Pages kept for those who are about to ask for the same: followers that began together go through a snapshot together. */
const KEPT_MAX = 4;
const NEWLINE = Buffer.from('\n');

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

  page(pin: Pin, after: SnapshotCursor | null, linesMax: number): Promise<SnapshotPart> {
    const { position } = pin.snapshot;
    const name = `${formatPosition(position)} ${linesMax} ${after === null ? '' : formatSnapshotCursor(after)}`;
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

function partOf(pin: Pin, lines: readonly Buffer[], next: SnapshotCursor | null): SnapshotPart {
  const header = Buffer.from(encodeSnapshotHeader(headerOf(pin)));
  const content = Buffer.concat(lines.flatMap((line) => [line, NEWLINE]));
  const checksum = snapshotChecksum(sha256, [header, content], next);
  const trailer = Buffer.from(encodeSnapshotTrailer({ next, lines: lines.length, checksum }));
  return { header, content, trailer, lines: lines.length, next };
}

function headerOf({ snapshot: { log, position, history, count } }: Pin): SnapshotHeader {
  if (log === null) throw new SkeinError('starting', 'this node has no log yet', { retryAfterSeconds: 1 });
  return { log, position, history, documents: count };
}

/** A page in its parts, and where it leads. */
export interface SnapshotPart {
  readonly header: Buffer;
  readonly content: Buffer;
  readonly trailer: Buffer;
  readonly lines: number;
  readonly next: SnapshotCursor | null;
}
