import { SimDisk, SimLevel, type DiskStep } from '@skein/testing';
import { expect, it } from 'vitest';

const KEY = Buffer.from('key');
const VALUE = Buffer.from('value');
const SYNCED = { sync: true };

const nameOf = ({ kind, moment }: DiskStep): string => `${kind} ${moment}`;

/** Long enough for everything that does not wait for something else. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A disk that stands still at one of its steps until it is told to go on. */
class Gate {
  readonly #name: string;
  #release: () => void = () => undefined;
  readonly #released = new Promise<void>((resolve) => {
    this.#release = resolve;
  });

  constructor(name: string) {
    this.#name = name;
  }

  readonly wait = (step: DiskStep): Promise<void> | undefined =>
    nameOf(step) === this.#name ? this.#released : undefined;

  open(): void {
    this.#release();
  }
}

it('tells of each step before and after it', async () => {
  const steps: (string | number)[] = [];
  const wait = (step: DiskStep): undefined => void steps.push(nameOf(step), step.writes ?? 0);
  const level = new SimLevel(new SimDisk(), { wait });
  await level.open();
  await level.batch().put(KEY, VALUE).del(Buffer.from('other')).write(SYNCED);
  await level.put(KEY, VALUE);
  await level.get(KEY);
  await level.clear();
  await level.close();
  expect(steps).toStrictEqual([
    ...['open before', 0, 'open after', 0],
    ...['batch before', 2, 'batch after', 2, 'sync before', 2, 'sync after', 2],
    ...['batch before', 1, 'batch after', 1],
    ...['read before', 0, 'read after', 0],
    ...['read before', 0, 'read after', 0, 'clear before', 1, 'clear after', 1],
    ...['close before', 0, 'close after', 0],
  ]);
});

it.each([
  { name: 'batch after', isVisible: false },
  { name: 'sync before', isVisible: false },
  { name: 'sync after', isVisible: true },
])('shows a synced batch whole, and only once it is synced ($name)', async ({ name, isVisible }) => {
  const disk = new SimDisk();
  const gate = new Gate(name);
  const level = new SimLevel(disk, { wait: gate.wait });
  await level.open();
  let isAcknowledged = false;
  const other = Buffer.from('other');
  const writing = level.batch().put(KEY, VALUE).put(other, VALUE).write(SYNCED);
  void writing.then(() => (isAcknowledged = true));
  await settle();
  expect(await level.hasMany([KEY, other])).toStrictEqual([isVisible, isVisible]);
  expect(disk.durableHas(KEY)).toBe(isVisible);
  expect(isAcknowledged).toBe(false);
  gate.open();
  await writing;
  expect(await level.hasMany([KEY, other])).toStrictEqual([true, true]);
});

it('reads what was there when it was asked', async () => {
  const gate = new Gate('read before');
  const level = new SimLevel(new SimDisk(), { wait: gate.wait });
  await level.open();
  const reading = level.get(KEY);
  await level.put(KEY, VALUE);
  gate.open();
  expect(await reading).toBeUndefined();
});

it('does one write after the other, and is closed after the last', async () => {
  const disk = new SimDisk();
  const gate = new Gate('batch before');
  const level = new SimLevel(disk, { wait: gate.wait });
  await level.open();
  const writing = [level.put(KEY, VALUE), level.put(KEY, Buffer.from('second')), level.close()];
  await settle();
  expect(disk.content().size).toBe(0);
  gate.open();
  await Promise.all(writing);
  expect(disk.content().get(KEY)).toStrictEqual(Buffer.from('second'));
});

it.each([
  { name: 'in the order they came in', mayReorder: undefined, last: 'third' },
  { name: 'in another order when it may', mayReorder: { below: () => 1 }, last: 'first' },
])('does writes in flight together $name', async ({ mayReorder, last }) => {
  const level = new SimLevel(new SimDisk(), { mayReorder });
  await level.open();
  await Promise.all(['first', 'second', 'third'].map((text) => level.put(KEY, Buffer.from(text))));
  expect(await level.get(KEY)).toStrictEqual(Buffer.from(last));
});

it('keeps its own copy of what it was given', async () => {
  const level = new SimLevel(new SimDisk());
  await level.open();
  const [key, value] = [Buffer.from('key'), Buffer.from('value')];
  await level.put(key, value);
  key.fill(0);
  value.fill(0);
  expect(await level.iterator().all()).toStrictEqual([[KEY, VALUE]]);
});

it('settles nothing and touches nothing after its death', async () => {
  const disk = new SimDisk();
  const gate = new Gate('batch before');
  const level = new SimLevel(disk, { wait: gate.wait });
  await level.open();
  const iterator = level.iterator();
  const pending = [level.put(KEY, VALUE), level.put(Buffer.from('other'), VALUE)];
  await settle();
  level.die();
  gate.open();
  const askAll = (): Promise<unknown>[] => [
    ...[level.get(KEY), level.getMany([KEY]), level.has(KEY), level.hasMany([KEY])],
    ...[level.iterator().next(), level.keys().all(), level.values({ snapshot: level.snapshot() }).nextv(1)],
    ...[level.put(KEY, VALUE), level.del(KEY), level.batch().del(KEY).write(), level.clear()],
  ];
  const late = askAll();
  const next = new SimLevel(disk);
  await next.open();
  await next.put(KEY, Buffer.from('next'));
  late.push(...askAll(), iterator.next(), level.close());
  let settled = 0;
  for (const promise of [...pending, ...late]) {
    const count = (): void => void settled++;
    promise.then(count, count);
  }
  await settle();
  expect(settled).toBe(0);
  expect(await next.iterator().all()).toStrictEqual([[KEY, Buffer.from('next')]]);
});

it('can die while it is being opened, and again', async () => {
  const disk = new SimDisk();
  const dying: SimLevel = new SimLevel(disk, {
    wait: (step) => void (nameOf(step) === 'open after' && dying.die()),
  });
  let isOpen = false;
  void dying.open().then(() => (isOpen = true));
  await settle();
  expect(isOpen).toBe(false);
  const next = new SimLevel(disk);
  await next.open();
  dying.die();
  await expect(new SimLevel(disk).open()).rejects.toThrow();
});
