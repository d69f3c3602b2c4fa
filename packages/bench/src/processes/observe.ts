import type { Client } from 'undici';
import { endWith, say } from './stage-hand.ts';

/** Everything up to the offset had been read by then. */
export interface Sighting {
  readonly offset: number;
  readonly at: number;
}

/** What an observer does while it reads. */
export interface Observation {
  readonly isEnding: () => boolean;
  readonly see: (sighting: Sighting) => void;
}

/** Reads until the bench says that it is over, and tells then what was seen. */
export async function observe(client: Client, follow: (observation: Observation) => Promise<void>): Promise<void> {
  const seen: Sighting[] = [];
  let isEnding = false;
  process.on('message', () => say(seen));
  endWith(async () => {
    isEnding = true;
    await client.destroy();
  });
  await follow({ isEnding: () => isEnding, see: (sighting) => seen.push(sighting) }).catch((error: unknown) => {
    if (!isEnding) throw error;
  });
}
