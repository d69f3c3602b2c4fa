import { parseLine, recordLines, SkeinError, type Change, type Position } from '@skein/protocol';
import type { Store } from './store.ts';

/** What happens to documents, as a reader within this process is told. */
export type Watched<Value> =
  | {
      readonly kind: 'put';
      readonly key: string;
      readonly value: Value;
      readonly offset: number;
    }
  | { readonly kind: 'delete'; readonly key: string; readonly offset: number }
  /** What the documents are cannot be told from what was told before: look at all of them again. */
  | { readonly kind: 'reset'; readonly offset: number };

export interface WatchOptions {
  /** Begins behind this position; with what happens from now on unless given. */
  readonly since?: Pick<Position, 'offset'> | undefined;
  readonly signal?: AbortSignal | undefined;
}

type WatchedStore = Pick<Store, 'facts' | 'readLog' | 'subscribe'>;

const CHANGES_AT_ONCE = { changesMax: 1000, bytesMax: 1024 * 1024 };

/**
 * The changes of some documents, in the order of the log, as soon as they are durable. It remembers where it is, and nothing
 * else: a reader that takes its time finds the rest in the log, and is told when that does not reach back so far any more.
 */
export async function* watchChanges<Value>(
  store: WatchedStore,
  isWanted: (collection: string, key: string) => boolean,
  { since, signal }: WatchOptions = {},
): AsyncGenerator<Watched<Value>> {
  const news = new News(store, signal);
  let offset = since?.offset ?? store.facts.head.offset;
  try {
    for (;;) {
      const { head, tail } = store.facts;
      if (news.takeReset() || offset < tail - 1 || offset > head.offset) {
        offset = head.offset;
        yield { kind: 'reset', offset };
        continue;
      }
      if (offset === head.offset) {
        if (!(await news.next())) return;
        continue;
      }
      const changes = await changesBehind(store, offset);
      for (const change of changes) {
        if (signal?.aborted === true) return;
        if (isWanted(change.collection, change.key)) yield toWatched(change);
        ({ offset } = change);
      }
    }
  } finally {
    news.stop();
  }
}

/** Whole records are read, of which the first may begin before. */
async function changesBehind(store: WatchedStore, after: number): Promise<readonly Change[]> {
  try {
    const { records } = await store.readLog(after, CHANGES_AT_ONCE);
    const lines = records.flatMap((record) => decoder.decode(recordLines(record)).split('\n').slice(0, -1));
    return lines.map(parseLine).filter(({ offset }) => offset > after);
  } catch (error) {
    // Trimmed while it was read; the next look finds that the log begins behind.
    if (error instanceof SkeinError && error.code === 'compacted') return [];
    throw error;
  }
}

const decoder = new TextDecoder();

function toWatched<Value>({ op, key, value, offset }: Change): Watched<Value> {
  return op === 'delete' ? { kind: 'delete', key, offset } : { kind: 'put', key, value: value as Value, offset };
}

/** Whether anything has happened since somebody last looked. */
class News {
  readonly stop: () => void;
  readonly #signal: AbortSignal | undefined;
  #hasNews = false;
  #isReset = false;
  #wake: () => void = () => undefined;

  constructor(store: WatchedStore, signal: AbortSignal | undefined) {
    this.#signal = signal;
    const unsubscribe = store.subscribe(({ isAnew }) => {
      this.#isReset ||= isAnew;
      this.#tell();
    });
    const onAbort = (): void => this.#tell();
    signal?.addEventListener('abort', onAbort, { once: true });
    this.stop = () => {
      unsubscribe();
      signal?.removeEventListener('abort', onAbort);
    };
  }

  takeReset(): boolean {
    const isReset = this.#isReset;
    this.#isReset = false;
    return isReset;
  }

  /** Resolves when there is news: with false when nobody wants any more. */
  async next(): Promise<boolean> {
    if (!this.#hasNews && this.#signal?.aborted !== true)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    this.#hasNews = false;
    return this.#signal?.aborted !== true;
  }

  #tell(): void {
    this.#hasNews = true;
    this.#wake();
  }
}
