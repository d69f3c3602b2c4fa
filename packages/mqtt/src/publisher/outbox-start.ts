import type { Facts } from '@skein/core';
import { epochCounter, isEpoch, type Epoch } from '@skein/protocol';
import { z } from 'zod';

/** Where an outbox was, and in whose history: offsets are written again behind a fork. */
const noted = z.object({ offset: z.int().nonnegative(), epoch: z.string().refine(isEpoch).nullable() });
export type NotedCursor = z.infer<typeof noted>;

export function parseCursor(text: string | undefined): NotedCursor | null {
  return text === undefined ? null : noted.parse(JSON.parse(text));
}

export function formatCursor({ offset, epoch }: NotedCursor): string {
  return JSON.stringify({ offset, epoch });
}

/**
 * Where an outbox goes on. One that is new begins with what is written from now on: what was there before is for a copy or
 * the feed to tell. One that has been goes on where it was, as far as that is still this log: behind a fork others have
 * written, so it goes on there.
 */
export function startOfOutbox(cursor: NotedCursor | null, { head, history }: Pick<Facts, 'head' | 'history'>): number {
  if (cursor === null) return head.offset;
  return Math.min(cursor.offset, head.offset, cursor.epoch === null ? 0 : sharedUpTo(cursor.epoch, history));
}

/** The end of what a node that was in an epoch can have in common with a history. */
function sharedUpTo(epoch: Epoch, history: Facts['history']): number {
  const after = history.findIndex((span) => span.epoch !== epoch && epochCounter(span.epoch) >= epochCounter(epoch));
  return after === -1 ? Infinity : history[after]!.offsetFirst - 1;
}
