import { HEADERS, MEDIA_TYPES } from '@skein/protocol';
import { request } from 'undici';
import { reasonOf } from '../cli/ask-node.ts';
import { CommandError } from '../cli/command-error.ts';
import { readNdjson } from './read-ndjson.ts';
import { withoutVersion } from './without-version.ts';

export interface Wanted {
  readonly url: string;
  readonly collection: string;
  readonly prefix: string | undefined;
  /** Only what is behind this key, of a node that has what is at this position. */
  readonly behind: { readonly key: string; readonly position: string } | null;
}

const TIMEOUT_MS = 60_000;

/** The documents of a collection as of one moment, in the order of their keys, as lines; rejects where they are not all. */
export async function* fetchDocuments({ url, collection, prefix, behind }: Wanted): AsyncGenerator<readonly Buffer[]> {
  const query = new URLSearchParams();
  if (prefix !== undefined) query.set('prefix', prefix);
  if (behind !== null) query.set('after', behind.key);
  const path = `/v1/collections/${collection}?${query.toString()}`;
  const answer = await request(new URL(path, url), {
    headers: { accept: MEDIA_TYPES.ndjson, ...(behind === null ? {} : { [HEADERS.minPosition]: behind.position }) },
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  }).catch((error: unknown) => {
    throw new CommandError('unavailable', `${url} does not answer: ${reasonOf(error)}`, error);
  });
  if (answer.statusCode !== 200) throw refusalOf(url, answer.statusCode, await answer.body.text());
  yield* linesOf(url, answer.body);
}

async function* linesOf(url: string, body: AsyncIterable<Buffer>): AsyncGenerator<readonly Buffer[]> {
  let count = 0;
  try {
    for await (const pieces of readNdjson(body)) {
      count += pieces.length;
      yield pieces.map(({ text }) => withoutVersion(text));
    }
  } catch (error) {
    // Each piece of the stream says how long it is, and its end that it is one: a stream that is cut off is seen.
    throw new CommandError('unavailable', `${url} was cut off behind ${count} documents: ${reasonOf(error)}`, error);
  }
}

function refusalOf(url: string, status: number, body: string): CommandError {
  const reason = status >= 500 ? 'try-later' : 'failed';
  try {
    const { detail } = JSON.parse(body) as { readonly detail?: string };
    return new CommandError(reason, `${url}: ${detail ?? `HTTP ${status}`}`);
  } catch {
    return new CommandError('unavailable', `${url} is not a Skein node: HTTP ${status}`);
  }
}
