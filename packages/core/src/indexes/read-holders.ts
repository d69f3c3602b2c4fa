import { afterPrefix } from '../level/layout.ts';
import type { Level } from '../level/level.ts';

/** More documents than these that are alike are not told apart from these: there is always another one. */
const HOLDERS_MAX = 8;

/** For each prefix of entries of a unique index, as latin1 text, the keys of the documents whose entries begin with it. */
export async function readHolders(
  level: Level,
  prefixes: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = await Promise.all([...prefixes].map((prefix) => holdersOf(level, Buffer.from(prefix, 'latin1'))));
  return new Map([...prefixes].map((prefix, i) => [prefix, found[i]!]));
}

async function holdersOf(level: Level, gte: Buffer): Promise<readonly string[]> {
  const keys = await level.keys({ gte, lt: afterPrefix(gte), limit: HOLDERS_MAX }).all();
  return keys.map((key) => key.toString('utf8', gte.length));
}
