import { HEADERS, SkeinError } from '@skein/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HeaderList } from './answer.ts';

/** Web pages that may use a node from a browser: of any origin, or of these. */
export type CorsOrigins = '*' | readonly string[];

const METHODS = 'GET, HEAD, PUT, PATCH, POST, DELETE';
const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

const REQUEST_HEADERS = [
  'authorization',
  'cache-control',
  'content-type',
  'if-match',
  'if-none-match',
  'last-event-id',
  'prefer',
  'traceparent',
  ...Object.values(HEADERS),
].join(', ');

const ANSWER_HEADERS = [
  'allow',
  'etag',
  'link',
  'preference-applied',
  'retry-after',
  ...Object.values(HEADERS).filter((name) => name !== HEADERS.idempotencyKey),
].join(', ');

/** Browsers keep what they were told for two hours at most, whatever they are told. */
const MAX_AGE_SECONDS = 7200;

/**
 * Decides for each request that a web page makes whether its page may use this node, which no page may unless its origin is
 * named. What it reads the browser keeps from it then. But a browser sends some writes without asking first, such as a POST
 * without a body, and would only hide the answer: those are refused here. A page that the node itself serves is at home.
 * Cookies and the like play no part.
 */
export class Cors {
  readonly #origins: CorsOrigins;

  constructor(origins: CorsOrigins) {
    this.#origins = origins;
  }

  install(app: FastifyInstance): void {
    app.addHook('onRequest', (request, reply, done) => {
      const mayUse = this.sayWhoMayRead(request, reply);
      if (mayUse && isPreflight(request)) return void answerPreflight(reply);
      const { origin } = request.headers;
      const isForeign = origin !== undefined && !mayUse && !isOwn(origin, request.headers.host);
      if (isForeign && !READS.has(request.method)) return done(refusal(origin));
      done();
    });
    if (this.#origins.length === 0) return;
    // Last, since routes say what else their answers depend on.
    app.addHook('onSend', (_request, reply, payload, done) => {
      const vary = reply.getHeader('vary');
      reply.header('vary', vary === undefined ? 'Origin' : `${String(vary)}, Origin`);
      done(null, payload);
    });
  }

  /** What every answer says, to whomever it is given: that it may be another one for a page of another origin. */
  get headersOfAll(): HeaderList {
    return this.#origins.length === 0 ? [] : ['vary', 'Origin'];
  }

  /** Puts on the answer that the page may read it; answers whether it may. */
  sayWhoMayRead({ headers: { origin } }: Pick<FastifyRequest, 'headers'>, reply: FastifyReply): boolean {
    if (origin === undefined || !(this.#origins === '*' || this.#origins.includes(origin))) return false;
    reply
      .header('access-control-allow-origin', this.#origins === '*' ? '*' : origin)
      .header('access-control-expose-headers', ANSWER_HEADERS);
    return true;
  }
}

function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

function answerPreflight(reply: FastifyReply): FastifyReply {
  return reply
    .code(204)
    .header('access-control-allow-methods', METHODS)
    .header('access-control-allow-headers', REQUEST_HEADERS)
    .header('access-control-max-age', MAX_AGE_SECONDS)
    .send();
}

/** What stands between is not looked at: whoever ends TLS before the node knows the page by another scheme. */
function isOwn(origin: string, host: string | undefined): boolean {
  return host !== undefined && origin.slice(origin.indexOf('//') + 2) === host.toLowerCase();
}

function refusal(origin: string): SkeinError {
  return new SkeinError(
    'origin_refused',
    `pages of ${origin.slice(0, 200)} may not write here; --cors-origins names those that may`,
  );
}
