import { createHash } from 'node:crypto';
import type { Idempotency } from '@skein/core';
import { HEADERS, LIMITS, SkeinError } from '@skein/protocol';
import type { FastifyRequest } from 'fastify';
import { headerOf } from '../request.ts';

const PRINTABLE = /^[\x21-\x7e]+$/;

/**
 * The digests a write carries for its Idempotency-Key: of the key, which stays private that way, and of all that makes
 * the request what it is, so that the same key with another request is noticed.
 */
export function idempotencyOf(request: FastifyRequest): Idempotency | undefined {
  const key = headerOf(request, HEADERS.idempotencyKey);
  if (key === undefined) return undefined;
  if (!PRINTABLE.test(key) || key.length > LIMITS.idempotencyKeyCharsMax) {
    throw new SkeinError(
      'bad_header',
      `an Idempotency-Key is 1 to ${LIMITS.idempotencyKeyCharsMax} visible ASCII characters`,
    );
  }
  const body: unknown = request.body;
  const parts = [
    request.method,
    request.routeOptions.url ?? '',
    JSON.stringify(request.params),
    headerOf(request, 'if-match') ?? '',
    headerOf(request, 'if-none-match') ?? '',
    Buffer.isBuffer(body) ? body : '',
  ];
  return { keyDigest: digest([key]), requestDigest: digest(parts) };
}

/** 128 bits as hex; parts are told apart by their lengths. */
function digest(parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex').slice(0, 32);
}
