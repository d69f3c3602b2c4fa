import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openServed } from './generations.ts';
import { DirectoryGenerations } from './level/directory.ts';
import { metaKey, recordKey } from './level/layout.ts';
import { Store } from './store.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-generations-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** A follower's store that has a record, opened again after something was done to its database. */
async function reopened(harm: 'its record' | 'its record, and what it says of itself') {
  const leader = await Store.open({
    level: (await DirectoryGenerations.open(join(directory, 'leader'))).current(),
    role: 'leader',
    node: 'l',
  });
  await leader.collection('c').put('k', 1);
  const { records } = await leader.readLog(0, { changesMax: 1, bytesMax: 1000 });
  const generations = await DirectoryGenerations.open(join(directory, 'follower'));
  const reasons: string[] = [];
  const options = { role: 'follower', node: undefined, onSetAside: (reason: string) => reasons.push(reason) } as const;
  const store = await openServed(generations, options);
  const { node } = store.facts.identity;
  const log = leader.facts.identity.log!;
  await store.apply(log, records);
  await Promise.all([store.close(), leader.close()]);
  const level = generations.current();
  await level.open();
  await level.put(recordKey(1), Buffer.from('rotten'));
  if (harm !== 'its record') await level.put(metaKey('identity'), Buffer.from('rotten'));
  await level.close();
  const again = await openServed(generations, options);
  const { identity, head } = again.facts;
  await again.close();
  return { before: { node, log }, identity, head, reasons };
}

describe('a follower whose store is corrupt when it is opened', () => {
  it('begins with an empty one, as the node it was, on the log it followed', async () => {
    const { before, identity, head, reasons } = await reopened('its record');
    expect([head.offset, reasons.length]).toStrictEqual([0, 1]);
    expect(identity).toStrictEqual({ role: 'follower', ...before });
  });

  it('begins as another node when not even who it was can be read', async () => {
    const { before, identity, reasons } = await reopened('its record, and what it says of itself');
    expect([identity.log, reasons.length]).toStrictEqual([null, 1]);
    expect(identity.node).not.toBe(before.node);
  });
});
