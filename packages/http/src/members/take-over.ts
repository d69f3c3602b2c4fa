import type { Store } from '@skein/core';
import {
  formatPosition,
  HEADERS,
  isSkeinError,
  MEDIA_TYPES,
  parseRecords,
  samePosition,
  SkeinError,
  type Position,
} from '@skein/protocol';
import type { LinkRequest, NodeLink } from '../link/node-link.ts';
import { reasonOf } from '../reason-of.ts';

const CHANGES_AT_ONCE = 5000;
const ANSWER_MS = 10_000;

/** Has a store go on to where another node's log ends, from that node's log; throws where that does not lead there. */
export async function goOnTo(store: Store, position: Position, link: NodeLink, url: string): Promise<void> {
  while (store.facts.head.offset < position.offset) {
    const { head, identity } = store.facts;
    const page = await fetchPage(link, url, head, identity.log);
    if (page.length === 0) throw cannot(url, 'it answers with nothing where it has something');
    const records = parseRecords(page);
    try {
      await store.apply(identity.log ?? '', records);
    } catch (error) {
      // What it follows may have brought the same meanwhile.
      if (!isSkeinError(error, 'bad_record') || store.facts.head.offset === head.offset) throw error;
    }
  }
  const held = await store.positionAt(position.offset);
  if (held === undefined || !samePosition(held, position))
    throw cannot(url, 'this node has changes that are not of its history');
}

async function fetchPage(link: NodeLink, url: string, since: Position, log: string | null): Promise<Uint8Array> {
  const request = {
    method: 'GET',
    path: `/v1/changes?since=${formatPosition(since)}&limit=${CHANGES_AT_ONCE}`,
    headers: { accept: MEDIA_TYPES.records, ...(log === null ? {} : { [HEADERS.log]: log }) },
    answerMs: ANSWER_MS,
  };
  const answer = await answerOf(link, request).catch((error: unknown) => {
    throw new SkeinError(
      'promotion_refused',
      `${url} has what this node lacks, and is not there any more (${reasonOf(error)})`,
      {},
      error,
    );
  });
  if (answer.status === 200) return answer.body;
  throw cannot(url, `HTTP ${answer.status}: ${Buffer.from(answer.body).toString().slice(0, 300)}`);
}

async function answerOf(
  link: NodeLink,
  request: LinkRequest,
): Promise<{ readonly status: number; readonly body: Uint8Array }> {
  const { status, body } = await link.request(request);
  return { status, body: await body.bytes() };
}

function cannot(url: string, why: string): SkeinError {
  return new SkeinError(
    'promotion_refused',
    `${url} has what this node lacks, and its log does not lead on from here (${why}); promote that one instead`,
    { promote: url },
  );
}
