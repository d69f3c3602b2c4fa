import { MEDIA_TYPES } from '@skein/protocol';
import { request } from 'undici';
import { reasonOf } from '../cli/ask-node.ts';
import { CommandError } from '../cli/command-error.ts';
import { readNdjson } from './read-ndjson.ts';
import { withoutVersion } from './without-version.ts';

export interface Wanted {
  readonly url: string;
  readonly collection: string;
  readonly prefix: string | undefined;
}

const TIMEOUT_MS = 60_000;

/** All documents of a collection as of one moment, in the order of their keys, as lines; rejects where they are not all. */
export async function* fetchDocuments({ url, collection, prefix }: Wanted): AsyncGenerator<readonly Buffer[]> {
  const query = prefix === undefined ? '' : `?${new URLSearchParams({ prefix }).toString()}`;
  const path = `/v1/collections/${collection}${query}`;
  const answer = await request(new URL(path, url), {
    headers: { accept: MEDIA_TYPES.ndjson },
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  }).catch((error: unknown) => {
    throw new CommandError('unavailable', `${url} does not answer: ${reasonOf(error)}`, error);
  });
  if (answer.statusCode !== 200) throw refusalOf(url, answer.statusCode, await answer.body.text());
  let count = 0;
  try {
    for await (const pieces of readNdjson(answer.body)) {
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
