import type { Generations, Level } from '@skein/core';
import type { SimDisk } from '../disk/sim-disk.ts';
import { SimLevel, type SimLevelOptions } from '../disk/sim-level.ts';
import type { SimShelf } from '../disk/sim-shelf.ts';

/** One process's way to the databases on a simulated disk. */
export class SimGenerations implements Generations {
  readonly #shelf: SimShelf;
  readonly #options: SimLevelOptions;
  readonly #levels: SimLevel[] = [];
  readonly #mark: (name: string) => void;
  #beside: SimLevel | null = null;
  #isDead = false;

  constructor(shelf: SimShelf, options: SimLevelOptions, mark: (name: string) => void) {
    this.#shelf = shelf;
    this.#options = options;
    this.#mark = mark;
  }

  current(): Level {
    return this.#levelOn(this.#shelf.served);
  }

  async beside(): Promise<Level> {
    if (this.#beside === null && [...this.#shelf.building.content()].length > 0) this.#mark('a copy was gone on with');
    this.#beside ??= this.#levelOn(this.#shelf.building);
    return this.#beside;
  }

  async leave(): Promise<void> {
    await this.#beside?.close();
    this.#beside = null;
  }

  async discard(): Promise<void> {
    await this.leave();
    if (!this.#isDead) this.#shelf.discard();
  }

  async promote(): Promise<void> {
    await this.#options.wait?.({ kind: 'sync', moment: 'before' });
    if (isOfSeveralSnapshots(this.#shelf.building)) this.#mark('a copy was made of several snapshots');
    this.#shelf.promote();
    this.#beside = null;
    await this.#options.wait?.({ kind: 'sync', moment: 'after' });
  }

  async removeFormer(): Promise<void> {}

  async setAside(): Promise<string> {
    this.#shelf.setAside();
    return 'aside';
  }

  async probe(): Promise<void> {}

  /** The process is gone, and with it all that it had open. */
  die(): void {
    this.#isDead = true;
    for (const level of this.#levels) level.die();
  }

  #levelOn(disk: SimDisk): SimLevel {
    const level = new SimLevel(disk, this.#options);
    this.#levels.push(level);
    return level;
  }
}

/** What a copy has noted of itself stays in it: `m copy` → checksum and JSON. */
function isOfSeveralSnapshots(disk: SimDisk): boolean {
  for (const [key, sealed] of disk.content()) {
    if (key.toString('latin1') !== 'mcopy') continue;
    const { base, newest } = JSON.parse(sealed.toString('utf8', 4)) as {
      readonly base: string;
      readonly newest: string;
    };
    return base !== newest;
  }
  return false;
}
