import { DEFINITIONS, type Stamp } from '@skein/protocol';

export interface StampsStart {
  readonly node: string;
  readonly incarnation: string;
  readonly seqNext: number;
  /** The newest time that a change of this incarnation has; -1 before the first. */
  readonly ownMs: number;
  readonly wallMs: number;
  /** The newest time in the log, 0 in an empty one. */
  readonly lastMs: number;
}

/** A change has a time of its own, unless more are made than there are milliseconds; so far ahead of the clock it is still given one. */
const AHEAD_MS_MAX = 1000;

/** How far stamps had been given out. */
export interface StampsMark {
  readonly ms: number;
  readonly ownMs: number;
  readonly seq: number;
}

/** The hybrid clock through a group of changes: no stamp is given twice, and each is newer than all that was seen before. */
export class Stamps {
  readonly #start: StampsStart;
  #ms: number;
  #ownMs: number;
  #seq: number;

  constructor(start: StampsStart) {
    this.#start = start;
    this.#ms = start.lastMs;
    this.#ownMs = start.ownMs;
    this.#seq = start.seqNext;
  }

  get ownMs(): number {
    return this.#ownMs;
  }

  get seqNext(): number {
    return this.#seq;
  }

  /** The time of a line: never before the lines before it. */
  get nowMs(): number {
    return Math.max(this.#start.wallMs, this.#ms);
  }

  next(collection: string): Stamp {
    const { node, incarnation, wallMs } = this.#start;
    // Definitions are told over HTTP alone, where nothing is counted: no number tells two of one time apart.
    const isNumbered = collection !== DEFINITIONS;
    const isAhead = this.#ms + 1 > wallMs + AHEAD_MS_MAX;
    // Of two own changes of one time the numbers tell which is newer; a change of anybody else has to be before this one.
    const mayShare = isNumbered && isAhead && this.#ms === this.#ownMs;
    this.#ms = this.#ownMs = mayShare ? this.#ms : Math.max(wallMs, this.#ms + 1);
    return { ms: this.#ms, node, incarnation, seq: isNumbered ? this.#seq++ : 0 };
  }

  /** A change has been merged: whatever is written next is newer. */
  saw({ ms }: Stamp): void {
    this.#ms = Math.max(this.nowMs, ms);
    if (ms >= this.#ownMs) this.#ownMs = -1;
  }

  mark(): StampsMark {
    return { ms: this.#ms, ownMs: this.#ownMs, seq: this.#seq };
  }

  /** As if nothing had been given out since. */
  reset({ ms, ownMs, seq }: StampsMark): void {
    this.#ms = ms;
    this.#ownMs = ownMs;
    this.#seq = seq;
  }
}
