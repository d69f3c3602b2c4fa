import { badAnswer, type Answer } from './answer.ts';
import type { Change } from './change.ts';
import { query } from './encode.ts';
import { SkeinError } from './error.ts';
import { hexOf } from './platform.ts';
import type { Position } from './position.ts';
import type { Answered, Requester } from './requester.ts';
import { HEADERS, MEDIA_TYPES } from './wire.ts';

export interface SnapshotPage {
  readonly position: Position;
  /** Documents, each as the change that made it what it is. */
  readonly changes: readonly Change[];
  readonly next: string | null;
}

export interface SnapshotOptions {
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
  /** Nothing of before this. */
  readonly min: Position | null;
}

/** All documents as of one position, page by page, of the node that holds them. */
export async function* readSnapshot(
  requester: Requester,
  { limit, signal, min }: SnapshotOptions,
): AsyncGenerator<SnapshotPage, void, undefined> {
  let begun: Pick<Answered, 'node'> | undefined;
  let at: Position | undefined;
  for (let after: string | null | undefined; after !== null;) {
    const minPosition = at === undefined && min !== null ? { [HEADERS.minPosition]: min } : {};
    const { answer, node } = await requester.askAny({
      method: 'GET',
      path: `/v1/snapshot${query({ at, after, limit })}`,
      headers: { accept: MEDIA_TYPES.ndjson, ...minPosition },
      prefer: begun?.node,
      signal,
    });
    const page = await parsePage(answer);
    begun ??= { node };
    at = page.position;
    // Behind the documents is what nodes remember of writes, which is nothing to a reader.
    after = page.next?.startsWith('#') === true ? null : page.next;
    yield { ...page, next: after };
  }
}

interface Trailer {
  readonly next: string | null;
  readonly lines: number;
  readonly checksum: string;
}

/** Takes a page apart, and nothing of one that is not whole. */
async function parsePage({ text, url }: Answer): Promise<SnapshotPage> {
  const lines = text.split('\n');
  const trailerText = lines.at(-2) ?? '';
  let page: SnapshotPage;
  let trailer: Trailer;
  try {
    trailer = JSON.parse(trailerText) as Trailer;
    const { snapshot } = JSON.parse(lines[0]!) as { readonly snapshot: Position };
    const documents = lines.slice(1, -2).filter((line) => !line.startsWith('{"idempotency":'));
    page = { position: snapshot, changes: documents.map((line) => JSON.parse(line) as Change), next: trailer.next };
  } catch (error) {
    throw badAnswer(url, 'is no page of a snapshot', error);
  }
  const before = text.slice(0, text.length - trailerText.length - 1);
  const isWhole = trailer.lines === lines.length - 3 && (await checksumOf(before, trailer)) === trailer.checksum;
  if (!isWhole) throw new SkeinError('unreachable', `a page of the snapshot of ${url} did not arrive whole`, { url });
  return page;
}

/** What the page says that its bytes come to; a page that did not come over TLS cannot tell, and has its lines counted alone. */
async function checksumOf(before: string, { next, checksum }: Trailer): Promise<string> {
  const subtle = crypto.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) return checksum;
  const bytes = new TextEncoder().encode(`${before}${next ?? ''}`);
  return hexOf(new Uint8Array(await subtle.digest('SHA-256', bytes)).subarray(0, 8));
}
