import { beginsWith, leafDigest, placeHash, type DigestShape } from '@skein/protocol';
import { sha256 } from '../digest.ts';
import type { Leaf } from './tree.ts';

/** Cuts documents, as they come in the order of their places, into leaves. */
export class LeafBuilder {
  readonly leaves: Leaf[] = [];
  readonly #shape: DigestShape;
  #start = '';
  #beginsBranch = false;
  #hashes: Uint8Array[] = [];

  constructor(shape: DigestShape) {
    this.#shape = shape;
  }

  add(place: Buffer, documentHash: Uint8Array): void {
    const hash = placeHash(place);
    if (this.#hashes.length === 0 || beginsWith(hash, this.#shape.leafBits)) {
      this.end();
      this.#start = place.toString('latin1');
      this.#beginsBranch = beginsWith(hash, this.#shape.branchBits);
    }
    this.#hashes.push(documentHash);
  }

  /** There are no more documents. */
  end(): void {
    if (this.#hashes.length === 0) return;
    this.leaves.push({
      start: this.#start,
      beginsBranch: this.#beginsBranch,
      documents: this.#hashes.length,
      hash: Buffer.from(leafDigest(sha256, this.#hashes)).toString('hex'),
    });
    this.#hashes = [];
  }
}
