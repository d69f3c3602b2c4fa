import type { Store } from '@skein/core';
import { formatCursor, parseCursor } from './outbox-start.ts';

const NAME = 'outbox';

/** Where an outbox is, as a note of the node beside its log. What cannot be stored is kept in memory, and that is said. */
export class CursorNote {
  readonly #store: Store;
  readonly #onChange: (isInMemory: boolean) => void;
  #saved: number | null = null;
  #isInMemory = false;

  constructor(store: Store, onChange: (isInMemory: boolean) => void) {
    this.#store = store;
    this.#onChange = onChange;
  }

  /** The place could not be stored: a crash now would have changes told twice. */
  get isInMemory(): boolean {
    return this.#isInMemory;
  }

  /** Rejects when the store cannot be read now: what is not known now is not to be written over. */
  async load(): Promise<ReturnType<typeof parseCursor>> {
    return parseCursor(await this.#store.note(NAME));
  }

  /** Its failure has poisoned the store, as that of any write has. */
  async save(offset: number): Promise<void> {
    if (offset === this.#saved) return;
    const epoch = this.#store.facts.history.at(-1)?.epoch ?? null;
    try {
      await this.#store.saveNote(NAME, formatCursor({ offset, epoch }));
      this.#saved = offset;
      this.#become(false);
    } catch (error) {
      this.#become(true);
      throw error;
    }
  }

  #become(isInMemory: boolean): void {
    if (this.#isInMemory === isInMemory) return;
    this.#isInMemory = isInMemory;
    this.#onChange(isInMemory);
  }
}
