import type { Clock, Store } from '@skein/core';
import { formatPosition, parsePosition, START, type Position } from '@skein/protocol';
import { z } from 'zod';

/** How far a node is in the log of a peer. */
export interface Cursor {
  /** Null before the peer has said which log it has. */
  readonly log: string | null;
  readonly position: Position;
  /** Why what is before it is not known to be here, and is to be found by comparing; null when all of it is. */
  readonly gap: string | null;
}

const BEGINNING: Cursor = { log: null, position: START, gap: null };
const SAVE_EVERY_MS = 1000;

const noted = z.object({ log: z.string().nullable(), position: z.string(), gap: z.string().nullable() });

export interface PeerCursorParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly url: string;
  /** What is in the way of storing it; null once it is stored. */
  readonly onSaved: (error: unknown) => void;
}

/** Where a peer's log is read from next, as a note that is stored once a second at most: what was read twice is known twice. */
export class PeerCursor {
  readonly #parts: PeerCursorParts;
  #current: Cursor = BEGINNING;
  #saved: Cursor = BEGINNING;
  #savedAtMs = -Infinity;
  #saving: Promise<void> | null = null;

  constructor(parts: PeerCursorParts) {
    this.#parts = parts;
  }

  get current(): Cursor {
    return this.#current;
  }

  async load(): Promise<void> {
    this.#current = this.#saved = cursorOf(await this.#parts.store.note(this.#name));
  }

  /** All that is before it has been merged. */
  moveTo(cursor: Cursor, signal: AbortSignal): void {
    this.#current = cursor;
    this.#saving ??= this.#saveSoon(signal).finally(() => (this.#saving = null));
  }

  /** Resolves when nothing is on its way to the store any more. */
  async rest(): Promise<void> {
    await this.#saving;
  }

  get #name(): string {
    return `peer ${this.#parts.url}`;
  }

  async #saveSoon(signal: AbortSignal): Promise<void> {
    const { store, clock, onSaved } = this.#parts;
    while (this.#saved !== this.#current) {
      const dueInMs = this.#savedAtMs + SAVE_EVERY_MS - clock.now();
      // One that is about to end stores it without delay.
      if (dueInMs > 0) await clock.sleep(dueInMs, signal).catch(() => undefined);
      const cursor = this.#current;
      this.#savedAtMs = clock.now();
      try {
        await store.saveNote(this.#name, noteOf(cursor));
      } catch (error) {
        // Whatever is merged next has it stored again.
        return onSaved(error);
      }
      this.#saved = cursor;
      onSaved(null);
    }
  }
}

function noteOf({ log, position, gap }: Cursor): string {
  return JSON.stringify({ log, position: formatPosition(position), gap });
}

/** What cannot be read is as if it had never been: everything is read again. */
function cursorOf(text: string | undefined): Cursor {
  if (text === undefined) return BEGINNING;
  try {
    const { log, position, gap } = noted.parse(JSON.parse(text));
    return { log, position: parsePosition(position), gap };
  } catch {
    return BEGINNING;
  }
}
