import {
  checkNodeId,
  HEADERS,
  isSkeinError,
  parsePosition,
  samePosition,
  type Position,
  type Since,
} from '@skein/protocol';
import { isOnlyLate } from '@skein/replication';
import type { FastifyRequest } from 'fastify';
import type { ServedNode } from '../node.ts';
import { headerOf } from '../request.ts';
import type { EncodedPage } from './encode-page.ts';
import type { SlotBook } from './slot-book.ts';

/**
 * What a follower has durably; anything that is not on this log, or not kept any more, is no acknowledgement. Answers who
 * it is.
 */
export async function acknowledge(
  request: FastifyRequest,
  { store }: ServedNode,
  slots: SlotBook,
): Promise<string | undefined> {
  const id = headerOf(request, HEADERS.follower);
  if (id === undefined) return undefined;
  const header = headerOf(request, HEADERS.applied);
  const applied = header === undefined ? undefined : parsePosition(header);
  await slots.seen(checkNodeId(id), applied !== undefined && (await isOurs(applied, store)) ? applied : undefined);
  return id;
}

/** What leads nowhere without an operator: whoever is refused so asks no more, and looks well from here otherwise. */
const FINAL_REFUSALS: ReadonlySet<string> = new Set(['diverged', 'other_log', 'ahead']);

/** Remembers with a follower that it is refused for good, or that it got its page after all. */
export async function notingRefusal(
  { node, slots }: { readonly node: ServedNode; readonly slots: SlotBook },
  id: string | undefined,
  since: Since,
  page: Promise<EncodedPage>,
): Promise<EncodedPage> {
  if (id === undefined) return page;
  try {
    const made = await page;
    // Where the log ends now is told to everybody.
    if (since.kind !== 'now') slots.answered(id, null);
    return made;
  } catch (error) {
    const isFinal = isSkeinError(error) && FINAL_REFUSALS.has(error.code) && !isOnlyLate(error.code, node.role);
    if (isFinal) slots.answered(id, error.code);
    throw error;
  }
}

/** Proven by its hash: what is of a lost branch, or forged, acknowledges nothing. */
async function isOurs(position: Position, store: ServedNode['store']): Promise<boolean> {
  if (position.offset === 0) return true;
  const held = await store.positionAt(position.offset);
  return held !== undefined && samePosition(held, position);
}
