import { AbstractLevel, type AbstractDatabaseOptions } from 'abstract-level';
import type { Dice } from './files.ts';
import { notOpenError } from './level-errors.ts';
import type { Operation } from './operation.ts';
import { spanOf, type Range } from './range.ts';
import type { SimDisk } from './sim-disk.ts';
import { SimIterator, type SimIteratorOptions } from './sim-iterator.ts';
import { SimSnapshot } from './sim-snapshot.ts';
import { SortedMap, type SortedView } from './sorted-map.ts';
import { WriteTurns } from './write-turns.ts';

/** A thing the disk does, and whether it is about to or has just done it. */
export interface DiskStep {
  readonly kind: 'open' | 'read' | 'batch' | 'sync' | 'clear' | 'close';
  readonly moment: 'before' | 'after';
  /** How many keys the step changes. */
  readonly writes?: number | undefined;
}

export interface SimLevelOptions extends AbstractDatabaseOptions<Buffer, Buffer> {
  /** Called before and after each step, which goes on when the answer is fulfilled: delays, stalls, places to die at. */
  readonly wait?: ((step: DiskStep) => Promise<void> | undefined) | undefined;
  /** With these, writes in flight together may be done in another order than they were asked for. */
  readonly mayReorder?: Dice | undefined;
}

interface ReadOptions {
  readonly snapshot?: SimSnapshot | undefined;
}

interface ClearOptions extends ReadOptions, Range {
  readonly reverse: boolean;
  readonly limit: number;
}

interface WriteOptions {
  readonly sync?: boolean | undefined;
}

/** LevelDB clears 16 KiB of keys at a time; a world has fewer. */
const KEYS_PER_CLEAR_GROUP = 8;

/**
 * One process's database on a simulated disk. In what it answers it is classic-level; it does no I/O and knows no time.
 *
 * A batch is appended, synced when that is asked for, and only then seen by readers, all of it at once, as in LevelDB.
 */
export class SimLevel extends AbstractLevel<string | Buffer | Uint8Array, Buffer, Buffer> {
  readonly #disk: SimDisk;
  readonly #waitFor: SimLevelOptions['wait'];
  readonly #turns: WriteTurns;
  #hasDisk = false;
  #isDead = false;

  constructor(disk: SimDisk, { wait, mayReorder, ...options }: SimLevelOptions = {}) {
    const manifest = {
      seek: true,
      has: true,
      getSync: true,
      permanence: true,
      implicitSnapshots: true,
      explicitSnapshots: true,
      encodings: { buffer: true },
    };
    super(manifest, { keyEncoding: 'buffer', valueEncoding: 'buffer', ...options });
    this.#disk = disk;
    this.#waitFor = wait;
    this.#turns = new WriteTurns(mayReorder);
  }

  /**
   * The process is gone: nothing of this that is under way, or is asked for later, ever settles or touches the disk. What
   * it had appended is there for the next one, which can be opened at once.
   */
  die(): void {
    this.#isDead = true;
    this.#leaveDisk();
  }

  async _open(): Promise<void> {
    await this.#wait({ kind: 'open', moment: 'before' });
    this.#disk.open();
    this.#hasDisk = true;
    await this.#wait({ kind: 'open', moment: 'after' });
  }

  async _close(): Promise<void> {
    await this.#turns.over();
    await this.#wait({ kind: 'close', moment: 'before' });
    this.#leaveDisk();
    await this.#wait({ kind: 'close', moment: 'after' });
  }

  async _get(key: Buffer, options: ReadOptions): Promise<Buffer | undefined> {
    const view = this.#viewFor(options);
    return this.#read(() => view.get(key));
  }

