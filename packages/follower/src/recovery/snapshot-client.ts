import { receiveLines, sha256, type ReceivedLines } from '@skein/core';
import { fetchNamed, parseProblem, retryAfterMsOf, type NodeLink } from '@skein/http';
import {
  formatPosition,
  formatSnapshotCursor,
  HEADERS,
  MEDIA_TYPES,
  parseSnapshotPage,
  type Position,
  type SnapshotCursor,
  type SnapshotHeader,
} from '@skein/protocol';
import type { Refusal } from '@skein/replication';

export interface SnapshotQuestion {
  /** The snapshot to go on in; null takes a young one. */
  readonly at: Position | null;
  readonly after: SnapshotCursor | null;
  /** Where the leader is to keep its log from; null for the position of the snapshot. */
  readonly keep: Position | null;
}

export type SnapshotAnswer =
  | {
      readonly kind: 'page';
      readonly header: SnapshotHeader;
      readonly lines: ReceivedLines;
      readonly next: SnapshotCursor | null;
      /** What the node that answers says it is. */
      readonly role: unknown;
    }
  /** The leader does not hold that snapshot any more; another one can be gone on in. */
  | { readonly kind: 'gone' }
  /** The leader's log does not lead on from there: it is not kept any more, or never was there; the refusal says which. */
  | { readonly kind: 'no-way-on'; readonly refusal: Refusal }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs: number | undefined };

export interface SnapshotClientOptions {
  readonly link: NodeLink;
  readonly nodeId: string;
  readonly requestTimeoutMs: number;
  readonly linesMax: number;
}

/** Pages of a leader's snapshot, each whole and proven, or the reason why not. Failures to get an answer are thrown. */
export class SnapshotClient {
  readonly #options: SnapshotClientOptions;

  constructor(options: SnapshotClientOptions) {
    this.#options = options;
  }

  /** The documents of these names that the leader has at a position. */
  async named(
    at: Position,
    names: readonly { readonly collection: string; readonly key: string }[],
    signal: AbortSignal,
  ): Promise<ReceivedLines['documents']> {
    const { link, requestTimeoutMs: answerMs } = this.#options;
    const documents: ReceivedLines['documents'][number][] = [];
    for await (const page of fetchNamed({ link, at, names, answerMs, signal })) documents.push(...page);
    return documents;
  }

  async page({ at, after, keep }: SnapshotQuestion, signal: AbortSignal): Promise<SnapshotAnswer> {
    const { link, nodeId, requestTimeoutMs, linesMax } = this.#options;
    const query = new URLSearchParams({ limit: String(linesMax) });
    if (at !== null) query.set('at', formatPosition(at));
    if (after !== null) query.set('after', formatSnapshotCursor(after));
    if (keep !== null) query.set('keep', formatPosition(keep));
    const { status, headers, body } = await link.request({
      method: 'GET',
      path: `/v1/snapshot?${query.toString()}`,
      headers: { accept: MEDIA_TYPES.ndjson, [HEADERS.follower]: nodeId },
      answerMs: requestTimeoutMs,
      signal,
    });
    if (status !== 200) return notAPage(status, await body.text(), retryAfterMsOf(headers));
    const page = parseSnapshotPage(await body.bytes(), sha256);
    return {
      kind: 'page',
      header: page.header,
      lines: receiveLines(page),
      next: page.trailer.next,
      role: headers[HEADERS.role],
    };
  }
}

const NO_WAY_ON: readonly Refusal['code'][] = ['compacted', 'diverged', 'ahead', 'other_log'];

function notAPage(status: number, text: string, retryAfterMs: number | undefined): SnapshotAnswer {
  const { code = `HTTP ${status}`, detail = 'no snapshot' } = parseProblem(text);
  if (code === 'snapshot_gone') return { kind: 'gone' };
  const refused = NO_WAY_ON.find((known) => known === code);
  if (refused !== undefined) return { kind: 'no-way-on', refusal: { code: refused, detail } };
  return { kind: 'failed', reason: `${code}: ${detail}`, retryAfterMs };
}
