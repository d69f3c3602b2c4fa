import { Store, type Level, type MeshOptions, type StoreOptions } from '@skein/core';
import { FaultyLevel } from './faulty-level.ts';
import type { CreateLevel } from './levels.ts';
import { ManualClock } from './manual-clock.ts';

type BenchOptions = Partial<Pick<StoreOptions, 'node' | 'valueBytesMax' | 'probe' | 'takesEitherRole' | 'mesh'>>;

/** A store with the database under it, within a test's reach. */
export interface Placed {
  readonly store: Store;
  readonly level: Level;
  readonly faults: FaultyLevel;
}

/** Opens stores for one test, under one clock, and clears everything away behind it. */
export class Bench {
  readonly clock = new ManualClock();
  readonly #createLevel: CreateLevel;
  readonly #cleanups: (() => Promise<void>)[] = [];
  readonly #stores = new Set<Store>();

  constructor(createLevel: CreateLevel) {
    this.#createLevel = createLevel;
  }

  async level(): Promise<Level> {
    const { level, remove } = await this.#createLevel();
    this.#cleanups.push(async () => {
      await level.close();
      await remove();
    });
    return level;
  }

  async leader(options: BenchOptions = {}): Promise<Store> {
    return (await this.placeLeader(options)).store;
  }

  async placeLeader(options: BenchOptions = {}): Promise<Placed> {
    return this.#place('leader', options);
  }

  async follower(options: BenchOptions = {}): Promise<Store> {
    return (await this.placeFollower(options)).store;
  }

  async placeFollower(options: BenchOptions = {}): Promise<Placed> {
    return this.#place('follower', options);
  }

  async meshNode(node: string, mesh: Partial<MeshOptions> = {}): Promise<Store> {
    return (await this.placeMeshNode(node, mesh)).store;
  }

  async placeMeshNode(node: string, mesh: Partial<MeshOptions> = {}): Promise<Placed> {
    let drawn = 0;
    const newIncarnation = (): string => `i${node}${++drawn}`;
    const options = { newIncarnation, keepsConflicts: false, assertFits: () => undefined, ...mesh };
    return this.#place('mesh', { node, mesh: options });
  }

  /** Opens a store on a database that may hold one already. */
  async open(level: Level, role: StoreOptions['role'], options: BenchOptions = {}): Promise<Store> {
    const store = await Store.open({ node: undefined, ...options, level, role, clock: this.clock });
    this.#stores.add(store);
    return store;
  }

  /** Closes a store and opens its database again, as a restart does. */
  async reopen({ store, level, faults }: Placed, options: BenchOptions = {}): Promise<Placed> {
    await store.close();
    return { store: await this.open(level, store.facts.identity.role, options), level, faults };
  }

  async remove(): Promise<void> {
    for (const store of this.#stores) await store.close();
    for (const cleanup of this.#cleanups) await cleanup();
  }

  async #place(role: StoreOptions['role'], options: BenchOptions): Promise<Placed> {
    const level = await this.level();
    const faults = new FaultyLevel(level);
    return { store: await this.open(level, role, options), level, faults };
  }
}
