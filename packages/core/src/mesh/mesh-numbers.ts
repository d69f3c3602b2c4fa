/**
 * What the next change of this node is numbered. After a write whose outcome is unknown another incarnation begins: its
 * numbers may be in the log or not, and none may be missing or be there twice.
 */
export class MeshNumbers {
  readonly #draw: () => string;
  #incarnation: string;
  #seqNext = 1;

  constructor(draw: () => string) {
    this.#draw = draw;
    this.#incarnation = draw();
  }

  get incarnation(): string {
    return this.#incarnation;
  }

  get seqNext(): number {
    return this.#seqNext;
  }

  /** Numbers below this one are given away. */
  advance(seqNext: number): void {
    this.#seqNext = seqNext;
  }

  beginAnew(): void {
    this.#incarnation = this.#draw();
    this.#seqNext = 1;
  }
}
