import { firstFrom, type Leaf } from './tree.ts';

/** Leaves that follow each other and are read again as one: from the first of them up to `end`, not included. */
export interface DirtyRun {
  readonly first: number;
  readonly end: number;
}

/**
 * Which leaves of a tree changes have touched. A change is noted as the leaf whose range it falls into, so that a million
 * of them take no more room than the leaves do. A change of a leaf's first document may be its end, and what is left of
 * the leaf then belongs to the one before: both are dirty.
 */
export class DirtyLeaves {
  readonly #leaves: readonly Leaf[];
  readonly #isDirty: Uint8Array;
  #documents = 0;

  /** There must be at least one leaf. */
  constructor(leaves: readonly Leaf[]) {
    this.#leaves = leaves;
    this.#isDirty = new Uint8Array(leaves.length);
  }

  /** How many documents the dirty leaves hold, as they were. */
  get documents(): number {
    return this.#documents;
  }

  note(place: string): void {
    const at = firstFrom(this.#leaves, place);
    const isFirst = this.#leaves[at]?.start === place;
    if (isFirst) this.#mark(at);
    this.#mark(Math.max(at - 1, 0));
  }

  runs(): readonly DirtyRun[] {
    const runs: DirtyRun[] = [];
    for (let first = this.#isDirty.indexOf(1); first !== -1;) {
      const clean = this.#isDirty.indexOf(0, first);
      const end = clean === -1 ? this.#isDirty.length : clean;
      runs.push({ first, end });
      first = this.#isDirty.indexOf(1, end);
    }
    return runs;
  }

  #mark(at: number): void {
    if (this.#isDirty[at] === 1) return;
    this.#isDirty[at] = 1;
    this.#documents += this.#leaves[at]!.documents;
  }
}
