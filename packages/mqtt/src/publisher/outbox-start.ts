import type { Facts } from '@skein/core';
import { isEpoch } from '@skein/protocol';
import { z } from 'zod';

/** Where an outbox was, and in which epoch its node led then: offsets are written again behind a fork. */
const noted = z.object({ offset: z.int().nonnegative(), epoch: z.string().refine(isEpoch).nullable() });
export type NotedCursor = z.infer<typeof noted>;

/** Null where nothing is noted; what is, but says nothing, is something else than that. */
export function parseCursor(text: string | undefined): NotedCursor | 'unreadable' | null {
  if (text === undefined) return null;
  try {
    return noted.parse(JSON.parse(text));
  } catch {
    return 'unreadable';
  }
}

export function formatCursor({ offset, epoch }: NotedCursor): string {
  return JSON.stringify({ offset, epoch });
}

export interface OutboxStart {
  readonly cursor: number;
  /** Changes that nobody may have told and nobody will; null where it is not known how many, or whether there are any. */
  readonly passedOver: number | null;
}

/**
 * Where an outbox goes on. A note counts when its node has led in this epoch or in the one directly before: then nobody else
 * has told anything since. Otherwise another has led last, and where that one was, this node cannot know: it begins with the
 * record with which it began to lead, and says that something may be missing. The first leader of a log that is new to a
 * broker begins with what is written from now on: what was there before is for a copy or the feed to tell.
 */
export function startOfOutbox(
  cursor: ReturnType<typeof parseCursor>,
  { head, tail, history }: Pick<Facts, 'head' | 'tail' | 'history'>,
): OutboxStart {
  const [before, led] = [history.at(-2), history.at(-1)];
  const beforeLed = led === undefined ? 0 : led.offsetFirst - 1;
  // Whatever it was up to: changes told twice can be told apart, those that are never told cannot be found.
  if (cursor === 'unreadable') return { cursor: tail - 1, passedOver: null };
  if (cursor === null)
    return before === undefined ? { cursor: head.offset, passedOver: 0 } : { cursor: beforeLed, passedOver: null };
  if (cursor.epoch === led?.epoch) return { cursor: Math.min(cursor.offset, head.offset), passedOver: 0 };
  const isOwn = before === undefined || cursor.epoch === before.epoch;
  if (isOwn) return { cursor: Math.min(cursor.offset, beforeLed), passedOver: 0 };
  const skipped = beforeLed - cursor.offset;
  return { cursor: beforeLed, passedOver: skipped > 0 ? skipped : null };
}
