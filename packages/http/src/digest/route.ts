import type { Digest, Snapshot } from '@skein/core';
import {
  checkKey,
  checkReadableCollection,
  DIGESTS_BY,
  formatPosition,
  parsePlace,
  parsePosition,
  parseSince,
  type DigestPage,
  type PlaceRange,
} from '@skein/protocol';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { DigestDesk } from './digest-desk.ts';

const LEVELS = ['branches', 'leaves', 'documents'] as const;

export const digestQuery = z
  .strictObject({
    by: z.enum(DIGESTS_BY).default('version'),
    /** Pins the position that is asked about afterwards, one that is not before this; `now` is the head. */
    min: z.string().optional(),
    /** A position that was answered before; what is asked is read as of that. */
    at: z.string().optional(),
    level: z.enum(LEVELS).optional(),
    from: z.string().optional(),
    to: z.string().optional(),
  })
  .refine(({ at, level }) => at !== undefined || level === undefined, 'level needs at')
  .refine(({ at, min }) => at === undefined || min === undefined, 'at is a position that has been pinned, min pins one')
  .refine(
    ({ level, from, to }) => level !== undefined || (from === undefined && to === undefined),
    'from and to need level',
  );

/** GET /v1/digest: hashes of all documents, and of ranges of them, for whoever compares this node with another. */
export function digestRoute(app: FastifyInstance, desk: DigestDesk): void {
  app
    .withTypeProvider<ZodTypeProvider>()
    .get('/v1/digest', { schema: { querystring: digestQuery } }, async (request, reply) => {
      const { by, min, at, level, from, to } = request.query;
      reply.header('cache-control', 'no-store');
      if (min !== undefined) return pinOf(await desk.pin(parseSince(min), by));
      if (at === undefined) return (await desk.newest(by)).root;
      if (level === undefined) return desk.read(parsePosition(at), by, (digest) => digest.root);
      const range = { from: checkedPlace(from), to: checkedPlace(to) };
      return desk.read(parsePosition(at), by, async (digest) => ({
        position: digest.root.position,
        ...(await pageOf(digest, level, range)),
      }));
    });
}

function pinOf({ log, history, position }: Snapshot): Readonly<Record<string, unknown>> {
  return { log, epoch: history.at(-1)?.epoch ?? null, position: formatPosition(position) };
}

function checkedPlace(place: string | undefined): string | null {
  if (place === undefined) return null;
  const { collection, key } = parsePlace(place);
  checkReadableCollection(collection);
  checkKey(key);
  return place;
}

function pageOf(
  digest: Digest,
  level: (typeof LEVELS)[number],
  range: PlaceRange,
): DigestPage<unknown> | Promise<DigestPage<unknown>> {
  switch (level) {
    case 'branches':
      return digest.branches(range);
    case 'leaves':
      return digest.leaves(range);
    case 'documents':
      return digest.documents(range);
  }
}
