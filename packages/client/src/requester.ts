import { Answer, refusalOf } from './answer.ts';
import { isSkeinError, SkeinError } from './error.ts';
import { Limit } from './limit.ts';
import type { NodeAddress, Nodes } from './nodes.ts';
import { backoffMs, type BackoffPolicy, type Verdict } from './plan-retry.ts';
import { sleep, type Platform } from './platform.ts';
import { Turns } from './turns.ts';
import { HEADERS, MEDIA_TYPES } from './wire.ts';

export interface RequesterOptions {
  readonly nodes: Nodes;
  readonly platform: Platform;
  readonly token: string | (() => string | Promise<string>) | undefined;
  /** For one attempt, beside what the node is told to wait. */
  readonly timeoutMs: number;
  /** For all attempts of a request together. */
  readonly giveUpAfterMs: number;
  readonly backoff: BackoffPolicy;
}

export interface WireRequest {
  readonly method: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  /** The node waits on purpose for so long at most. */
  readonly waitMs?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Answers that are no failures, beside those below 300. */
  readonly expects?: readonly number[] | undefined;
  readonly judge?: ((error: SkeinError) => Verdict) | undefined;
  /** The node to ask first. */
  readonly prefer?: NodeAddress | undefined;
  /** Each node is asked once, and whoever asks sees to the rest. */
  readonly once?: boolean | undefined;
}

export interface Answered {
  readonly answer: Answer;
  readonly node: NodeAddress;
}

/** The body of an answer as it arrives. The limit is its reader's: to start while it waits, and to end. */
export interface OpenAnswer {
  readonly body: ReadableStream<Uint8Array>;
  readonly limit: Limit;
  readonly url: string;
}

type ReadyRequest = Omit<WireRequest, 'headers'> & { readonly headers: Headers };

/** What becomes of an answer that is no refusal. */
type Take<T> = (response: Response, parts: { readonly node: NodeAddress; readonly limit: Limit }) => Promise<T>;

/** So many attempts are enough, however fast they fail. */
const ATTEMPTS_MAX = 50;

/**
 * Sends a request until a node has answered it: to one after the other, and again after a pause, as long as there is time. That
 * is safe because every write has an idempotency key: however often it arrives, it is done once.
 */
export class Requester {
  readonly platform: Platform;
  readonly #options: RequesterOptions;

  constructor(options: RequesterOptions) {
    this.#options = options;
    this.platform = options.platform;
  }

  async ask(request: WireRequest): Promise<Answer> {
    return (await this.askAny(request)).answer;
  }

  /** The same, and which node it was. */
  askAny(request: WireRequest): Promise<Answered> {
    return this.#persist(request, async (response, { node, limit }) => {
      const answer = await wholeAnswer(response, node.url);
      limit.end();
      return { answer, node };
    });
  }

  /** An answer of any length. Until it begins others are asked, as for every other; then it is for whoever reads it to go on. */
  open(request: WireRequest): Promise<OpenAnswer> {
    return this.#persist(request, async (response, { node, limit }) => {
      limit.pause();
      return { body: response.body!, limit, url: node.url };
    });
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  /** Goes round the nodes. */
  async #persist<T>(request: WireRequest, take: Take<T>): Promise<T> {
    const { platform } = this;
    const { nodes, giveUpAfterMs, backoff } = this.#options;
    const attemptMs = (request.timeoutMs ?? this.timeoutMs) + (request.waitMs ?? 0);
    const startMs = platform.now();
    // One attempt at least has all of its time.
    const endMs = startMs + Math.max(giveUpAfterMs, attemptMs);
    const turns = new Turns(request, nodes);
    for (let rounds = 0, attempts = 0; ; rounds++) {
      for (let node = turns.begin(platform.now()); node !== undefined; node = turns.next()) {
        request.signal?.throwIfAborted();
        const headers = await this.#headersOf(request);
        const limitMs = Math.min(attemptMs, endMs - platform.now());
        try {
          const result = await this.#attempt({ ...request, headers }, node, limitMs, take);
          nodes.answered(node);
          return result;
        } catch (thrown) {
          turns.failed(node, failureOf(thrown, request, node), platform.now());
        }
        if (++attempts >= ATTEMPTS_MAX || platform.now() >= endMs) throw turns.last();
      }
      const nowMs = platform.now();
      const pauseMs = Math.max(backoffMs(backoff, rounds, platform.random()), turns.soonestMs() - nowMs);
      if (request.once === true || turns.isHopeless || nowMs + pauseMs >= startMs + giveUpAfterMs) throw turns.last();
      await sleep(platform, pauseMs, request.signal);
    }
  }

  async #attempt<T>(request: ReadyRequest, node: NodeAddress, limitMs: number, take: Take<T>): Promise<T> {
    const { method, path, headers, body = null, expects = [], signal } = request;
    const { url } = node;
    const limit = new Limit(this.platform, signal);
    limit.start(limitMs);
    try {
      const response = await this.platform.fetch(`${url}${path}`, {
        method,
        headers,
        body,
        signal: limit.signal,
        // No node redirects, and nobody else is to be told what is meant for one. `error` would say so, too, but with it Node
        // gets the second request wrong that fetch makes of its own when a follower answers 421.
        redirect: 'manual',
        credentials: 'omit',
        cache: 'no-store',
      });
      if (!response.ok && !expects.includes(response.status)) throw refusalOf(await wholeAnswer(response, url));
      return await take(response, { node, limit });
    } catch (error) {
      limit.end();
      throw limit.isTimeUp ? new SkeinError('timeout', `${url} did not answer in time`, { url, cause: error }) : error;
    }
  }

  /** What is no header, such as a version with a line break in it, is misuse, and nothing that passes. */
  async #headersOf({ headers, body }: WireRequest): Promise<Headers> {
    const { token } = this.#options;
    const type = body === undefined ? {} : { 'content-type': MEDIA_TYPES.json };
    const bearer = typeof token === 'function' ? await token() : token;
    return new Headers({ ...type, ...headers, ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }) });
  }
}

/** Whoever gave up gets his own reason; everything else is an error of this package. */
function failureOf(thrown: unknown, { signal, headers }: WireRequest, { url }: NodeAddress): SkeinError {
  signal?.throwIfAborted();
  const error = isSkeinError(thrown) ? thrown : unreachable(url, thrown);
  return error.with({ idempotencyKey: headers?.[HEADERS.idempotencyKey] });
}

async function wholeAnswer(response: Response, url: string): Promise<Answer> {
  return new Answer(response, await response.text(), url);
}

function unreachable(url: string, cause: unknown): SkeinError {
  // A browser does not tell a page which of the two it is.
  const orShut = 'location' in globalThis ? ', or does not name this page in --cors-origins' : '';
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SkeinError('unreachable', `${url} cannot be reached${orShut} (${why})`, { url, cause });
}
