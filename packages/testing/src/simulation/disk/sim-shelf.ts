import type { RescueFiles } from '@skein/core';
import type { Dice } from './files.ts';
import { SimDisk, type SimDiskOptions } from './sim-disk.ts';

/** The databases on a node's disk: the one it serves, and one that may be in the making beside it. */
export class SimShelf {
  readonly #options: SimDiskOptions;
  #served: SimDisk;
  #building: SimDisk | null = null;

  constructor(options: SimDiskOptions) {
    this.#options = options;
    this.#served = new SimDisk(options);
  }

  /** What the node has saved of what it gave up, by the names of the files. */
  readonly rescued = new Map<string, string>();

  readonly rescueFiles: RescueFiles = {
    write: async (name, lines) => {
      const parts: Uint8Array[] = [];
      for await (const part of lines) parts.push(part);
      this.rescued.set(name, Buffer.concat(parts).toString());
    },
  };

  get served(): SimDisk {
    return this.#served;
  }

  /** The one in the making; an empty one when there is none. */
  get building(): SimDisk {
    this.#building ??= new SimDisk(this.#options);
    return this.#building;
  }

  /** Where something is being written now, as far as can be told. */
  get busy(): SimDisk {
    return this.#building ?? this.#served;
  }

  discard(): void {
    this.#building = null;
  }

  /** What was in the making is served, also after a power cut. */
  promote(): void {
    this.#served = this.building;
    this.#building = null;
  }

  /** All of it is gone, and another disk is there. */
  replace(): void {
    this.#served = new SimDisk(this.#options);
    this.#building = null;
    this.rescued.clear();
  }

  setAside(): void {
    this.#served = new SimDisk(this.#options);
  }

  powerCut(dice: Dice): void {
    this.#served.powerCut(dice);
    this.#building?.powerCut(dice);
  }
}
