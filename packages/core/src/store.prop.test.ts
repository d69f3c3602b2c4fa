import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSkeinError, parseLine, recordLines, type RecordView } from '@skein/protocol';
import fc from 'fast-check';
import { MemoryLevel } from 'memory-level';
import { afterAll, describe, expect, it } from 'vitest';
import { meantNow, steps, type Step } from '../test/steps.ts';
import { StoreModel, type ModelOutcome } from '../test/store-model.ts';
import { classicLevel } from './level/classic.ts';
import { SYNCED, type Level } from './level/level.ts';
import { Store } from './store.ts';
import type { Transaction } from './write/operation.ts';

const ALL = { changesMax: 1_000_000, bytesMax: 64 * 1024 * 1024 };

const memory = async (): Promise<Level> => new MemoryLevel({ keyEncoding: 'buffer', valueEncoding: 'buffer' });

/** A store that goes through steps beside its model, and a follower that goes along. */
class Run {
  readonly #level: Level;
  readonly #follower: Store;
  readonly #model: StoreModel;
  #store: Store;

  static async of(level: Level): Promise<Run> {
    const leader = await Store.open({ level, role: 'leader', node: 'leader-1' });
    return new Run(level, leader, await Store.open({ level: await memory(), role: 'follower', node: undefined }));
  }

