import { badAnswer, type Answer } from './answer.ts';
import type { Change, ChangeEvent } from './change.ts';
import type { Connection } from './connection.ts';
import { query } from './encode.ts';
import { isSkeinError, type SkeinError } from './error.ts';
import { isLost, planRefusal, type RefusalPlan } from './plan-refusal.ts';
import { backoffMs, verdictOf, type Verdict } from './plan-retry.ts';
import { sleep } from './platform.ts';
import { isPosition, START, type Position } from './position.ts';
import { readSnapshot } from './snapshot.ts';
import { HEADERS, MEDIA_TYPES, WAIT_SECONDS_DEFAULT } from './wire.ts';

export interface ChangesOptions {
  /** Behind a position that was kept, or an offset; a time (RFC 3339); `now`: only what is to come. All unless given. */
  readonly since?: Position | number | undefined;
  /** Only these. */
  readonly collections?: readonly string[] | undefined;
  /** Only keys that begin so. */
  readonly prefix?: string | undefined;
  /** Changes of one page, 1 to 5,000; 1,000 unless given. */
  readonly limit?: number | undefined;
  /** How long a request stands at a node until there is a change, 0 to 60; 25 unless given. */
  readonly waitSeconds?: number | undefined;
  /** Goes on after every reset, also where a leader has lost what was read, or is another one. */
  readonly acceptReset?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface FeedPage {
  readonly since: Position;
  readonly next: Position;
  readonly upToDate: boolean;
  readonly changes: readonly Change[];
}

const BACKOFF = { baseMs: 250, maxMs: 10_000 };

/**
 * Every change in order, page after page, for as long as somebody takes them: from whichever node answers, through restarts and
 * new leaders. It never passes over anything in silence: what cannot be given any more is a `reset`.
 */
export async function* changesOf<T>(
  connection: Connection,
  options: ChangesOptions,
): AsyncGenerator<ChangeEvent<T>, void, undefined> {
  const feed = new Feed(connection, options);
  let since: Position = String(options.since ?? START);
  let isLive = false;
  for (;;) {
    const heard = await feed.ask(since, isLive);
    switch (heard.kind) {
      case 'page': {
        const { changes, next, upToDate } = heard.page;
        for (const change of changes) yield { kind: 'change', change: change as Change<T> };
        const isNews = next !== since || (upToDate && !isLive);
        since = next;
        isLive = upToDate;
        if (isNews) yield { kind: 'position', position: since, isLive };
        break;
      }
      case 'failure':
        isLive = false;
        if (heard.isFirst) yield { kind: 'offline', error: heard.error };
        await feed.pause(heard.error);
        break;
      case 'lost':
        isLive = false;
        since = yield* feed.copy<T>(heard.error, since, heard.goesOn);
        yield { kind: 'position', position: since, isLive };
        break;
    }
  }
}

type Heard =
  | { readonly kind: 'page'; readonly page: FeedPage }
  | { readonly kind: 'failure'; readonly error: SkeinError; readonly isFirst: boolean }
  | { readonly kind: 'lost'; readonly error: SkeinError; readonly goesOn: boolean };

/** The questions of one reader. */
class Feed {
  readonly #connection: Connection;
  readonly #options: ChangesOptions;
  #failures = 0;

