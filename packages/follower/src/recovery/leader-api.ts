import type { NodeLink } from '@skein/http';
import { digestPinSchema, HEADERS, parsePosition, type Position } from '@skein/protocol';
import { parseProblem, retryAfterMsOf } from '../answers.ts';

/** The leader has answered that it does not give what was asked for, or not now. */
export class LeaderDeclines extends Error {
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;
  /** What the node that answers says it is. */
  readonly role: unknown;

  constructor(
    code: string | undefined,
    detail: string,
    { retryAfterMs, role }: { readonly retryAfterMs?: number | undefined; readonly role?: unknown } = {},
  ) {
    super(code === undefined ? detail : `${code}: ${detail}`);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    this.role = role;
  }
}

export interface PinnedPosition {
  readonly log: string | null;
  readonly position: Position;
}

/** Asks a leader for JSON. */
export class LeaderApi {
  readonly #link: NodeLink;
  readonly #requestTimeoutMs: number;

  constructor(link: NodeLink, requestTimeoutMs: number) {
    this.#link = link;
    this.#requestTimeoutMs = requestTimeoutMs;
  }

  async get(path: string, signal: AbortSignal, answerMs = this.#requestTimeoutMs): Promise<unknown> {
    const { status, headers, body } = await this.#link.request({ method: 'GET', path, headers: {}, answerMs, signal });
    const text = await body.text();
    if (status === 200) return JSON.parse(text);
    const { code, detail = `HTTP ${status}` } = parseProblem(text);
    throw new LeaderDeclines(code, detail, { retryAfterMs: retryAfterMsOf(headers), role: headers[HEADERS.role] });
  }

  /** Has the leader hold a position that is not before an offset, to be compared with. */
  async pin(notBefore: string, signal: AbortSignal, answerMs?: number): Promise<PinnedPosition> {
    const { log, position } = digestPinSchema.parse(await this.get(`/v1/digest?min=${notBefore}`, signal, answerMs));
    return { log, position: parsePosition(position) };
  }
}