  /** At once, and so never in the middle of anything. */
  _getSync(key: Buffer, options: ReadOptions): Buffer | undefined {
    if (this.#isDead) throw notOpenError();
    return this.#viewFor(options).get(key);
  }

  async _getMany(keys: readonly Buffer[], options: ReadOptions): Promise<(Buffer | undefined)[]> {
    const view = this.#viewFor(options);
    return this.#read(() => keys.map((key) => view.get(key)));
  }

  async _has(key: Buffer, options: ReadOptions): Promise<boolean> {
    const view = this.#viewFor(options);
    return this.#read(() => view.has(key));
  }

  async _hasMany(keys: readonly Buffer[], options: ReadOptions): Promise<boolean[]> {
    const view = this.#viewFor(options);
    return this.#read(() => keys.map((key) => view.has(key)));
  }

  _iterator(options: SimIteratorOptions & ReadOptions): SimIterator {
    return new SimIterator(this, this.#viewFor(options), options, (read) => this.#read(read));
  }

  _snapshot(options: object): SimSnapshot {
    return new SimSnapshot(this.#viewFor({}), options);
  }

  async _put(key: Buffer, value: Buffer, options: WriteOptions): Promise<void> {
    await this._batch([{ key, value }], options);
  }

  async _del(key: Buffer, options: WriteOptions): Promise<void> {
    await this._batch([{ key, value: undefined }], options);
  }

  async _batch(operations: readonly Operation[], { sync }: WriteOptions): Promise<void> {
    const copies = operations.map(copyOf);
    await this.#turns.take(() => this.#write(copies, sync === true));
  }

  async _clear(options: ClearOptions): Promise<void> {
    const view = this.#viewFor(options);
    const keys = await this.#read(() => keysOf(view, options));
    for (let at = 0; at < keys.length; at += KEYS_PER_CLEAR_GROUP) {
      const group = keys.slice(at, at + KEYS_PER_CLEAR_GROUP).map((key) => ({ key, value: undefined }));
      await this.#turns.take(() => this.#clearGroup(group));
    }
  }

  /** As in LevelDB, the files of its log are empty afterwards, whatever the range is. */
  async compactRange(): Promise<void> {
    await this.#turns.take(async () => {
      await this.#wait({ kind: 'sync', moment: 'before' });
      this.#disk.emptyLog();
      await this.#wait({ kind: 'sync', moment: 'after' });
    });
  }

  async #write(operations: readonly Operation[], isSynced: boolean): Promise<void> {
    const writes = operations.length;
    await this.#wait({ kind: 'batch', moment: 'before', writes });
    this.#disk.append(operations);
    if (!isSynced) this.#disk.show(operations);
    await this.#wait({ kind: 'batch', moment: 'after', writes });
    if (isSynced) await this.#sync(operations);
  }

  async #sync(operations: readonly Operation[]): Promise<void> {
    const writes = operations.length;
    await this.#wait({ kind: 'sync', moment: 'before', writes });
    this.#disk.sync();
    this.#disk.show(operations);
    await this.#wait({ kind: 'sync', moment: 'after', writes });
  }

  /** Never synced: LevelDB's binding has no such option for it. */
  async #clearGroup(operations: readonly Operation[]): Promise<void> {
    const writes = operations.length;
    await this.#wait({ kind: 'clear', moment: 'before', writes });
    this.#disk.beginClearGroup();
    this.#disk.append(operations);
    this.#disk.show(operations);
    await this.#wait({ kind: 'clear', moment: 'after', writes });
  }

  async #read<T>(read: () => T): Promise<T> {
    await this.#wait({ kind: 'read', moment: 'before' });
    const answer = read();
    await this.#wait({ kind: 'read', moment: 'after' });
    return answer;
  }

  async #wait(step: DiskStep): Promise<void> {
    if (!this.#isDead) await this.#waitFor?.(step);
    if (this.#isDead) await new Promise<never>(() => undefined);
  }

  /** What a read sees is settled when it is asked for, as in classic-level. */
  #viewFor({ snapshot }: ReadOptions): SortedView {
    return snapshot?.view ?? (this.#isDead ? new SortedMap() : this.#disk.view());
  }

  #leaveDisk(): void {
    if (this.#hasDisk) this.#disk.close();
    this.#hasDisk = false;
  }
}

/** The disk's own: the writer may use its bytes again. */
function copyOf({ key, value }: Operation): Operation {
  return { key: Buffer.from(key), value: value === undefined ? undefined : Buffer.from(value) };
}

function keysOf(view: SortedView, { reverse, limit, ...range }: ClearOptions): readonly Buffer[] {
  const { low, high } = spanOf(view, range);
  const keys = view.slice(low, high).map(([key]) => key);
  if (reverse) keys.reverse();
  return limit === -1 ? keys : keys.slice(0, limit);
}
