/**
 * What the next change of this node is numbered. After a write whose outcome is unknown another incarnation begins: its
 * numbers may be in the log or not, and none may be missing or be there twice.
 */
export class MeshNumbers {
  readonly #draw: () => string;
  #incarnation: string;
  #seqNext = 1;
  #ownMs = -1;

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

  /** The newest time that was given to a change under this incarnation. */
  get ownMs(): number {
    return this.#ownMs;
  }

  /** Numbers below this one are given away, and times up to this one. */
  advance({ seqNext, ownMs }: Pick<MeshNumbers, 'seqNext' | 'ownMs'>): void {
    this.#seqNext = seqNext;
    this.#ownMs = ownMs;
  }

  beginAnew(): void {
    this.#incarnation = this.#draw();
    this.#seqNext = 1;
    this.#ownMs = -1;
  }
}
