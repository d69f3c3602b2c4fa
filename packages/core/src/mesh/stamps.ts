import { DEFINITIONS, type Stamp } from '@skein/protocol';

export interface StampsStart {
  readonly node: string;
  readonly incarnation: string;
  readonly seqNext: number;
  readonly wallMs: number;
  /** The newest time in the log, 0 in an empty one. */
  readonly lastMs: number;
}

/** How far stamps had been given out. */
export interface StampsMark {
  readonly ms: number;
  readonly seq: number;
}

/** The hybrid clock through a group of changes: no stamp is given twice, and each is newer than all that was seen before. */
export class Stamps {
  readonly #start: StampsStart;
  #ms: number;
  #seq: number;

  constructor(start: StampsStart) {
    this.#start = start;
    this.#ms = start.lastMs;
    this.#seq = start.seqNext;
  }

  get seqNext(): number {
    return this.#seq;
  }

  /** The time of a line: never before the lines before it. */
  get nowMs(): number {
    return Math.max(this.#start.wallMs, this.#ms);
  }

  next(collection: string): Stamp {
    this.#ms = Math.max(this.#start.wallMs, this.#ms + 1);
    const { node, incarnation } = this.#start;
    // Definitions are told over HTTP alone, where nothing is counted.
    return { ms: this.#ms, node, incarnation, seq: collection === DEFINITIONS ? 0 : this.#seq++ };
  }

  /** A change has been merged: whatever is written next is newer. */
  saw({ ms }: Stamp): void {
    this.#ms = Math.max(this.nowMs, ms);
  }

  mark(): StampsMark {
    return { ms: this.#ms, seq: this.#seq };
  }

  /** As if nothing had been given out since. */
  reset({ ms, seq }: StampsMark): void {
    this.#ms = ms;
    this.#seq = seq;
  }
}
