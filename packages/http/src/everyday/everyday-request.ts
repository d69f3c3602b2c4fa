import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { DocumentName } from '../documents/names.ts';

/** Names that stand in a path as they are. */
const PATH = /^\/v1\/collections\/([A-Za-z0-9_-]+)\/([\w.~:-]+)$/;

const JSON_TYPES: ReadonlySet<string> = new Set(['application/json', 'application/json; charset=utf-8']);

/** From 1 to 99,999 bytes. */
const SMALL = /^[1-9]\d{0,4}$/;

/** Headers that ask for nothing special. What is not here may, also when somebody comes to give it a meaning later. */
const PLAIN: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'connection',
  'content-length',
  'content-type',
  'host',
  'sec-fetch-mode',
  'user-agent',
]);

/** The document of a plain GET, or of a plain PUT of a small value; undefined for a request that is anything else. */
export function everydayDocument({ method, url, headers, rawHeaders }: IncomingMessage): DocumentName | undefined {
  if (method === 'PUT' ? !hasSmallJson(headers) : method !== 'GET' || hasBody(headers)) return undefined;
  const path = PATH.exec(url!);
  if (path === null || !arePlain(rawHeaders)) return undefined;
  return { collection: path[1]!, key: path[2]! };
}

function hasSmallJson(headers: IncomingHttpHeaders): boolean {
  return SMALL.test(headers['content-length'] ?? '') && JSON_TYPES.has(headers['content-type'] ?? '');
}

function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers['content-length'] !== undefined;
}

/** Names and values by turns, as Node has them. */
function arePlain(rawHeaders: readonly string[]): boolean {
  for (let i = 0; i < rawHeaders.length; i += 2) if (!PLAIN.has(rawHeaders[i]!.toLowerCase())) return false;
  return true;
}
