/** What is bounded of a book of numbers. */
export interface SequenceBounds {
  /** So long a number may be missing before it counts as a gap: brokers keep order, but the ways to them need not. */
  readonly patienceMs: number;
  /** So many numbers behind a missing one are remembered; with more of them, it counts as a gap at once. */
  readonly aheadMax: number;
  /** So many numberings are remembered; the one that was not heard for longest is the first to go. */
  readonly numberingsMax: number;
}

export const SEQUENCE_BOUNDS: SequenceBounds = { patienceMs: 10_000, aheadMax: 1000, numberingsMax: 1000 };

/** One incarnation of one node: all from `begin` to `last` was heard, and of what is behind, `ahead`. */
interface Numbering {
  begin: number;
  last: number;
  readonly ahead: Set<number>;
  /** Since when the number behind `last` is missing. */
  missingSinceMs: number;
}

/**
 * Which numbers of which nodes were heard. A numbering begins with what is heard of it first; what is below that may be new or
 * not, and is taken for new, since merging can tell. A number that is missing for too long, or with too many behind it, is a
 * gap: it is counted, and the numbering begins anew behind it, so that one which comes later still is taken for new.
 */
export class SequenceBook {
  readonly #bounds: SequenceBounds;
  /** The one heard last is at the end. */
  readonly #numberings = new Map<string, Numbering>();
  #gaps = 0;
  #missing = 0;

  constructor(bounds: SequenceBounds = SEQUENCE_BOUNDS) {
    this.#bounds = bounds;
  }

  /** Times that numbers were missing. */
  get gaps(): number {
    return this.#gaps;
  }

  /** How many numbers that was. */
  get missing(): number {
    return this.#missing;
  }

  /** Whether a change was heard before, so that nothing is to be done about it. */
  isKnown(node: string, incarnation: string, seq: number): boolean {
    const numbering = this.#numberings.get(nameOf(node, incarnation));
    if (numbering === undefined || seq < numbering.begin) return false;
    return seq <= numbering.last || numbering.ahead.has(seq);
  }

  heard(node: string, incarnation: string, seq: number, nowMs: number): void {
    const numbering = this.#numberingOf(nameOf(node, incarnation), seq);
    if (seq <= numbering.last) return;
    if (seq > numbering.last + 1) {
      if (numbering.ahead.size === 0) numbering.missingSinceMs = nowMs;
      numbering.ahead.add(seq);
      if (numbering.ahead.size > this.#bounds.aheadMax) this.#giveUp(numbering, nowMs);
      return;
    }
    numbering.last = seq;
    this.#join(numbering, nowMs);
  }

  /** Gives up what has been missing for too long; to be called now and then. */
  look(nowMs: number): void {
    for (const numbering of this.#numberings.values()) {
      const isMissing = numbering.ahead.size > 0;
      if (isMissing && nowMs - numbering.missingSinceMs >= this.#bounds.patienceMs) this.#giveUp(numbering, nowMs);
    }
  }

  #numberingOf(name: string, seq: number): Numbering {
    const known = this.#numberings.get(name);
    const numbering = known ?? { begin: seq, last: seq, ahead: new Set<number>(), missingSinceMs: 0 };
    this.#numberings.delete(name);
    this.#numberings.set(name, numbering);
    if (this.#numberings.size > this.#bounds.numberingsMax) {
      const [oldest] = this.#numberings.keys();
      this.#numberings.delete(oldest!);
    }
    return numbering;
  }

  #giveUp(numbering: Numbering, nowMs: number): void {
    const next = Math.min(...numbering.ahead);
    this.#gaps++;
    this.#missing += next - numbering.last - 1;
    numbering.begin = next;
    numbering.last = next - 1;
    this.#join(numbering, nowMs);
  }

  /** What was heard before its turn, and has its turn now. */
  #join(numbering: Numbering, nowMs: number): void {
    while (numbering.ahead.delete(numbering.last + 1)) numbering.last++;
    numbering.missingSinceMs = nowMs;
  }
}

function nameOf(node: string, incarnation: string): string {
  return `${node} ${incarnation}`;
}
