import { Readable } from 'node:stream';
import {
  chunksOf,
  DEFINITION_QUERY,
  DELETION_QUERY,
  NO_QUERY,
  preferredWait,
  prefers,
  reasonOf,
  type NodeLink,
  type LinkAnswer,
} from '@skein/http';
import { formatPosition, HEADERS, isSkeinError, LIMITS, SkeinError, type Position } from '@skein/protocol';
import type { Refusal } from '@skein/replication';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

export interface ForwarderOptions {
  readonly leaderUrl: string;
  readonly link: NodeLink;
  readonly nodeId: string;
  readonly isOn: boolean;
  readonly requestTimeoutMs: number;
  /** What this follower has: nothing is written in its name into another history. */
  readonly has: () => { readonly log: string | null; readonly position: Position };
  /** Why this follower follows its leader no longer: then nothing is written there in its name either. */
  readonly refusal: () => Refusal | null;
  /** Why there is no leader to pass anything on to, where that is so. */
  readonly noLeaderReason: string | null;
}

interface ForwardedPath {
  readonly method: 'PUT' | 'PATCH' | 'DELETE' | 'POST';
  readonly url: string;
  /** What may stand in its query; nothing unless given. */
  readonly querystring?: typeof DELETION_QUERY | typeof DEFINITION_QUERY;
  /** It takes as long as there is something to do, and is given up when its client has gone. */
  readonly isLong?: true;
}

/** The paths that take writes; a follower passes each of them on as it is. */
const WRITES: readonly ForwardedPath[] = [
  { method: 'PUT', url: '/v1/collections/:collection/:key' },
  { method: 'PATCH', url: '/v1/collections/:collection/:key' },
  { method: 'DELETE', url: '/v1/collections/:collection/:key' },
  { method: 'POST', url: '/v1/collections/:collection/:key/increment' },
  { method: 'POST', url: '/v1/collections/:collection/:key/decrement' },
  { method: 'POST', url: '/v1/collections/:collection/:key/append' },
  { method: 'POST', url: '/v1/collections/:collection/:key/prepend' },
  { method: 'POST', url: '/v1/collections/:collection' },
  { method: 'DELETE', url: '/v1/collections/:collection', querystring: DELETION_QUERY, isLong: true },
  { method: 'POST', url: '/v1/transactions' },
  { method: 'PUT', url: '/v1/definitions/:collection', querystring: DEFINITION_QUERY, isLong: true },
  { method: 'DELETE', url: '/v1/definitions/:collection' },
];

/** A connection on which nothing moves for longer is closed by its node. */
const LONG_ANSWER_MS = (LIMITS.waitSecondsMax + 15) * 1000;

/** Headers of one connection, not of the message; they stop here, both ways. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'expect',
]);

/** Which page asks is for the node that it asks to judge; what that passes on is its own doing. */
const ORIGIN = 'origin';

/** The nodes a write has come through; a write that meets itself has been sent in a circle. */
const VIA = 'skein-via';

/**
 * Passes writes on to the leader unread and its answers back unread: body, conditions, idempotency key and refusal are
 * between the client and the leader.
 */
export class WriteForwarder {
  readonly #options: ForwarderOptions;
  /** How many, and no set of them; see decision 0023. */
  #underWay = 0;
  #onNoneUnderWay: () => void = () => undefined;

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  addRoutes(app: FastifyInstance): void {
    app.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
      for (const { method, url, querystring = NO_QUERY, isLong = false } of WRITES) {
        scope.route({
          method,
          url,
          schema: { querystring },
          handler: (request, reply) => this.#counted(this.#forward(request, reply, isLong)),
        });
      }
    });
  }

  /** Takes no more; resolves when what is under way has been answered. */
  async close(): Promise<void> {
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#onNoneUnderWay = resolve));
    await this.#options.link.close();
  }

  #counted<T>(forwarding: Promise<T>): Promise<T> {
    this.#underWay++;
    return forwarding.finally(() => {
      if (--this.#underWay === 0) this.#onNoneUnderWay();
    });
  }

  async #forward(request: FastifyRequest, reply: FastifyReply, isLong: boolean): Promise<FastifyReply> {
    const { leaderUrl, isOn } = this.#options;
    if (this.#options.noLeaderReason !== null)
      throw new SkeinError('leader_unavailable', `nothing was written: ${this.#options.noLeaderReason}`, {
        retryAfterSeconds: 1,
      });
    if (!isOn || prefers(request, 'no-forward'))
      throw new SkeinError('not_leader', `writes go to ${leaderUrl}`, { leader: leaderUrl });
    const refusal = this.#options.refusal();
    if (refusal !== null) {
      throw new SkeinError('leader_refused', `nothing was written: ${refusal.detail}`, {
        leader: leaderUrl,
        reason: refusal.code,
      });
    }
    const answer = await this.#ask(request, isLong ? reply : null);
    reply.code(answer.status);
    for (const [name, value] of Object.entries(answer.headers)) {
      // Which node answered, and as what, is this node's to say; what was written and where, the leader's.
      const isOurs = name === HEADERS.role || name === HEADERS.node;
      if (value !== undefined && !isOurs && !HOP_BY_HOP.has(name)) reply.header(name, value);
    }
    return reply.send(answer.body);
  }

  /** Of what takes long, there is a reply that may be closed before there is an answer. */
  async #ask(request: FastifyRequest, longReply: FastifyReply | null): Promise<LinkAnswer> {
    const given = new AbortController();
    longReply?.raw.once('close', () => given.abort());
    // The leader may wait for other nodes before it answers.
    const shortMs = this.#options.requestTimeoutMs + (preferredWait(request) ?? 0) * 1000;
    try {
      return await this.#options.link.request({
        method: request.method,
        path: request.raw.url!,
        headers: this.#headersOf(request),
        body: bodyOf(request),
        answerMs: longReply === null ? shortMs : Math.max(shortMs, LONG_ANSWER_MS),
        ...(longReply === null ? {} : { signal: given.signal }),
      });
    } catch (error) {
      // The client's own doing: its body broke off, or the write has come back to where it was.
      if (isSkeinError(error)) throw error;
      const { leaderUrl } = this.#options;
      throw new SkeinError(
        'leader_unavailable',
        `the leader at ${leaderUrl} did not answer (${reasonOf(error)})`,
        { leader: leaderUrl, retryAfterSeconds: 1 },
        error,
      );
    }
  }

  #headersOf(request: FastifyRequest): Record<string, string | string[]> {
    const { nodeId, has } = this.#options;
    const headers: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries(request.headers))
      if (value !== undefined && name !== ORIGIN && !HOP_BY_HOP.has(name)) headers[name] = value;
    const via = String(headers[VIA] ?? '');
    if (via.split(',').includes(nodeId))
      throw new SkeinError('leader_unavailable', 'the write was forwarded in a circle: no node on it leads');
    headers[VIA] = via === '' ? nodeId : `${via},${nodeId}`;
    // Whoever passed it on first has said so already.
    const { log, position } = has();
    if (log !== null && headers[HEADERS.log] === undefined) {
      headers[HEADERS.log] = log;
      headers[HEADERS.applied] = formatPosition(position);
    }
    return headers;
  }
}

function bodyOf({ body, raw }: FastifyRequest): Readable | null {
  return body === undefined ? null : Readable.from(chunksOf(body as Readable, raw.socket), { objectMode: false });
}
