import {
  digestDocumentsSchema,
  digestRangesSchema,
  digestRootSchema,
  type DigestBy,
  type PlaceRange,
} from '@skein/protocol';
import type { DigestSource } from './compare.ts';

/** Asks a node for the JSON at a path; fails when the answer is another than 200. */
export type AskJson = (path: string) => Promise<unknown>;

/** The digests of the node that answers, as of a position it has pinned, or of one that it chooses. */
export async function fetchDigest(ask: AskJson, by: DigestBy, at?: string): Promise<DigestSource> {
  const pinned = at === undefined ? '' : `&at=${at}`;
  const root = digestRootSchema.parse(await ask(`/v1/digest?by=${by}${pinned}`));
  const askLevel = (level: string, { from, to }: PlaceRange): Promise<unknown> => {
    const query = new URLSearchParams({ by, at: root.position, level });
    if (from !== null) query.set('from', from);
    if (to !== null) query.set('to', to);
    return ask(`/v1/digest?${query.toString()}`);
  };
  return {
    root,
    branches: async (range) => digestRangesSchema.parse(await askLevel('branches', range)),
    leaves: async (range) => digestRangesSchema.parse(await askLevel('leaves', range)),
    documents: async (range) => digestDocumentsSchema.parse(await askLevel('documents', range)),
  };
}
