import { SimDisk, SimLevel } from '@skein/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const SYNCED = { sync: true };
const UNSYNCED = { sync: false };

/** Every batch fills a log file, so each is written to one of its own. */
const EVERY_BATCH_A_FILE = { logBytesMax: 1 };

const least = { below: () => 0 };
const most = { below: (limit: number) => limit - 1 };

async function openOn(disk: SimDisk): Promise<SimLevel> {
  const level = new SimLevel(disk);
  await level.open();
  return level;
}

/** Puts each of the keys in a batch of its own. */
async function put(level: SimLevel, keys: string, options: object): Promise<void> {
  for (const key of keys) await level.batch().put(Buffer.from(key), Buffer.from('value')).write(options);
}

function keysIn(content: Iterable<readonly [key: Buffer, value: Buffer]>): string {
  return Array.from(content, ([key]) => key.toString()).join('');
}

/** What the next process finds. */
async function foundOn(disk: SimDisk): Promise<string> {
  const level = await openOn(disk);
  const keys = await level.keys().all();
  await level.close();
  return keys.join('');
}

async function reopened(level: SimLevel): Promise<string> {
  await level.close();
  await level.open();
  return (await level.keys().all()).join('');
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof Error ? ((error.cause ?? error) as { code?: unknown }).code : undefined;
}

describe('the end of a process', () => {
  it('leaves all that was appended, synced or not', async () => {
    const disk = new SimDisk();
    const level = await openOn(disk);
    await put(level, 'a', SYNCED);
    await put(level, 'b', UNSYNCED);
    level.die();
    expect(await foundOn(disk)).toBe('ab');
  });

  it('makes nothing safe by itself, and the next opening makes everything safe', async () => {
    const disk = new SimDisk();
    const level = await openOn(disk);
    await put(level, 'a', UNSYNCED);
    await level.close();
    expect(keysIn(disk.durableContent())).toBe('');
    await level.open();
    expect(keysIn(disk.durableContent())).toBe('a');
  });
});

describe('a power cut', () => {
  it.each([
    { name: 'nothing', dice: least, found: 'ab' },
    { name: 'some beginning', dice: { below: () => 1 }, found: 'abc' },
    { name: 'all', dice: most, found: 'abcd' },
  ])('keeps what was synced and $name of what was not', async ({ dice, found }) => {
    const disk = new SimDisk();
    const level = await openOn(disk);
    await put(level, 'a', UNSYNCED);
    await put(level, 'b', SYNCED);
    await put(level, 'cd', UNSYNCED);
    level.die();
    disk.powerCut(dice);
    expect(await foundOn(disk)).toBe(found);
  });

  it('leaves a hole when a synced batch is in the next log file', async () => {
    const disk = new SimDisk(EVERY_BATCH_A_FILE);
    const level = await openOn(disk);
    await put(level, 'a', SYNCED);
    await put(level, 'b', UNSYNCED);
    await put(level, 'c', SYNCED);
    level.die();
    disk.powerCut(least);
    expect(await foundOn(disk)).toBe('ac');
  });

  it('takes nothing of a log file that has gone into the tables', async () => {
    const disk = new SimDisk(EVERY_BATCH_A_FILE);
    const level = await openOn(disk);
    await put(level, 'abc', UNSYNCED);
    level.die();
    disk.powerCut(least);
    expect(await foundOn(disk)).toBe('a');
  });

  it('takes nothing more the second time', async () => {
    const disk = new SimDisk();
    const level = await openOn(disk);
    await put(level, 'ab', UNSYNCED);
    level.die();
    disk.powerCut({ below: () => 1 });
    disk.powerCut(least);
    expect(await foundOn(disk)).toBe('a');
  });

  it('is refused while a process runs', async () => {
    const disk = new SimDisk();
    await openOn(disk);
    expect(() => disk.powerCut(least)).toThrow(/let the SimLevel die/);
  });
});