  constructor(connection: Connection, options: ChangesOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** The page behind a place: of any node, as long as one has it. */
  async ask(since: Position, mayWait: boolean): Promise<Heard> {
    try {
      const page = pageOf(await this.#request(since, mayWait), since);
      this.#failures = 0;
      return { kind: 'page', page };
    } catch (thrown) {
      const error = this.#failureOf(thrown);
      const plan = this.#planOf(error, since);
      if (plan !== null && plan !== 'ask-again') return { kind: 'lost', error, goesOn: plan === 'copy' };
      if (plan === null && verdictOf(error) === 'never') throw error;
      return { kind: 'failure', error, isFirst: this.#failures++ === 0 };
    }
  }

  async pause({ retryAfterMs }: SkeinError): Promise<void> {
    const { platform } = this.#connection.requester;
    const pauseMs = Math.max(retryAfterMs, backoffMs(BACKOFF, this.#failures, platform.random()));
    await sleep(platform, pauseMs, this.#options.signal);
  }

  /** Says what is lost, then gives what is there, anew for as often as that fails half-way. Answers up to where it is. */
  async *copy<T>(
    lost: SkeinError,
    since: Position,
    goesOn: boolean,
  ): AsyncGenerator<ChangeEvent<T>, Position, undefined> {
    let min = lost.code === 'compacted' && isPosition(since) && since !== START ? since : null;
    for (let error = lost; ;) {
      const { code, detail, problem } = error;
      yield { kind: 'reset', code, detail, since, goesOn, problem };
      if (!goesOn) throw error;
      try {
        return yield* this.#documents<T>(min);
      } catch (thrown) {
        error = this.#failureOf(thrown);
        if (error.code !== 'snapshot_gone' && verdictOf(error) === 'never') throw error;
        if (this.#failures++ === 0) yield { kind: 'offline', error };
      }
      min = null;
      await this.pause(error);
    }
  }

  async *#documents<T>(min: Position | null): AsyncGenerator<ChangeEvent<T>, Position, undefined> {
    const { limit = 1000, signal, collections, prefix = '' } = this.#options;
    const last = collections?.toSorted().at(-1);
    let position: Position = START;
    for await (const page of readSnapshot(this.#connection.requester, { limit, signal, min })) {
      ({ position } = page);
      for (const change of page.changes) {
        const isWanted = collections === undefined || collections.includes(change.collection);
        if (isWanted && change.key.startsWith(prefix)) yield { kind: 'change', change: change as Change<T> };
      }
      const reached = page.changes.at(-1)?.collection;
      if (last !== undefined && reached !== undefined && reached > last) break;
    }
    this.#failures = 0;
    return position;
  }

  #request(since: Position, mayWait: boolean): Promise<Answer> {
    const { collections, prefix, limit, waitSeconds = 25, signal } = this.#options;
    const { requester, session } = this.#connection;
    const wait = mayWait ? waitSeconds : 0;
    // What the session has written is before its `now`, whoever answers.
    const holdsBack = since === 'now' && session.position !== START;
    return requester.ask({
      method: 'GET',
      path: `/v1/changes${query({ since, wait, limit, collections: collections?.join(','), prefix })}`,
      headers: { accept: MEDIA_TYPES.json, ...(holdsBack ? { [HEADERS.minPosition]: session.position } : {}) },
      waitMs: (wait + (holdsBack ? WAIT_SECONDS_DEFAULT : 0)) * 1000,
      signal,
      once: true,
      judge: (error) => this.#verdictOf(error, since),
    });
  }

  /** Before anything is given up, every node is asked: another one may have what one has not. */
  #verdictOf(error: SkeinError, since: Position): Verdict {
    const plan = this.#planOf(error, since);
    if (plan === null) return verdictOf(error);
    return plan === 'ask-again' ? 'later' : 'elsewhere';
  }

  #planOf(error: SkeinError, since: Position): RefusalPlan | null {
    const { acceptReset = false } = this.#options;
    return isLost(error) ? planRefusal(error, { since, acceptReset }) : null;
  }

  #failureOf(thrown: unknown): SkeinError {
    this.#options.signal?.throwIfAborted();
    if (isSkeinError(thrown)) return thrown;
    throw thrown;
  }
}

/** An answer to an older question, given by something on the way, would have changes passed over or given twice. */
function pageOf(answer: Answer, asked: Position): FeedPage {
  const page = answer.json() as FeedPage;
  if (!Array.isArray(page.changes) || typeof page.next !== 'string' || !isPosition(page.next))
    throw badAnswer(answer.url, 'is no page of changes');
  if (isPosition(asked) && page.since !== asked) throw badAnswer(answer.url, 'is to another question');
  return page;
}
