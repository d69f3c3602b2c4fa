import { isUtf8 } from 'node:buffer';
import { LIMITS, parseJson, SkeinError, type JsonValue } from '@skein/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';

/** For paths that take no query: whatever is there is unknown. */
export const NO_QUERY = z.strictObject({});

/** A whole number in plain decimal; `1e3`, `+5`, `05` and an empty text are none. */
function wholeNumber(min: number, max: number): z.ZodType<number, string> {
  return (
    z
      .string()
      .regex(/^(0|[1-9]\d{0,8})$/, `is not a whole number from ${min} to ${max}`)
      .transform(Number)
      .refine((value) => value >= min && value <= max, `is not a whole number from ${min} to ${max}`)
      // What it is to whoever writes the query; zod sees the text it arrives as.
      .meta({ type: 'integer', minimum: min, maximum: max })
  );
}

export const limitQuery = wholeNumber(1, LIMITS.pageLimitMax);
export const waitSeconds = wholeNumber(0, LIMITS.waitSecondsMax);
export const waitQuery = waitSeconds.default(0);
export const flagQuery = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .default(false)
  .meta({ type: 'boolean' });

/** A header that may come once. */
export function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  if (Array.isArray(value)) throw new SkeinError('bad_header', `${name} may be given once`);
  return value;
}

/** Seconds of `Prefer: wait=S` (RFC 7240). */
export function preferredWait(request: FastifyRequest): number | undefined {
  const prefer = headerOf(request, 'prefer');
  const match = prefer === undefined ? null : /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?(?=$|[,;\s])/i.exec(prefer);
  return match === null ? undefined : Math.min(Number(match[1]), LIMITS.waitSecondsMax);
}

/** `Prefer: replicas=N`. One that cannot be read is refused: passing over it would promise less than was asked for. */
export function preferredReplicas(request: FastifyRequest): number | undefined {
  const prefer = headerOf(request, 'prefer');
  const match = prefer === undefined ? null : /(?:^|[,;\s])replicas\s*(?:=\s*([^,;\s]*))?/i.exec(prefer);
  if (match === null) return undefined;
  const count = /^"?(\d{1,3})"?$/.exec(match[1] ?? '');
  if (count === null) throw new SkeinError('bad_header', 'replicas takes a number of members, such as replicas=1');
  return Number(count[1]);
}

/** Seconds of `Prefer: max-staleness=S`. One that cannot be read is refused, for the same reason. */
export function preferredStaleness(request: FastifyRequest): number | undefined {
  const prefer = headerOf(request, 'prefer');
  const match = prefer === undefined ? null : /(?:^|[,;\s])max-staleness\s*(?:=\s*([^,;\s]*))?/i.exec(prefer);
  if (match === null) return undefined;
  const seconds = /^"?(\d{1,9}(?:\.\d{1,3})?)"?$/.exec(match[1] ?? '');
  if (seconds === null) throw new SkeinError('bad_header', 'max-staleness takes seconds, such as max-staleness=5');
  return Number(seconds[1]);
}

export function prefers(request: FastifyRequest, preference: string): boolean {
  const prefer = headerOf(request, 'prefer') ?? '';
  return prefer.split(/[,;]/).some((part) => part.trim().toLowerCase() === preference);
}

/** A body that has arrived whole, as the value it is. */
export function jsonBody(request: FastifyRequest, depthMax: number = LIMITS.jsonDepthMax): JsonValue {
  const body: unknown = request.body;
  if (!Buffer.isBuffer(body)) throw new SkeinError('unsupported_media_type', 'send application/json');
  return parseJsonBytes(body, depthMax);
}

export function parseJsonBytes(bytes: Buffer, depthMax?: number): JsonValue {
  if (!isUtf8(bytes)) throw new SkeinError('bad_json', 'the body is not UTF-8');
  return parseJson(bytes.toString(), depthMax);
}

/** Bodies arrive as bytes and are parsed by the route, which alone knows what they should be. */
export function installBodyParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    ['application/json', 'application/merge-patch+json'],
    { parseAs: 'buffer' },
    (_request, body, done) => {
      done(null, body);
    },
  );
}

/** The media types of an Accept header that a path can serve, best first; undefined when none fits. */
export function negotiate<Type extends string>(
  accept: string | undefined,
  offered: readonly [Type, ...Type[]],
): Type | undefined {
  if (accept === undefined || accept.trim() === '') return offered[0];
  const wanted = [...qualitiesOf(accept)].filter(([, quality]) => quality > 0).toSorted(([, a], [, b]) => b - a);
  for (const [range] of wanted) {
    const found = offered.find((type) => range === type || range === '*/*' || range === `${type.split('/')[0]}/*`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What a header like Accept names, and how much each of it is wanted: 0 is not at all. */
export function qualitiesOf(header: string): ReadonlyMap<string, number> {
  return new Map(
    header.split(',').map((part) => {
      const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
      const q = parameters.find((parameter) => parameter.startsWith('q='));
      return [name, q === undefined ? 1 : Number(q.slice(2)) || 0];
    }),
  );
}
