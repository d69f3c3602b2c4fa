import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classicLevel, type Level } from '@skein/core';
import { SimDisk, SimLevel } from '@skein/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';

const key = fc
  .array(fc.constantFrom(0x00, 0x61, 0x62, 0xff), { minLength: 1, maxLength: 2 })
  .map((bytes) => Buffer.from(bytes));
const value = fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes));
const range = fc.record(
  { gt: key, gte: key, lt: key, lte: key, reverse: fc.boolean(), limit: fc.integer({ min: -1, max: 6 }) },
  { requiredKeys: [] },
);
const put = fc.record({ type: fc.constant('put' as const), key, value });
const del = fc.record({ type: fc.constant('del' as const), key });

/** A kept snapshot or iterator is opened by one step and used by later ones, after other changes. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('put' as const), key, value }) },
  fc.record({ kind: fc.constant('del' as const), key }),
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('batch' as const), operations: fc.array(fc.oneof(put, del)) }),
  },
  fc.record({ kind: fc.constant('clear' as const), range, inSnapshot: fc.boolean() }),
  fc.record({ kind: fc.constant('get' as const), key, inSnapshot: fc.boolean() }),
  fc.record({ kind: fc.constant('many' as const), keys: fc.array(key), inSnapshot: fc.boolean() }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('iterate' as const), range, inSnapshot: fc.boolean() }) },
  fc.record({ kind: fc.constant('snapshot' as const) }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('begin' as const), range }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('seek' as const), target: key, size: fc.nat(4) }) },
  fc.record({ kind: fc.constant('go on' as const), size: fc.nat(4) }),
  fc.record({ kind: fc.constant('reopen' as const) }),
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A database that is told what to do and answers what it saw. */
class Player {
  readonly #level: Level;
  #snapshot: ReturnType<Level['snapshot']> | undefined;
  #iterator: ReturnType<Level['iterator']> | undefined;

  constructor(level: Level) {
    this.#level = level;
  }

  async play(step: Step): Promise<unknown> {
    const level = this.#level;
    switch (step.kind) {
      case 'put':
        return level.put(step.key, step.value);
      case 'del':
        return level.del(step.key);
      case 'batch':
        return level.batch(step.operations);
      case 'clear':
        return level.clear({ ...step.range, ...this.#from(step) });
      case 'get':
        return [await level.get(step.key, this.#from(step)), await level.has(step.key, this.#from(step))];
      case 'many':
        return [await level.getMany(step.keys, this.#from(step)), await level.hasMany(step.keys, this.#from(step))];
      case 'iterate':
        return this.#iterate({ ...step.range, ...this.#from(step) });
      case 'snapshot':
        await this.#snapshot?.close();
        this.#snapshot = level.snapshot();
        return undefined;
      case 'begin':
        await this.#iterator?.close();
        this.#iterator = (await this.#isEmpty()) ? undefined : level.iterator(step.range);
        return undefined;
      case 'seek':
        this.#iterator?.seek(step.target);
        return this.#iterator?.nextv(step.size);
      case 'go on':
        return [await this.#iterator?.next(), await this.#iterator?.nextv(step.size)];
      case 'reopen':
        this.#snapshot = undefined;
        this.#iterator = undefined;
        await level.close();
        await level.open();
        return this.#iterate({});
    }
  }

  async #iterate(options: object): Promise<unknown> {
    const level = this.#level;
    return [await level.iterator(options).all(), await level.keys(options).all(), await level.values(options).all()];
  }

  /** To seek out of range on an empty database makes LevelDB abort the process, so that is not asked. */
  async #isEmpty(): Promise<boolean> {
    return (await this.#level.keys({ limit: 1 }).all()).length === 0;
  }

  #from({ inSnapshot }: { readonly inSnapshot: boolean }): object {
    return inSnapshot && this.#snapshot !== undefined ? { snapshot: this.#snapshot } : {};
  }
}

let directory = '';
let runs = 0;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-differential-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

it('answers as classic-level does, whatever it is asked', async () => {
  const property = fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
    const real = classicLevel(join(directory, `${runs++}`), { writeBufferBytes: 64 * 1024, cacheBytes: 64 * 1024 });
    const simulated = new SimLevel(new SimDisk({ logBytesMax: 256 }));
    const players = [new Player(real), new Player(simulated)] as const;
    await Promise.all([real.open(), simulated.open()]);
    for (const step of steps) {
      const [expected, answer] = [await players[0].play(step), await players[1].play(step)];
      expect(answer).toStrictEqual(expected);
    }
    expect(await players[1].play({ kind: 'reopen' })).toStrictEqual(await players[0].play({ kind: 'reopen' }));
    await Promise.all([real.close(), simulated.close()]);
  });
  await fc.assert(property, { numRuns: 100 });
});
