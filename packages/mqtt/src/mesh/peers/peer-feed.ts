import { receivePage } from '@skein/core';
import { declined, parseProblem, type LinkAnswer, type LinkHeaders, type NodeLink } from '@skein/http';
import {
  formatPosition,
  HEADERS,
  MEDIA_TYPES,
  parseOffset,
  parsePosition,
  parseRecords,
  type Position,
} from '@skein/protocol';
import type { SaidOfPeer } from '@skein/replication';
import { readableChanges, type ReadableChanges } from '../readable-changes.ts';

export interface PeerQuestion {
  /** Where to go on; `now` asks where the log ends. */
  readonly since: Position | 'now';
  /** The log that is of; null while none is known. */
  readonly log: string | null;
  /** What is durable here of it; null acknowledges nothing. */
  readonly applied: Position | null;
  readonly waitSeconds: number;
}

export interface PeerPage extends ReadableChanges {
  readonly kind: 'page';
  readonly log: string;
  readonly next: Position;
  /** Where the peer's log ends. */
  readonly head: number;
}

/** It has nothing behind the cursor, nor will it have. */
export interface CursorRefused {
  readonly kind: 'refused';
  readonly reason: string;
}

const CHANGES_AT_ONCE = 1000;
const CURSOR_REFUSED: ReadonlySet<string | undefined> = new Set(['compacted', 'other_log', 'diverged', 'ahead']);

export interface PeerFeedParts {
  readonly link: NodeLink;
  readonly node: string;
  readonly requestTimeoutMs: number;
  /** Told who answers, before anything that he says is believed; throws for who is no peer. */
  readonly onAnswer: (said: SaidOfPeer) => void;
}

/** Asks a peer for its log. It throws where there is no answer to go on with. */
export class PeerFeed {
  readonly #parts: PeerFeedParts;

  constructor(parts: PeerFeedParts) {
    this.#parts = parts;
  }

  async ask(question: PeerQuestion, signal: AbortSignal): Promise<PeerPage | CursorRefused> {
    const { link, requestTimeoutMs } = this.#parts;
    const { since, waitSeconds } = question;
    const from = since === 'now' ? since : formatPosition(since);
    const { status, headers, body } = await link.request({
      method: 'GET',
      path: `/v1/changes?since=${from}&limit=${CHANGES_AT_ONCE}&wait=${waitSeconds}`,
      headers: this.#headersOf(question),
      answerMs: waitSeconds * 1000 + requestTimeoutMs,
      signal,
    });
    if (status !== 200) return this.#notAPage(status, headers, await body.text());
    try {
      this.#heard(headers, textOf(headers[HEADERS.log]) ?? null);
    } catch (error) {
      await body.dump();
      throw error;
    }
    return pageOf({ status, headers, body });
  }

  #headersOf({ log, applied }: PeerQuestion): LinkHeaders {
    return {
      accept: MEDIA_TYPES.records,
      [HEADERS.follower]: this.#parts.node,
      ...(applied === null ? {} : { [HEADERS.applied]: formatPosition(applied) }),
      ...(log === null ? {} : { [HEADERS.log]: log }),
    };
  }

  #notAPage(status: number, headers: LinkHeaders, text: string): CursorRefused {
    const { code, detail = `HTTP ${status}` } = parseProblem(text);
    // What has no role was said by something on the way.
    if (headers[HEADERS.role] !== undefined) this.#heard(headers, null);
    if (CURSOR_REFUSED.has(code)) return { kind: 'refused', reason: `${code}: ${detail}` };
    throw declined(status, headers, text);
  }

  #heard(headers: LinkHeaders, log: string | null): void {
    this.#parts.onAnswer({ role: textOf(headers[HEADERS.role]), node: textOf(headers[HEADERS.node]), log });
  }
}

function textOf(header: string | string[] | undefined): string | undefined {
  return header === undefined ? undefined : String(header);
}

async function pageOf({ headers, body }: LinkAnswer): Promise<PeerPage> {
  const [type, log, next] = [headers['content-type'], headers[HEADERS.log], headers[HEADERS.next]].map(textOf);
  const head = parseOffset(String(headers[HEADERS.head]));
  if (type !== MEDIA_TYPES.records || log === undefined || next === undefined || head === undefined) {
    await body.dump();
    throw new Error(`it answered with ${type ?? 'nothing'}, and not as a feed does`);
  }
  const { records, changes } = receivePage(parseRecords(await body.bytes()));
  // A page that was cut between two records looks like a shorter one.
  const end = records.at(-1);
  const position = parsePosition(next);
  if (end !== undefined && (end.offsetLast !== position.offset || end.hash !== position.hash))
    throw new Error('the page ends before the position that it names');
  const readable = readableChanges(changes.flatMap(({ stored }) => stored ?? []));
  return { kind: 'page', log, ...readable, next: position, head };
}
