import { isOfOneEpoch, isPosition, laterOf, START, type Position } from './position.ts';

/** After so many leaders, all of them unproven, the oldest positions tell nothing that matters. */
const UNPROVEN_MAX = 16;

/**
 * What a program has written or been told of, as positions: reads carry the latest, so that whoever answers has that. Of one
 * epoch the latest covers all before it. When another epoch goes on, what was acknowledged in the one before may not be part of
 * it, and its latest position is kept as well until a node has said that it is.
 */
export class Session {
  #latest: Position = START;
  #unproven: readonly Position[] = [];

  constructor(position: Position = START) {
    this.observe(position);
  }

  get position(): Position {
    return this.#latest;
  }

  /** What a node has yet to be asked about. */
  get unproven(): readonly Position[] {
    return this.#unproven;
  }

  observe(position: Position): void {
    if (!isPosition(position)) throw new TypeError(`'${position}' is not a position`);
    const before = this.#latest;
    this.#latest = laterOf(before, position);
    if (before === START || position === START || isOfOneEpoch(before, position)) return;
    const older = this.#latest === position ? before : position;
    const others = this.#unproven.filter((each) => !isOfOneEpoch(each, older));
    const same = this.#unproven.find((each) => isOfOneEpoch(each, older)) ?? older;
    this.#unproven = [...others, laterOf(same, older)].slice(-UNPROVEN_MAX);
  }

  /** It has been said to be part of what is there, or to be lost; that is told once. */
  settle(position: Position): void {
    this.#unproven = this.#unproven.filter((each) => each !== position);
    if (this.#latest === position) this.#latest = START;
  }
}
