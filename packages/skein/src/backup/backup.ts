import { formatPosition, isEpoch, parsePosition, type EpochSpan, type Position } from '@skein/protocol';
import { z } from 'zod';

/*
 * A backup is a snapshot, page by page as a node serves it, the record of the log that ends where the snapshot was, for the
 * next one to be chained to, and a description that is written when all the rest is there: without one it is none.
 */

/** What a backup says of itself. */
export interface BackupDescription {
  readonly log: string;
  readonly position: Position;
  readonly history: readonly EpochSpan[];
  readonly documents: number;
  /** The checksum of each page, in their order. */
  readonly pages: readonly string[];
  /** The node it was taken of. */
  readonly node: string;
  /** When it was begun, for people. */
  readonly takenAt: string;
}

/** Where a backup is put. */
export interface BackupSink {
  /** Begins; what was put there by an attempt that has not come to its end is removed. */
  begin(): Promise<void>;
  putPage(number: number, bytes: Uint8Array): Promise<void>;
  putRecord(bytes: Uint8Array): Promise<void>;
  /** All of it is there, and durable when this resolves. */
  finish(description: BackupDescription): Promise<void>;
}

/** Where a backup is read from. */
export interface BackupSource {
  describe(): Promise<BackupDescription>;
  readPage(number: number): Promise<Uint8Array>;
  /** Empty for a backup of a log without a change. */
  readRecord(): Promise<Uint8Array>;
}

/** How far a backup, or what is made of one, has come. */
export interface BackupProgress {
  readonly documents: number;
  /** Null where it is not known. */
  readonly documentsTotal: number | null;
}

const FORMAT = 1;

const stored = z.strictObject({
  format: z.literal(FORMAT),
  log: z.string(),
  position: z.string(),
  history: z.array(z.strictObject({ epoch: z.string().refine(isEpoch), offsetFirst: z.int().positive() })).min(1),
  documents: z.int().nonnegative(),
  pages: z.array(z.string()).min(1),
  node: z.string(),
  taken_at: z.string(),
});

export function encodeDescription({ position, takenAt, ...description }: BackupDescription): string {
  const said = { format: FORMAT, ...description, position: formatPosition(position), taken_at: takenAt };
  return `${JSON.stringify(said, null, 2)}\n`;
}

/** Throws for what is no description, or one of a format that is not known. */
export function parseDescription(text: string): BackupDescription {
  const { position, taken_at: takenAt, format: _format, ...description } = stored.parse(JSON.parse(text));
  return { ...description, position: parsePosition(position), takenAt };
}
