import { sha256 } from '../digest.ts';
import { keyBytesOf, parseIndexNumber } from '../level/layout.ts';
import { entryKeyOf, type Index, type IndexBook } from './index-book.ts';
import { readIndexed } from './read-indexed.ts';

/** How many entries there are, and the sum of what stands for each: alike where the entries are. */
interface Sum {
  count: number;
  prints: bigint;
}

/** Holds the entries of all indexes against their documents, in one pass over each and without remembering any. */
export class IndexSums {
  readonly #book: IndexBook;
  readonly #due = new Map<number, Sum>();
  readonly #found = new Map<number, Sum>();

  constructor(book: IndexBook) {
    this.#book = book;
  }

  addDocument(collection: string, levelKeyText: string, stored: Buffer): void {
    const indexes = this.#book.of(collection);
    if (indexes.length === 0) return;
    const levelKey = Buffer.from(levelKeyText);
    const document = readIndexed(levelKey, stored)!;
    for (const index of indexes) {
      const entryKey = entryKeyOf(index, document, keyBytesOf(levelKey));
      if (entryKey !== undefined) add(this.#due, index.number, entryKey);
    }
  }

  addEntry(entryKey: Buffer): void {
    add(this.#found, parseIndexNumber(entryKey), entryKey);
  }

  /** Those that claim to be built, and are not what their documents say. */
  untrue(): readonly Index[] {
    return [...this.#book.all()].filter(({ isReady, number }) => {
      const due = this.#due.get(number);
      const found = this.#found.get(number);
      return isReady && (due?.count !== found?.count || due?.prints !== found?.prints);
    });
  }
}

function add(sums: Map<number, Sum>, number: number, entryKey: Buffer): void {
  const sum = sums.get(number) ?? { count: 0, prints: 0n };
  sum.count++;
  sum.prints = BigInt.asUintN(64, sum.prints + Buffer.from(sha256([entryKey])).readBigUInt64BE());
  sums.set(number, sum);
}
