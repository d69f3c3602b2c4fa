import type { IncomingMessage } from 'node:http';
import { ERRORS, HEADERS, isSkeinError, MEDIA_TYPES, SkeinError, type ErrorCode } from '@skein/protocol';
import type { FastifyBaseLogger, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { sendAnswer, type Answer } from './answer.ts';
import type { ServedPaths } from './served-paths.ts';

/** Errors of libraries, by their codes, as errors of ours. Anything not listed is an `internal` one. */
const KNOWN: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_BAD_URL: 'bad_path',
  FST_ERR_CTP_BODY_TOO_LARGE: 'too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'incomplete_body',
  FST_ERR_REOPENED_CLOSE_SERVER: 'stopping',
  LEVEL_DATABASE_NOT_OPEN: 'starting',
  LEVEL_ITERATOR_NOT_OPEN: 'starting',
  LEVEL_SNAPSHOT_NOT_OPEN: 'starting',
  LEVEL_CORRUPTION: 'corrupt',
  ECONNRESET: 'incomplete_body',
};

export function toSkeinError(error: unknown): SkeinError {
  if (isSkeinError(error)) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return queryError(error.validation);
  const { code: codeOfLibrary = '', statusCode = 500 } = (error ?? {}) as Partial<FastifyError>;
  const code = KNOWN[codeOfLibrary];
  // What Fastify holds against a request, and is not listed, is still the request's fault.
  if (code === undefined && statusCode >= 400 && statusCode < 500)
    return new SkeinError('bad_request', (error as Error).message, {}, error);
  if (code === undefined) return new SkeinError('internal', undefined, {}, error);
  const detail = code === 'bad_path' ? (error as Error).message : undefined;
  return new SkeinError(code, detail, code === 'starting' ? { retryAfterSeconds: 1 } : {}, error);
}

interface ValidationIssue {
  readonly instancePath: string;
  readonly message?: string | undefined;
}

function queryError(issues: readonly ValidationIssue[]): SkeinError {
  const errors = issues.map(({ instancePath, message }) => ({
    path: instancePath.replace(/^\//, ''),
    message: message ?? '',
  }));
  const first = errors[0]!;
  return new SkeinError('bad_query', first.path === '' ? first.message : `${first.path}: ${first.message}`, { errors });
}

/** RFC 9457: the body of every refusal, here and in what is written to a socket by hand. */
export function problemBody(error: SkeinError): string {
  const { status, title } = ERRORS[error.code];
  return JSON.stringify({
    type: `urn:skein:error:${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    ...error.details,
  });
}

export function problemAnswer(error: SkeinError): Answer {
  const { retryAfterSeconds, leader } = error.details;
  const headers = ['content-type', `${MEDIA_TYPES.problem}; charset=utf-8`, 'cache-control', 'no-store'];
  if (typeof retryAfterSeconds === 'number') headers.push('retry-after', String(retryAfterSeconds));
  if (typeof leader === 'string') headers.push(HEADERS.leader, leader);
  return { status: error.status, headers, body: problemBody(error) };
}

export function sendProblem(reply: FastifyReply, error: SkeinError): FastifyReply {
  // Whatever may still come on this connection is the rest of a body nobody reads.
  if (error.code === 'incomplete_body') reply.header('connection', 'close');
  // Fastify would close on a client that is still sending; the rest is discarded instead, so that the answer arrives.
  if (error.code === 'too_large') reply.removeHeader('connection');
  return sendAnswer(reply, problemAnswer(error));
}

export function installProblems(app: FastifyInstance, paths: ServedPaths, logger: FastifyBaseLogger | undefined): void {
  app.setErrorHandler((thrown: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const error = withRoute(toSkeinError(thrown), request);
    logInternal(logger, error, request);
    return sendProblem(reply, error);
  });
  app.setNotFoundHandler(({ method, url }, reply) => {
    const allowed = paths.methodsAt(url.split('?', 1)[0]!).join(', ');
    if (allowed === '')
      return sendProblem(reply, new SkeinError('unknown_path', `nothing is served at ${method} ${pathOf(url)}`));
    reply.header('allow', allowed);
    return sendProblem(reply, new SkeinError('method_not_allowed', `${method} is not served here; ${allowed} are`));
  });
}

/** What is worth a line: a fault of ours. */
export function logInternal(
  logger: FastifyBaseLogger | undefined,
  error: SkeinError,
  { method, url }: Pick<IncomingMessage, 'method' | 'url'>,
): void {
  if (error.code === 'internal') logger?.error({ err: error.cause ?? error, method, url }, 'request failed');
}

/** What a library's refusal leaves out: which limit, which content types. */
function withRoute(error: SkeinError, request: FastifyRequest): SkeinError {
  if (!isOfFastify(error.cause)) return error;
  if (error.code === 'too_large') {
    const limit = request.routeOptions.bodyLimit;
    return new SkeinError('too_large', `the body is over ${limit} bytes`, { ...error.details, limit }, error.cause);
  }
  if (error.code === 'unsupported_media_type') {
    const given = request.headers['content-type'] ?? 'no content type';
    return new SkeinError(
      'unsupported_media_type',
      `this path takes JSON as application/json, not ${given.slice(0, 80)}`,
      error.details,
      error.cause,
    );
  }
  return error;
}

function isOfFastify(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('FST_');
}

function pathOf(url: string): string {
  const path = url.split('?', 1)[0]!;
  return path.length > 200 ? `${path.slice(0, 200)}…` : path;
}
