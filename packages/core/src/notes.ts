import { noteKey } from './level/layout.ts';
import { SYNCED, type Level } from './level/level.ts';
import { putSealed, unseal } from './level/sealed.ts';
import { putWitness } from './log/witness.ts';
import type { Position } from '@skein/protocol';

/** What was noted under a name; what the text says is not the store's to know. */
export async function readNote(level: Level, name: string): Promise<string | undefined> {
  const key = noteKey(name);
  const sealed = await level.get(key);
  return sealed === undefined ? undefined : unseal(key, sealed).toString();
}

export async function writeNote(level: Level, name: string, text: string, head: Position): Promise<void> {
  const batch = level.batch();
  putWitness(batch, head);
  putSealed(batch, noteKey(name), Buffer.from(text));
  await batch.write(SYNCED);
}
