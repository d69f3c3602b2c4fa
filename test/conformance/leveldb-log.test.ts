import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classicLevel, Store } from '@skein/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** What LevelDB's own log holds can be lost in the middle, without a word, when the database is opened again. */
describe("LevelDB's own log", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'skein-leveldb-log-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function held(name = ''): Promise<string> {
    const files = (await readdir(join(directory, name))).filter((file) => file.endsWith('.log'));
    return (await Promise.all(files.map((file) => readFile(join(directory, name, file), 'latin1')))).join('');
  }

  it('holds nothing of a change that the log of the store has no record of any more', async () => {
    const store = await Store.open({ level: classicLevel(directory), role: 'leader', node: 'n' });
    for (let i = 1; i <= 9; i++) await store.collection('c').put(`k${i}`, `value-${i}`);
    expect(await held()).toContain('value-1');
    expect(await store.trim(5)).toBe(5);
    for (let i = 1; i <= 4; i++) expect(await held()).not.toContain(`value-${i}`);
    await store.close();
  });

  it('is emptied for a trim only when it may hold some of what goes', async () => {
    const store = await Store.open({ level: classicLevel(directory), role: 'leader', node: 'n' });
    for (let i = 1; i <= 9; i++) await store.collection('c').put(`k${i}`, `value-${i}`);
    await store.trim(2);
    await store.collection('c').put('k10', 'value-10');
    await store.trim(9);
    expect(await held()).toContain('value-10');
    await store.trim(10);
    expect(await held()).not.toContain('value-10');
    await store.close();
  });

  it('holds nothing of a copy when it takes the place of the store', async () => {
    const leader = await Store.open({ level: classicLevel(join(directory, 'leader')), role: 'leader', node: 'l' });
    await leader.collection('c').put('k', 'value-1');
    const { records } = await leader.readLog(0, { changesMax: 10, bytesMax: 1e6 });
    const [store, copy] = await Promise.all(
      ['store', 'copy'].map((name) =>
        Store.open({ level: classicLevel(join(directory, name)), role: 'follower', node: 'f' }),
      ),
    );
    await copy!.apply(leader.facts.identity.log!, records);
    expect(await held('copy')).toContain('value-1');
    await store!.become(copy!, async () => expect(await held('copy')).not.toContain('value-1'));
    await Promise.all([leader.close(), store!.close()]);
  });

  it('holds nothing of a store that was moved past its log: neither of before, nor of what came with the move', async () => {
    const leader = await Store.open({ level: classicLevel(join(directory, 'leader')), role: 'leader', node: 'l' });
    const follower = await Store.open({ level: classicLevel(join(directory, 'store')), role: 'follower', node: 'f' });
    const log = leader.facts.identity.log!;
    for (const value of ['value-1', 'value-2']) await leader.collection('c').put('k', value);
    const { records } = await leader.readLog(0, { changesMax: 10, bytesMax: 1e6 });
    await follower.apply(log, records.slice(0, 1));
    expect(await held('store')).toContain('value-1');
    const { history } = leader.facts;
    const fixes = { documents: [], removed: [{ collection: 'c', key: 'other' }] };
    await follower.move({ log, history, record: records[1]!, fixes, entries: [], isReset: false });
    for (const value of ['value-1', 'value-2']) expect(await held('store')).not.toContain(value);
    await Promise.all([leader.close(), follower.close()]);
  });
});
