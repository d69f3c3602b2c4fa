import { isSkeinError, SkeinError } from '@skein/protocol';
import type { ReadGate } from './documents.ts';
import { Listeners } from './listeners.ts';
import { isNotOpen, withCorruptNamed, withLostFileNamed } from './level/level.ts';
import { isDiskFull } from './recovery.ts';

/**
 * - ready: reads and writes.
 * - poisoned: a write failed; reads go on, nothing is written until the store has been reopened.
 * - recovering: being reopened and verified; nothing can be read.
 * - corrupt: verified and found wrong; it is copied anew, or an operator decides.
 */
export type StoreState = 'ready' | 'poisoned' | 'recovering' | 'corrupt' | 'closed';

/** Told of a state that is another one than before. */
export type StateListener = (state: StoreState) => void;

/** How a store is, why, and what follows from it for whoever wants to read or to write. */
export class Condition {
  #state: StoreState = 'ready';
  #failure: unknown = undefined;
  #failures = 0;
  #lastFailure: string | null = null;
  readonly #listeners = new Listeners<StoreState>();

  /** What a read asks before it, and tells when it fails. */
  readonly gate: ReadGate = {
    assertOpen: () => {
      if (this.#state === 'recovering' || this.#state === 'closed') throw this.unreadable();
    },
    failed: (thrown) => {
      const error = withLostFileNamed(withCorruptNamed(thrown));
      if (isSkeinError(error, 'corrupt')) this.foundCorrupt(error);
      return isNotOpen(error) ? this.unreadable() : error;
    },
  };

  get state(): StoreState {
    return this.#state;
  }

  /** Why it is not ready, as a sentence. */
  get failure(): string | null {
    return this.#failure === undefined ? null : sentenceOf(this.#failure);
  }

  get failures(): number {
    return this.#failures;
  }

  get lastFailure(): string | null {
    return this.#lastFailure;
  }

  watch(listener: StateListener, until?: AbortSignal): () => void {
    return this.#listeners.add(listener, until);
  }

  become(state: Exclude<StoreState, 'ready'>): void {
    this.#move(state);
  }

  becomeReady(): void {
    this.#failure = undefined;
    this.#move('ready');
  }

  note(error: unknown): void {
    this.#failure = error;
    this.#failures++;
    this.#lastFailure = sentenceOf(error);
  }

  /** A read met bytes that are not what was written. Nothing more is written on top of them. */
  foundCorrupt(error: SkeinError): void {
    if (this.#state === 'closed' || this.#state === 'corrupt') return;
    this.note(error);
    this.#move('corrupt');
  }

  /** A read may find a document corrupt while the store is poisoned; reopening proves the log and would not see it. */
  assertNotCorrupt(): void {
    if (this.#state === 'corrupt') throw this.#failure;
  }

  unreadable(): SkeinError {
    if (this.#state === 'closed') return new SkeinError('stopping', 'the store is closed');
    return new SkeinError('starting', 'the store is being reopened', { retryAfterSeconds: 1 });
  }

  /** Why nothing may be written now, if so. */
  refusal(): SkeinError | undefined {
    switch (this.#state) {
      case 'ready':
        return undefined;
      case 'closed':
        return new SkeinError('stopping');
      case 'corrupt':
        return new SkeinError('corrupt', this.failure ?? undefined);
      case 'poisoned':
      case 'recovering':
        if (isDiskFull(this.#failure)) return new SkeinError('storage_full', undefined, { retryAfterSeconds: 5 });
        return new SkeinError('starting', 'a write failed; the store is being reopened', { retryAfterSeconds: 1 });
    }
  }

  #move(state: StoreState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#listeners.tell(state);
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
