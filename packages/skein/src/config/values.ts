import type { CorsOrigins } from '@skein/http';
import { topicPrefixProblem } from '@skein/protocol';
import { z } from 'zod';

/** Every option's value arrives as text, from a flag, the environment or a file, and is parsed by one of these. */

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const UNITS_BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** `500ms`, `1s`, `2m`, `1h`, as milliseconds. */
export function duration(minMs: number, maxMs: number): z.ZodType<number, string> {
  return measure(/^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/, UNITS_MS, 'a duration such as 500ms, 10s or 2m').refine(
    (ms) => ms >= minMs && ms <= maxMs,
    `must be from ${minMs}ms to ${maxMs}ms`,
  );
}

/** `64MiB` and the like, as bytes. */
export function bytes(min: number, max: number): z.ZodType<number, string> {
  return measure(/^(\d{1,9})(B|KiB|MiB|GiB)$/, UNITS_BYTES, 'a size such as 64MiB').refine(
    (size) => size >= min && size <= max,
    `must be from ${min}B to ${max}B`,
  );
}

function measure(
  pattern: RegExp,
  units: Readonly<Record<string, number>>,
  what: string,
): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return z
    .string()
    .regex(pattern, `must be ${what}`)
    .transform((text) => {
      const [, amount, unit] = pattern.exec(text)!;
      return Math.round(Number(amount) * units[unit!]!);
    });
}

export function integer(min: number, max: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^(0|[1-9]\d{0,9})$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);
}

export const onOff: z.ZodType<boolean, string> = z
  .enum(['on', 'off', 'true', 'false'], 'must be on or off')
  .transform((text) => text === 'on' || text === 'true');

export const nodeId: z.ZodType<string, string> = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 . _ -');

const httpUrl: z.ZodType<string, string> = z
  .string()
  .refine((text) => {
    const url = URL.parse(text);
    return (
      url !== null &&
      (url.protocol === 'http:' || url.protocol === 'https:') &&
      url.pathname === '/' &&
      url.search === ''
    );
  }, 'must be the address of a node, such as http://127.0.0.1:7400')
  .transform((text) => new URL(text).origin);

/** A broker's address; who this node is to it stands beside. */
export const mqttUrl: z.ZodType<string, string> = z.string().refine((text) => {
  const url = URL.parse(text);
  const isPlain = url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return isPlain && /^mqtts?:$/.test(url.protocol) && url.hostname !== '' && ['', '/'].includes(url.pathname);
}, 'must be the address of a broker, such as mqtt://127.0.0.1:1883 or mqtts://broker.example, without a name or password');

export const mqttPrefix: z.ZodType<string, string> = z.string().superRefine((text, context) => {
  const problem = topicPrefixProblem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

export const collectionName: z.ZodType<string, string> = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be the name of a collection, 1 to 64 of A-Z a-z 0-9 _ -');

const URLS_MAX = 15;

/** Addresses of several nodes, with commas between them. */
export const httpUrls: z.ZodType<readonly string[], string> = z
  .string()
  .transform((text) => text.split(',').map((url) => url.trim()))
  .pipe(z.array(httpUrl).max(URLS_MAX, `may be ${URLS_MAX} at most`))
  .refine((urls) => new Set(urls).size === urls.length, 'names the same node twice');

const ORIGINS_MAX = 100;

/** As browsers say it: without a path, and without the port where it goes without saying. */
const origin: z.ZodType<string, string> = z.string().refine((text) => {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.origin === text;
}, 'must be * or origins such as https://app.example');

/** Origins of web pages, with commas between them, or `*` for all. */
export const corsOrigins: z.ZodType<CorsOrigins, string> = z.union([
  z.literal('*'),
  z
    .string()
    .transform((text) => text.split(',').map((one) => one.trim()))
    .pipe(z.array(origin).max(ORIGINS_MAX, `may be ${ORIGINS_MAX} at most`)),
]);

export const logLevel: z.ZodType<string, string> = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']);

export const text: z.ZodType<string, string> = z.string().min(1, 'must not be empty');
