import { LIMITS } from '@skein/protocol';

/** One document as it was found in a file: the line of a bulk load that puts it, without its end. */
export interface Piece {
  /** The line of the file where it begins, from 1. */
  readonly line: number;
  readonly text: Buffer;
}

/** Documents in the order of the file, as many at a time as were found in one go. */
export type Pieces = AsyncGenerator<readonly Piece[]>;

/** No node takes a larger value; and whatever has no line ends must not fill the memory. */
export const PIECE_BYTES_MAX = 16 * 1024 * 1024 + 6 * LIMITS.keyBytesMax + 1024;

/** What a file cannot be read on from. */
export class UnreadableError extends Error {
  readonly line: number;

  constructor(line: number, sentence: string) {
    super(sentence);
    this.name = 'UnreadableError';
    this.line = line;
  }
}
