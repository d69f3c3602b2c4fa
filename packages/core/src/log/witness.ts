import { formatPosition, parsePosition, samePosition, SkeinError, type Position } from '@skein/protocol';
import { metaKey } from '../level/layout.ts';
import type { Level, LevelBatch } from '../level/level.ts';
import { putSealed, unseal } from '../level/sealed.ts';

/**
 * Batches that carry no record name the head they were written behind. LevelDB drops a bad block of its own log without a
 * word: a hole between records shows in their chain, but with one of these behind it the newest record could go unseen.
 */
export function putWitness(batch: LevelBatch, head: Position): void {
  putSealed(batch, metaKey('witness'), Buffer.from(formatPosition(head)));
}

/** Throws when the log ends before a head that was seen to be durable, or at another one. */
export async function checkWitness(level: Level, head: Position): Promise<void> {
  const sealed = await level.get(metaKey('witness'));
  if (sealed === undefined) return;
  const seen = parsePosition(unseal(metaKey('witness'), sealed).toString());
  if (head.offset > seen.offset || samePosition(head, seen)) return;
  throw new SkeinError('corrupt', `the log ends at ${formatPosition(head)}, and ${formatPosition(seen)} was durable`);
}
