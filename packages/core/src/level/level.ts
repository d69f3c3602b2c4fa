import type {
  AbstractChainedBatch,
  AbstractChainedBatchWriteOptions,
  AbstractLevel,
  AbstractSnapshot,
} from 'abstract-level';
import { SkeinError } from '@skein/protocol';

/** Any abstract-level database opened with buffer keys and buffer values. */
export type Level = AbstractLevel<string | Buffer | Uint8Array, Buffer, Buffer>;
export type LevelBatch = AbstractChainedBatch<Level, Buffer, Buffer>;
export type LevelSnapshot = AbstractSnapshot;

/** Whether it answers on this thread, if asked to; abstract-level's types do not know of that yet. */
export function canGetNow({ supports }: Level): boolean {
  return (supports as { readonly getSync?: boolean }).getSync === true;
}

/** The database is being closed or opened under a read that had begun. */
export function isNotOpen(error: unknown): boolean {
  return /^LEVEL_\w+_NOT_OPEN$/.test(codeOf(error));
}

/** What LevelDB itself cannot read is corrupt as surely as what fails a checksum of ours; other errors stay as they are. */
export function withCorruptNamed(error: unknown): unknown {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (codeOf(cause) === 'LEVEL_CORRUPTION') return new SkeinError('corrupt', cause.message, {}, error);
  }
  return error;
}

/** A file that its own notes name, and that is gone, by a power cut or a hand, is an IO error to LevelDB like any other. */
export function withLostFileNamed(error: unknown): unknown {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (/^IO error: .*: No such file or directory$/.test(cause.message))
      return new SkeinError('corrupt', cause.message, {}, error);
  }
  return error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** The only way a batch is ever written: mixing synced and unsynced batches leaves holes after a power cut. */
export const SYNCED: AbstractChainedBatchWriteOptions = { sync: true };
