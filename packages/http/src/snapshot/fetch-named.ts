import { Readable } from 'node:stream';
import { receiveLines, sha256, type ReceivedLines } from '@skein/core';
import { formatPosition, formatSnapshotCursor, MEDIA_TYPES, parseSnapshotPage, type Position } from '@skein/protocol';
import { declined } from '../link/node-api.ts';
import type { NodeLink } from '../link/node-link.ts';

export interface NamedQuestion {
  readonly link: NodeLink;
  /** A position that the node holds. */
  readonly at: Position;
  /** No more than it takes at once, in the order of the documents. */
  readonly names: readonly { readonly collection: string; readonly key: string }[];
  readonly answerMs: number;
  readonly signal: AbortSignal;
}

/** The documents of these names that another node has at a position, page by page as it sends them, each whole and proven. */
export async function* fetchNamed(question: NamedQuestion): AsyncGenerator<ReceivedLines['documents']> {
  const { link, at, names, answerMs, signal } = question;
  for (let left = names.map(({ collection, key }) => `${collection}/${key}`); left.length > 0;) {
    const { status, headers, body } = await link.request({
      method: 'POST',
      path: `/v1/snapshot?at=${formatPosition(at)}`,
      headers: { 'content-type': MEDIA_TYPES.json },
      body: Readable.from([Buffer.from(JSON.stringify(left))], { objectMode: false }),
      answerMs,
      signal,
    });
    if (status !== 200) throw declined(status, headers, await body.text());
    const page = parseSnapshotPage(await body.bytes(), sha256);
    yield receiveLines(page).documents;
    const { next } = page.trailer;
    left = next === null ? [] : left.slice(left.indexOf(formatSnapshotCursor(next)) + 1);
  }
}
