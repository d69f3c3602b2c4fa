import type { EncodedPage } from './encode-page.ts';

/**
 * Pages that may be asked for again: those under way, and of those that are made the newest, up to so many bytes. Followers
 * that come back after an outage are many and at few places, and those that wait are all at one; but each reader may as well
 * be at a place of its own, and then there is no end to the pages.
 */
export class KeptPages {
  readonly #bytesMax: number;
  readonly #pages = new Map<string, Promise<EncodedPage>>();
  /** The sizes of those that are made, oldest first. */
  readonly #made = new Map<string, number>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(key: string): Promise<EncodedPage> | undefined {
    return this.#pages.get(key);
  }

  /** Keeps a page that is being made; one that fails is let go. */
  add(key: string, page: Promise<EncodedPage>): void {
    this.#pages.set(key, page);
    const isStillHere = (): boolean => this.#pages.get(key) === page;
    page.then(
      ({ body }) => isStillHere() && this.#keep(key, body.length),
      () => isStillHere() && this.#pages.delete(key),
    );
  }

  clear(): void {
    this.#pages.clear();
    this.#made.clear();
    this.#bytes = 0;
  }

  #keep(key: string, bytes: number): void {
    this.#made.set(key, bytes);
    this.#bytes += bytes;
    for (const [oldest, oldestBytes] of this.#made) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#made.delete(oldest);
      this.#pages.delete(oldest);
      this.#bytes -= oldestBytes;
    }
  }
}