describe('a failed append', () => {
  it('loses what is acknowledged after it, synced or not, when the database is opened again', async () => {
    const disk = new SimDisk();
    const level = await openOn(disk);
    await put(level, 'a', SYNCED);
    disk.failNextAppend();
    expect(await codeOf(put(level, 'b', SYNCED))).toBe('LEVEL_IO_ERROR');
    await put(level, 'c', SYNCED);
    await put(level, 'd', UNSYNCED);
    expect(keysIn(disk.content())).toBe('acd');
    expect(disk.durableHas(Buffer.from('c'))).toBe(false);
    expect(await reopened(level)).toBe('a');
  });

  it('loses nothing else when the database is opened again at once', async () => {
    const disk = new SimDisk();
    const level = await openOn(disk);
    await put(level, 'a', SYNCED);
    disk.failNextAppend();
    await expect(put(level, 'b', SYNCED)).rejects.toThrow('No space left');
    expect(await reopened(level)).toBe('a');
    await put(level, 'c', SYNCED);
    expect(await reopened(level)).toBe('ac');
  });

  it('loses nothing that is written to the next log file', async () => {
    const disk = new SimDisk({ logBytesMax: 40 });
    const level = await openOn(disk);
    await put(level, 'a', SYNCED);
    disk.failNextAppend();
    await expect(put(level, 'b', SYNCED)).rejects.toThrow('No space left');
    await put(level, 'cdef', SYNCED);
    expect(await reopened(level)).toBe('aef');
  });

  it('can be another than the next one', async () => {
    const disk = new SimDisk();
    const level = await openOn(disk);
    disk.failNextAppend({ skip: 1, error: new Error('worn out') });
    await put(level, 'a', SYNCED);
    await expect(put(level, 'b', SYNCED)).rejects.toThrow('worn out');
  });
});

describe('a failed sync', () => {
  it.each([
    { isStored: true, found: 'ab' },
    { isStored: false, found: 'a' },
  ])('shows its batch after the next opening or never (isStored: $isStored)', async ({ isStored, found }) => {
    const disk = new SimDisk();
    const level = await openOn(disk);
    await put(level, 'a', SYNCED);
    disk.failNextSync({ isStored });
    expect(await codeOf(put(level, 'b', SYNCED))).toBe('LEVEL_IO_ERROR');
    expect(keysIn(disk.content())).toBe('a');
    expect(await reopened(level)).toBe(found);
  });

  it('fails every write until the database is opened again', async () => {
    const disk = new SimDisk();
    const level = await openOn(disk);
    disk.failNextSync({ isStored: false });
    await expect(put(level, 'a', SYNCED)).rejects.toThrow('Input/output error');
    await expect(put(level, 'b', UNSYNCED)).rejects.toThrow('Input/output error');
    await expect(put(level, 'c', SYNCED)).rejects.toThrow('Input/output error');
    expect(await reopened(level)).toBe('');
    await put(level, 'd', SYNCED);
    expect(await reopened(level)).toBe('d');
  });
});

describe('a flipped bit', () => {
  it.each([
    { place: 'a log file', isReopened: false },
    { place: 'the tables', isReopened: true },
  ])('in $place changes what is read, now and later', async ({ isReopened }) => {
    const disk = new SimDisk();
    const level = await openOn(disk);
    await put(level, 'a', SYNCED);
    if (isReopened) await reopened(level);
    expect(disk.flipStored(least)).toStrictEqual(Buffer.from('a'));
    const flipped = Buffer.from('walue');
    expect(await level.get(Buffer.from('a'))).toStrictEqual(flipped);
    expect(disk.durableContent().get(Buffer.from('a'))).toStrictEqual(flipped);
    await reopened(level);
    expect(await level.get(Buffer.from('a'))).toStrictEqual(flipped);
  });

  it('is in one of the values that are picked', async () => {
    const disk = new SimDisk();
    await put(await openOn(disk), 'abc', SYNCED);
    expect(disk.flipStored(least, (key) => key.toString() > 'a')).toStrictEqual(Buffer.from('b'));
    expect(disk.flipStored(most, (key) => key.toString() < 'c')).toStrictEqual(Buffer.from('b'));
    expect(disk.flipStored(least, () => false)).toBeUndefined();
  });

  it('is in the newest value of its key', async () => {
    const disk = new SimDisk();
    const level = await openOn(disk);
    const key = Buffer.from('a');
    for (const text of ['one', 'two']) {
      await level.batch().put(key, Buffer.from('other')).put(key, Buffer.from(text)).write();
    }
    disk.flipStored(least);
    await reopened(level);
    expect(await level.get(key)).toStrictEqual(Buffer.from('uwo'));
  });

  it('reaches a closed database, too', async () => {
    const disk = new SimDisk();
    const level = await openOn(disk);
    await put(level, 'a', SYNCED);
    level.die();
    disk.flipStored(least);
    expect(await (await openOn(disk)).get(Buffer.from('a'))).toStrictEqual(Buffer.from('walue'));
  });
});

