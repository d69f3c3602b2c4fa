import type { NodeLink, LinkAnswer, LinkHeaders } from '@skein/http';
import {
  formatPosition,
  HEADERS,
  MEDIA_TYPES,
  parseOffset,
  parseRecords,
  recordPosition,
  type Position,
  type RecordView,
} from '@skein/protocol';
import {
  NO_LAG,
  upstreamOf,
  UPSTREAM_UNKNOWN,
  type FetchedPage,
  type Lag,
  type Refusal,
  type Upstream,
} from '@skein/replication';
import { parseProblem, retryAfterMsOf } from './answers.ts';

export interface FeedRequest {
  /** Where to go on; an offset alone asks for the record that holds the next one, whatever its history; `now` for none. */
  readonly since: Position | number | 'now';
  /** What is acknowledged; null acknowledges nothing. */
  readonly applied: Position | null;
  readonly log: string | null;
  readonly limit: number;
  readonly waitSeconds: number;
  /** The answer is to be of all that is written when the question comes, wherever it has to be asked for. */
  readonly isFresh?: boolean | undefined;
}

/** What a leader said, as data. Failures to get an answer at all are thrown. */
export type FeedAnswer =
  | { readonly kind: 'page'; readonly page: FetchedPage<readonly RecordView[]>; readonly epoch: string | null }
  /** With the role of the node that refused. */
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly role: string | undefined }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs: number | undefined };

/** Where a follower gets its pages from. */
export interface FeedClient {
  fetch(request: FeedRequest, signal: AbortSignal): Promise<FeedAnswer>;
  close(): Promise<void>;
}

export interface HttpFeedClientOptions {
  readonly link: NodeLink;
  readonly nodeId: string;
  readonly requestTimeoutMs: number;
  readonly random: () => number;
}

const REFUSALS: readonly string[] = ['compacted', 'diverged', 'other_log', 'ahead'] satisfies Refusal['code'][];

/** The feed over HTTP. Whole pages or nothing: what to retry, and when, is decided elsewhere. */
export class HttpFeedClient implements FeedClient {
  readonly #options: HttpFeedClientOptions;
  #upstream: Upstream = UPSTREAM_UNKNOWN;
  #questions = 0;

  constructor(options: HttpFeedClientOptions) {
    this.#options = options;
  }

  /** The nodes it follows, nearest first, as the last answer tells them; null without one. */
  get path(): readonly string[] | null {
    return this.#upstream.path;
  }

  async fetch(request: FeedRequest, signal: AbortSignal): Promise<FeedAnswer> {
    const { status, headers, body } = await this.#ask(request, signal);
    const { problem } = this.#upstream;
    if (problem !== null) {
      await body.dump();
      // Tried again, for it may be an answer that went astray, and is mended elsewhere; said in health as long as it goes on.
      return failed(problem);
    }
    if (status !== 200) return refusedOrFailed(status, headers, await body.text());
    if (headers['content-type'] !== MEDIA_TYPES.records) {
      await body.dump();
      return failed(`the leader answered with ${String(headers['content-type'])} instead of records`);
    }
    return toPage(headers, await body.bytes());
  }

  async close(): Promise<void> {
    await this.#options.link.close();
  }

