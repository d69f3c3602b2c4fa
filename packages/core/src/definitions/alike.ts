import { sha256 } from '../digest.ts';

const ROOM_AT_FIRST = 1024;

/** Finds what comes more than once among very many, by eight bytes of each: two of a thousand million differ in those. */
export class Alike {
  #prints = new BigUint64Array(ROOM_AT_FIRST);
  #count = 0;

  static has(repeated: ReadonlySet<bigint>, bytes: Buffer | undefined): boolean {
    return bytes !== undefined && repeated.has(printOf(bytes));
  }

  add(bytes: Buffer | undefined): void {
    if (bytes === undefined) return;
    if (this.#count === this.#prints.length) {
      const larger = new BigUint64Array(2 * this.#count);
      larger.set(this.#prints);
      this.#prints = larger;
    }
    this.#prints[this.#count++] = printOf(bytes);
  }

  repeated(): ReadonlySet<bigint> {
    const sorted = this.#prints.subarray(0, this.#count).sort();
    const repeated = new Set<bigint>();
    for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) repeated.add(sorted[i]!);
    return repeated;
  }
}

function printOf(bytes: Buffer): bigint {
  return Buffer.from(sha256([bytes])).readBigUInt64BE();
}
