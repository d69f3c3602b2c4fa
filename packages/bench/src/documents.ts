/** The documents every bench writes: 300 bytes of JSON each, the same ones in the same random order at every run. */

export const DOCUMENT_BYTES = 300;
export const COLLECTION = 'bench';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** A small generator of pseudo-random numbers (xorshift32), so that runs and machines write the same bytes. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 to below `bound`. */
  below(bound: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % bound;
  }
}

/** The text of a document: six bits of chance in every byte, so that compression finds little to do. */
export function documentText(id: number, random: Random): string {
  const head = `{"id":${id},"text":"`;
  let text = '';
  while (head.length + text.length < DOCUMENT_BYTES - 2) text += ALPHABET[random.below(64)]!;
  return `${head}${text}"}`;
}

export function keyOf(id: number): string {
  return `doc-${String(id).padStart(8, '0')}`;
}

/** The ids 0 to below `count`, shuffled: keys are inserted in random order. */
export function shuffledIds(count: number): readonly number[] {
  const random = new Random(4711);
  const ids = Array.from({ length: count }, (_, id) => id);
  for (let i = count - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [ids[i], ids[other]] = [ids[other]!, ids[i]!];
  }
  return ids;
}
