import { digestPinSchema, HEADERS, parsePosition, type DigestBy, type Position } from '@skein/protocol';
import type { LinkHeaders, NodeLink } from './node-link.ts';
import { parseProblem, retryAfterMsOf } from './problem-answers.ts';

/** The node has answered that it does not give what was asked for, or not now. */
export class NodeDeclines extends Error {
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

/** Asks a node for JSON. */
export class NodeApi {
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
    throw declined(status, headers, text);
  }

  /** Has it hold a position that is not before an offset, or where it is now, to be compared with. */
  async pin(
    notBefore: string,
    signal: AbortSignal,
    { answerMs, by = 'version' }: { readonly answerMs?: number; readonly by?: DigestBy } = {},
  ): Promise<PinnedPosition> {
    const path = `/v1/digest?by=${by}&min=${notBefore}`;
    const { log, position } = digestPinSchema.parse(await this.get(path, signal, answerMs));
    return { log, position: parsePosition(position) };
  }
}

/** What an answer says that is no 200. */
export function declined(status: number, headers: LinkHeaders, text: string): NodeDeclines {
  const { code, detail = `HTTP ${status}` } = parseProblem(text);
  return new NodeDeclines(code, detail, { retryAfterMs: retryAfterMsOf(headers), role: headers[HEADERS.role] });
}
