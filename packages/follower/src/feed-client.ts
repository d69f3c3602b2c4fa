import { parseProblem, retryAfterMsOf, type LinkAnswer, type LinkHeaders, type NodeLink } from '@skein/http';
import {
  formatPosition,
  HEADERS,
  isEpoch,
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

export interface FeedRequest {
  /** Where to go on; an offset alone asks for the record that holds the next one, whatever its history. */
  readonly since: Position | number;
  /** What is acknowledged; null acknowledges nothing. */
  readonly applied: Position | null;
  readonly log: string | null;
  readonly limit: number;
  readonly waitSeconds: number;
}

/** What a leader said, as data. Failures to get an answer at all are thrown. */
export type FeedAnswer =
  | {
      readonly kind: 'page';
      readonly page: FetchedPage<readonly RecordView[]>;
      readonly epoch: string | null;
      /** Of the node that answered. */
      readonly role?: string | undefined;
    }
  /** With the role of the node that refused. */
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly role: string | undefined }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs: number | undefined };

/** Where a follower gets its pages from. */
export interface FeedClient {
  fetch(request: FeedRequest, signal: AbortSignal): Promise<FeedAnswer>;
  /** Asks where the log ends, and nothing else: an empty page of all that is written when the question comes, or later. */
  ask(question: Pick<FeedRequest, 'applied' | 'log'>, signal: AbortSignal): Promise<FeedAnswer>;
  close(): Promise<void>;
}

export interface HttpFeedClientOptions {
  readonly link: NodeLink;
  readonly nodeId: string;
  readonly requestTimeoutMs: number;
  readonly random: () => number;
}

/** A question to the feed, and how long it may be held there. */
interface Asked extends Pick<FeedRequest, 'applied' | 'log'> {
  readonly query: string;
  readonly heldSeconds: number;
  readonly more: LinkHeaders;
}

/** So long the node that is followed may itself take to find out where the log ends. */
const ASKED_SECONDS = 5;

const REFUSALS: readonly string[] = ['compacted', 'diverged', 'other_log', 'ahead'] satisfies Refusal['code'][];

/** The feed over HTTP. Whole pages or nothing: what to retry, and when, is decided elsewhere. */
export class HttpFeedClient implements FeedClient {
  readonly #options: HttpFeedClientOptions;
  #upstream: Upstream = UPSTREAM_UNKNOWN;
  #pushKey: string | null = null;
  #questions = 0;

  constructor(options: HttpFeedClientOptions) {
    this.#options = options;
  }

  /** The nodes it follows, nearest first, as the last answer tells them; null without one. */
  get path(): readonly string[] | null {
    return this.#upstream.path;
  }

  /** What the leader signs with that it pushes, as the last page says. */
  get pushKey(): string | null {
    return this.#pushKey;
  }

  async fetch({ since, limit, waitSeconds, ...request }: FeedRequest, signal: AbortSignal): Promise<FeedAnswer> {
    const from = typeof since === 'number' ? since : formatPosition(since);
    const query = `since=${from}&limit=${limit}&wait=${waitSeconds}`;
    const asked = { ...request, query, heldSeconds: waitSeconds, more: {} };
    const answer = await this.#request(asked, signal).catch((error: unknown) => {
      // One that is given up says nothing of the leader, and the next may have been answered before it ends.
      if (!signal.aborted) this.#upstream = UPSTREAM_UNKNOWN;
      throw error;
    });
    return this.#takeIfFor(undefined, answer);
  }

  /** Beside what is fetched, which stands at the leader meanwhile: that this fails says nothing of the way to it. */
  async ask(question: Pick<FeedRequest, 'applied' | 'log'>, signal: AbortSignal): Promise<FeedAnswer> {
    // The answer names it, so that one to another question is not taken for it.
    const name = `${this.#options.random().toString(36).slice(2, 10)}-${++this.#questions}`;
    const more = { prefer: `max-staleness=0, wait=${ASKED_SECONDS}`, [HEADERS.question]: name };
    const query = 'since=now&limit=1&wait=0';
    const answer = await this.#request({ ...question, query, heldSeconds: ASKED_SECONDS, more }, signal);
    return this.#takeIfFor(name, answer);
  }

  async close(): Promise<void> {
    await this.#options.link.close();
  }

  #request({ query, applied, log, heldSeconds, more }: Asked, signal: AbortSignal): Promise<LinkAnswer> {
    const { link, nodeId, requestTimeoutMs } = this.#options;
    return link.request({
      method: 'GET',
      path: `/v1/changes?${query}`,
      headers: {
        accept: MEDIA_TYPES.records,
        [HEADERS.follower]: nodeId,
        ...(applied === null ? {} : { [HEADERS.applied]: formatPosition(applied) }),
        ...(log === null ? {} : { [HEADERS.log]: log }),
        ...more,
      },
      answerMs: heldSeconds * 1000 + requestTimeoutMs,
      signal,
    });
  }

  /** What is fetched has no name: an answer that has one is to another question, and says where the log ended then. */
  async #takeIfFor(name: string | undefined, answer: LinkAnswer): Promise<FeedAnswer> {
    if (textOf(answer.headers[HEADERS.question]) === name) return this.#take(answer);
    await answer.body.dump();
    throw new Error('the answer is one to another question');
  }

  /** What was known of the path is learnt anew with each answer. */
  async #take({ status, headers, body }: LinkAnswer): Promise<FeedAnswer> {
    const { node, upstream } = HEADERS;
    this.#upstream = upstreamOf(this.#options.nodeId, textOf(headers[node]), textOf(headers[upstream]));
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
    const answer = toPage(headers, await body.bytes());
    if (answer.kind === 'page') this.#pushKey = textOf(headers[HEADERS.pushKey]) ?? null;
    return answer;
  }
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
  const role = textOf(headers[HEADERS.role]);
  return { kind: 'page', page, epoch: typeof epoch === 'string' ? epoch : null, role };
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
    const epoch = textOf(headers[HEADERS.epoch]);
    const refusal = epoch !== undefined && isEpoch(epoch) ? { code, detail, epoch } : { code, detail };
    return { kind: 'refused', refusal, role: textOf(headers[HEADERS.role]) };
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