describe('a damaged block of a log file', () => {
  it('makes a hole when the database is opened again, and not before', async () => {
    const disk = new SimDisk();
    const level = await openOn(disk);
    await put(level, 'abc', SYNCED);
    expect(disk.skipBlock(most)).toBe(true);
    expect(keysIn(disk.content())).toBe('abc');
    expect(keysIn(disk.durableContent())).toBe('ac');
    expect(await reopened(level)).toBe('ac');
  });

  it('is never the last one', async () => {
    const disk = new SimDisk();
    const level = await openOn(disk);
    expect(disk.skipBlock(least)).toBe(false);
    await put(level, 'a', SYNCED);
    expect(disk.skipBlock(least)).toBe(false);
    expect(await reopened(level)).toBe('a');
  });

  it('costs nothing once its file has gone into the tables', async () => {
    const disk = new SimDisk({ logBytesMax: 40 });
    const level = await openOn(disk);
    await put(level, 'abc', SYNCED);
    expect(disk.skipBlock(least)).toBe(true);
    await put(level, 'defghi', SYNCED);
    expect(await reopened(level)).toBe('abcdefghi');
  });
});

describe('a compaction', () => {
  it('empties the log files, so that no damage to them costs anything', async () => {
    const disk = new SimDisk();
    const level = await openOn(disk);
    await put(level, 'abc', SYNCED);
    await level.compactRange();
    expect(disk.skipBlock(least)).toBe(false);
    await put(level, 'def', SYNCED);
    expect(disk.skipBlock(least)).toBe(true);
    expect(await reopened(level)).toBe('abcef');
  });
});

describe('a failed clear', () => {
  it('has removed the first keys and left the others', async () => {
    const disk = new SimDisk();
    const level = await openOn(disk);
    await put(level, 'abcdefghijklmnopqrst', SYNCED);
    disk.failNextClear();
    await expect(level.clear({ gte: Buffer.from('c') })).rejects.toThrow('Input/output error');
    expect(await reopened(level)).toBe('abklmnopqrst');
    await level.clear({ gte: Buffer.from('c') });
    expect(await reopened(level)).toBe('ab');
  });
});

describe('opening', () => {
  it('is refused as often as planned', async () => {
    const disk = new SimDisk();
    disk.refuseOpens(2);
    const level = new SimLevel(disk);
    expect(await codeOf(level.open())).toBe('LEVEL_IO_ERROR');
    expect(await codeOf(level.open())).toBe('LEVEL_IO_ERROR');
    expect(await codeOf(level.open())).toBeUndefined();
  });

  it('is refused while another process has the database, and not once that has died', async () => {
    const disk = new SimDisk();
    const level = await openOn(disk);
    expect(await codeOf(new SimLevel(disk).open())).toBe('LEVEL_LOCKED');
    level.die();
    expect(await codeOf(new SimLevel(disk).open())).toBeUndefined();
  });
});

const write = fc.record({ kind: fc.constantFrom('put', 'del'), key: fc.nat(9), isSynced: fc.boolean() });
const misfortune = fc.record({
  kind: fc.constantFrom('append', 'sync', 'stored-sync', 'damage', 'flip', 'reopen'),
  pick: fc.nat(),
});

interface Happening {
  readonly kind: string;
  readonly key?: number;
  readonly isSynced?: boolean;
  readonly pick?: number;
}

async function happen(level: SimLevel, disk: SimDisk, value: string, event: Happening): Promise<void> {
  const dice = { below: (limit: number) => event.pick! % limit };
  switch (event.kind) {
    case 'append':
      return disk.failNextAppend();
    case 'sync':
      return disk.failNextSync({ isStored: false });
    case 'stored-sync':
      return disk.failNextSync({ isStored: true });
    case 'damage':
      return void disk.skipBlock(dice);
    case 'flip':
      return void disk.flipStored(dice);
    case 'reopen':
      return void (await reopened(level));
    default: {
      const batch = level.batch();
      if (event.kind === 'put') batch.put(Buffer.of(event.key!), Buffer.from(value));
      else batch.del(Buffer.of(event.key!));
      const options = { sync: event.isSynced };
      await batch.write(options).catch(() => undefined);
    }
  }
}

it('knows what the worst power cut would leave, whatever has happened', async () => {
  const events = fc.array(fc.oneof({ weight: 3, arbitrary: write }, misfortune), { maxLength: 60, size: 'max' });
  const property = fc.asyncProperty(events, async (happenings) => {
    const disk = new SimDisk({ logBytesMax: 100 });
    const level = await openOn(disk);
    for (const [i, event] of happenings.entries()) {
      await happen(level, disk, `value ${i}`, event);
      disk.durableContent();
    }
    const expected = [...disk.durableContent()];
    level.die();
    disk.powerCut(least);
    await openOn(disk);
    expect([...disk.content()]).toStrictEqual(expected);
  });
  await fc.assert(property, { numRuns: 300 });
});