  /** One request; what was known of the path is learnt anew with its answer, or not known any more. */
  async #ask(request: FeedRequest, signal: AbortSignal): Promise<LinkAnswer> {
    const { link, nodeId, requestTimeoutMs, random } = this.#options;
    const since = typeof request.since === 'object' ? formatPosition(request.since) : request.since;
    const query = `since=${since}&limit=${request.limit}&wait=${request.waitSeconds}`;
    const question = `${random().toString(36).slice(2, 10)}-${++this.#questions}`;
    const heldSeconds = request.isFresh === true ? ASKED_SECONDS : request.waitSeconds;
    try {
      const answer = await link.request({
        method: 'GET',
        path: `/v1/changes?${query}`,
        headers: {
          accept: MEDIA_TYPES.records,
          [HEADERS.follower]: nodeId,
          ...(request.applied === null ? {} : { [HEADERS.applied]: formatPosition(request.applied) }),
          ...(request.isFresh === true ? freshHeaders(question) : {}),
          ...(request.log === null ? {} : { [HEADERS.log]: request.log }),
        },
        answerMs: heldSeconds * 1000 + requestTimeoutMs,
        signal,
      });
      if (request.isFresh === true && textOf(answer.headers[HEADERS.question]) !== question) {
        await answer.body.dump();
        throw new Error('the answer is one to another question');
      }
      this.#upstream = upstreamOf(
        nodeId,
        textOf(answer.headers[HEADERS.node]),
        textOf(answer.headers[HEADERS.upstream]),
      );
      return answer;
    } catch (error) {
      // One that is given up says nothing of the leader, and the next may have been answered before it ends; nor does one that
      // is asked beside the loop, while that stands at the leader.
      if (!signal.aborted && request.isFresh !== true) this.#upstream = UPSTREAM_UNKNOWN;
      throw error;
    }
  }
}

/** So long the node that is followed may itself take to find out. */
const ASKED_SECONDS = 5;

/** Asks for what is so when the question comes; the answer names it, so that one to another question is not taken for it. */
function freshHeaders(question: string): LinkHeaders {
  return { prefer: `max-staleness=0, wait=${ASKED_SECONDS}`, [HEADERS.question]: question };
}

/** A header that came in several lines is one list. */
function textOf(header: string | string[] | undefined): string | undefined {
  return header === undefined ? undefined : String(header);
}

function toPage(headers: LinkHeaders, body: Uint8Array): FeedAnswer {
  const log = headers[HEADERS.log];
  const headOffset = parseOffset(String(headers[HEADERS.head]));
  if (typeof log !== 'string' || headOffset === undefined) return failed('the answer lacks its Skein headers');
  const records = parseRecords(body);
  const first = records[0];
  const epoch = headers[HEADERS.epoch];
  const content =
    first === undefined
      ? null
      : {
          offsetFirst: first.offsetFirst,
          hashBefore: first.hashBefore,
          epochFirst: first.epoch,
          next: recordPosition(records.at(-1)!),
          payload: records,
        };
  // The transport cannot tell a page cut between two records from a shorter one; the header can.
  const next = content === null ? undefined : formatPosition(content.next);
  if (next !== undefined && next !== headers[HEADERS.next]) return failed('the page ends before the position it names');
  const changes = first === undefined ? 0 : content!.next.offset - first.offsetFirst + 1;
  const page = { log, headOffset, lag: lagOf(headers), changes, content };
  return { kind: 'page', page, epoch: typeof epoch === 'string' ? epoch : null };
}

/** A leader says nothing of it. What a follower does not say, or what cannot be read, is not known. */
function lagOf(headers: LinkHeaders): Lag {
  const { [HEADERS.lagChanges]: changes, [HEADERS.lagMs]: ms } = headers;
  if (changes === undefined && ms === undefined && headers[HEADERS.role] !== 'follower') return NO_LAG;
  return { changes: parseOffset(String(changes)) ?? null, ms: parseOffset(String(ms)) ?? null };
}

function refusedOrFailed(status: number, headers: LinkHeaders, body: string): FeedAnswer {
  const problem = parseProblem(body);
  const detail = problem.detail ?? `HTTP ${status}`;
  if (problem.code !== undefined && REFUSALS.includes(problem.code)) {
    const code = problem.code as Refusal['code'];
    return { kind: 'refused', refusal: { code, detail }, role: textOf(headers[HEADERS.role]) };
  }
  return {
    kind: 'failed',
    reason: `${problem.code ?? `HTTP ${status}`}: ${detail}`,
    retryAfterMs: retryAfterMsOf(headers),
  };
}

function failed(reason: string): FeedAnswer {
  return { kind: 'failed', reason, retryAfterMs: undefined };
}