  private constructor(level: Level, store: Store, follower: Store) {
    this.#level = level;
    this.#store = store;
    this.#follower = follower;
    this.#model = new StoreModel(store.facts.history[0]!.epoch);
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'group':
        await this.#commit(step.transactions.map((transaction) => meantNow(transaction, this.#model)));
        break;
      case 'failing-group':
        await this.#commitFailing(
          step.transactions.map((transaction) => meantNow(transaction, this.#model)),
          step.isStored,
        );
        break;
      case 'reopen':
        await this.#store.close();
        this.#store = await Store.open({ level: this.#level, role: 'leader', node: undefined });
        break;
      case 'follow':
        await follow(this.#store, this.#follower);
        break;
    }
    expect(this.#store.facts.head.offset).toBe(this.#model.head);
  }

  async #commit(transactions: readonly Transaction[]): Promise<void> {
    const before = this.#store.facts.head;
    const ended = await Promise.all(transactions.map((transaction) => this.#outcomeOf(transaction)));
    expect(ended).toStrictEqual(transactions.map((transaction) => this.#model.commit(transaction)));
    if (ended.every(({ kind }) => kind === 'refused')) expect(this.#store.facts.head).toBe(before);
  }

  async #commitFailing(transactions: readonly Transaction[], isStored: boolean): Promise<void> {
    const expected = new StoreModel(this.#model.epoch);
    expected.documents = this.#model.documents;
    expected.head = this.#model.head;
    const outcomes = transactions.map((transaction) => expected.commit(transaction));
    if (outcomes.every(({ kind }) => kind === 'refused')) return;
    failNextWrite(this.#level, isStored);
    for (const end of await Promise.all(transactions.map((transaction) => this.#outcomeOf(transaction)))) {
      expect(end).toMatchObject({ kind: 'refused', code: 'outcome_unknown' });
    }
    while (this.#store.state !== 'ready') await new Promise((resolve) => setImmediate(resolve));
    if (isStored) this.#model.documents = expected.documents;
    if (isStored) this.#model.head = expected.head;
  }

  async #outcomeOf(transaction: Transaction): Promise<ModelOutcome> {
    try {
      const { changes, position } = await this.#store.commit(transaction);
      expect(position.offset).toBe(Number(changes.at(-1)!.version.split('.')[0]));
      return {
        kind: 'done',
        changes: changes.map(({ created, version, valueText }) => ({ created, version, valueText })),
      };
    } catch (error) {
      if (!isSkeinError(error)) throw error;
      return { kind: 'refused', code: error.code, operation: (error.details['operation'] as number | undefined) ?? 0 };
    }
  }

  /** Everything a store can be asked agrees with the model, and a follower with the store, byte for byte. */
  async check(): Promise<void> {
    await follow(this.#store, this.#follower);
    const fresh = await Store.open({ level: await memory(), role: 'follower', node: undefined });
    await follow(this.#store, fresh);
    for (const store of [this.#store, this.#follower, fresh]) {
      expect(store.facts.head).toStrictEqual(this.#store.facts.head);
      expect(await documentsOf(store)).toStrictEqual(modelled(this.#model));
      expect(await store.collections()).toStrictEqual(countsOf(this.#model));
      expect(await store.scrub()).toStrictEqual({
        documents: this.#model.documents.size,
        problems: [],
        untrueIndexes: [],
      });
    }
    const records = await recordsOf(this.#store);
    const offsets = records.flatMap(linesOf).map((line) => parseLine(line).offset);
    expect(offsets).toStrictEqual(Array.from({ length: this.#model.head }, (_, i) => i + 1));
    for (const store of [this.#follower, fresh]) {
      expect((await recordsOf(store)).map(({ bytes }) => Buffer.from(bytes).toString())).toStrictEqual(
        records.map(({ bytes }) => Buffer.from(bytes).toString()),
      );
    }
    await Promise.all([this.#store.close(), this.#follower.close(), fresh.close()]);
  }
}

/** The next batch written fails: before it is stored, or after. */
function failNextWrite(level: Level, isStored: boolean): void {
  const batch = level.batch.bind(level);
  Object.assign(level, {
    batch: () => {
      Object.assign(level, { batch });
      const failing = batch();
      const write = failing.write.bind(failing);
      return Object.assign(failing, {
        write: async () => {
          if (isStored) await write(SYNCED);
          throw new Error('the disk failed');
        },
      });
    },
  });
}

async function follow(leader: Store, follower: Store): Promise<void> {
  const { records } = await leader.readLog(follower.facts.head.offset, ALL);
  if (records.length > 0) await follower.apply(leader.facts.identity.log!, records);
}

async function recordsOf(store: Store): Promise<readonly RecordView[]> {
  return (await store.readLog(0, ALL)).records;
}

function linesOf(record: RecordView): readonly string[] {
  return new TextDecoder().decode(recordLines(record)).trimEnd().split('\n');
}

async function documentsOf(store: Store): Promise<readonly string[]> {
  const documents: string[] = [];
  for (const collection of ['one', 'three', 'two']) {
    for await (const { key, version, valueBytes } of store.documents.iterate(collection)) {
      documents.push(`${collection}/${key} ${version} ${valueBytes.toString()}`);
      expect((await store.documents.get(collection, key))?.version).toBe(version);
    }
  }
  return documents;
}

function modelled({ documents }: StoreModel): readonly string[] {
  return [...documents]
    .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([id, { value, version }]) => `${id} ${version} ${JSON.stringify(value)}`);
}

function countsOf({ documents }: StoreModel): readonly { name: string; documents: number }[] {
  const counts = new Map<string, number>();
  for (const id of documents.keys()) {
    const name = id.slice(0, id.indexOf('/'));
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => ({ name, documents: count }));
}

describe('a store', () => {
  const directories: string[] = [];
  afterAll(async () => {
    for (const directory of directories) await rm(directory, { recursive: true, force: true });
  });
  const classic = async (): Promise<Level> => {
    directories.push(await mkdtemp(join(tmpdir(), 'skein-model-')));
    return classicLevel(directories.at(-1)!);
  };

  it.each([
    { name: 'memory-level', create: memory, numRuns: 120 },
    { name: 'classic-level', create: classic, numRuns: 6 },
  ])(
    'is its model, whatever happens to it, on $name (D2, D3, D4, D7, D13)',
    async ({ create, numRuns }) => {
      const property = fc.asyncProperty(steps, async (taken) => {
        const run = await Run.of(await create());
        for (const step of taken) await run.take(step);
        await run.check();
      });
      await fc.assert(property, { numRuns });
    },
    90_000,
  );
});
