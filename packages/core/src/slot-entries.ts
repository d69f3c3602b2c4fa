import { ALL_SLOTS, parseSlotKey, slotKey } from './level/layout.ts';
import { SYNCED, type Level } from './level/level.ts';
import type { Position } from '@skein/protocol';
import { putSealed, unseal } from './level/sealed.ts';
import { putWitness } from './log/witness.ts';

/** What is kept of each follower, as text by its id; what the text says is not the store's to know. */
export type SlotTexts = ReadonlyMap<string, string>;

export async function loadSlots(level: Level): Promise<SlotTexts> {
  const slots = new Map<string, string>();
  for await (const [key, sealed] of level.iterator(ALL_SLOTS))
    slots.set(parseSlotKey(key), unseal(key, sealed).toString());
  return slots;
}

/** Stores each text, and drops the slots that are null. */
export async function saveSlots(
  level: Level,
  changed: ReadonlyMap<string, string | null>,
  head: Position,
): Promise<void> {
  const batch = level.batch();
  putWitness(batch, head);
  for (const [id, text] of changed) {
    if (text === null) batch.del(slotKey(id));
    else putSealed(batch, slotKey(id), Buffer.from(text));
  }
  await batch.write(SYNCED);
}
