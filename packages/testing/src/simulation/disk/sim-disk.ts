import { Files, type Dice } from './files.ts';
import { diskFailedError, diskFullError, lockedError } from './level-errors.ts';
import { apply, type Operation } from './operation.ts';
import { PlannedFault } from './planned-fault.ts';
import type { SortedMap, SortedView } from './sorted-map.ts';

export interface SimDiskOptions {
  /** A log file that has grown to this is full. Small, so that worlds see what happens when the next is begun. */
  readonly logBytesMax?: number | undefined;
}

interface FaultPlan {
  /** How many go through before the one that fails. */
  readonly skip?: number | undefined;
  readonly error?: Error | undefined;
}

interface SyncFaultPlan extends FaultPlan {
  /** Whether the batch is there when the database is opened again: its writer is told that it failed, and cannot know. */
  readonly isStored: boolean;
}

interface Fault {
  readonly error: Error;
}

interface SyncFault extends Fault {
  readonly isStored: boolean;
}

const LOG_BYTES_MAX = 16 * 1024;

/**
 * A node's disk: what survives its process. It misbehaves on demand, in the ways LevelDB and file systems were measured
 * to. The processes are SimLevels, one at a time; a process that dies leaves everything it had appended, and only a power
 * cut takes of what was not synced.
 */
export class SimDisk {
  readonly #files: Files;
  /** What the process that has the database open sees: more than its files hold, once they are damaged. */
  #memory: SortedMap | undefined;
  /** A sync has failed: LevelDB writes nothing more until it is opened again. */
  #refusesWrites = false;
  readonly #appendFault = new PlannedFault<Fault>();
  readonly #syncFault = new PlannedFault<SyncFault>();
  readonly #clearFault = new PlannedFault<Fault>();
  #openRefusals = { times: 0, error: diskFailedError() };

  constructor({ logBytesMax = LOG_BYTES_MAX }: SimDiskOptions = {}) {
    this.#files = new Files(logBytesMax);
  }

  // What a SimLevel does.

  open(): void {
    if (this.#memory !== undefined) throw lockedError();
    if (this.#openRefusals.times-- > 0) throw this.#openRefusals.error;
    this.#files.recover();
    this.#memory = this.#files.recoverable();
    this.#refusesWrites = false;
  }

  /** Closing syncs nothing, so the end of a process is the same. */
  close(): void {
    this.#memory = undefined;
  }

  append(operations: readonly Operation[]): void {
    if (this.#refusesWrites) throw diskFailedError();
    const fault = this.#appendFault.strike();
    if (fault !== undefined) {
      this.#files.failAppend();
      throw fault.error;
    }
    this.#files.append(operations);
  }

  sync(): void {
    const fault = this.#syncFault.strike();
    if (fault !== undefined) {
      this.#refusesWrites = true;
      if (!fault.isStored) this.#files.dropLast();
      throw fault.error;
    }
    this.#files.sync();
  }

  /** Moves what the log files hold into the tables; LevelDB says nothing when it cannot, and writes no more. */
  emptyLog(): void {
    if (!this.#refusesWrites) this.#files.emptyLogs();
  }

  /** Lets readers see a batch, all of it at once. */
  show(operations: readonly Operation[]): void {
    apply(operations, this.#memory!);
  }

  /** Asked before each group of keys that a `clear()` removes. */
  beginClearGroup(): void {
    const fault = this.#clearFault.strike();
    if (fault !== undefined) throw fault.error;
  }

  /** What readers see now, and those that keep it go on seeing. */
  view(): SortedView {
    return this.#memory!.fork();
  }

  // What a world does to it.

  /** Each log file keeps what was synced and, by the dice, some beginning of what was not. The process must be dead. */
  powerCut(dice: Dice): void {
    if (this.#memory !== undefined) throw new Error('a power cut ends the process: let the SimLevel die first');
    this.#files.cutPower(dice);
  }

  /**
   * One append fails. LevelDB takes no notice: what is written to that log file afterwards is acknowledged and read, also
   * synced, and gone when the database is opened again. Opened again at once, it has lost the failed batch only.
   */
  failNextAppend({ skip = 0, error = diskFullError() }: FaultPlan = {}): void {
    this.#appendFault.plan({ error }, skip);
  }

  /** One sync fails, and every write after it until the database is opened again. */
  failNextSync({ isStored, skip = 0, error = diskFailedError() }: SyncFaultPlan): void {
    this.#syncFault.plan({ isStored, error }, skip);
  }

  /** A `clear()` stops before its next group of keys, or after `skip` groups: those are gone, the others stay. */
  failNextClear({ skip = 1, error = diskFailedError() }: FaultPlan = {}): void {
    this.#clearFault.plan({ error }, skip);
  }

  refuseOpens(times: number, error = diskFailedError()): void {
    this.#openRefusals = { times, error };
  }

  /** Changes one bit of one value that can be read, without any sign of it. Answers its key; undefined when there is none. */
  flipStored(dice: Dice, pick: (key: Buffer) => boolean = () => true): Buffer | undefined {
    const entries = [...this.content()].filter(([key, value]) => value.length > 0 && pick(key));
    const entry = entries[dice.below(entries.length)];
    if (entry === undefined) return undefined;
    const [key, value] = entry;
    const bit = dice.below(value.length * 8);
    this.#files.changeValue(key, (stored) => withBitFlipped(stored, bit));
    this.#memory?.set([key, withBitFlipped(value, bit)]);
    return key;
  }

  /**
   * Damages a block in the middle of a log file: the next recovery drops its batch in silence and goes on behind it. What
   * has gone into the tables by then is not lost. False when there is no such block.
   */
  skipBlock(dice: Dice): boolean {
    return this.#files.damageBatch(dice);
  }

  // What a checker asks.

  /** What a reader sees; of a closed database, what it would see once it were open. */
  content(): SortedView {
    return (this.#memory ?? this.#files.recoverable()).fork();
  }

  /** What would be left if the power were cut now and took all it may. */
  durableContent(): SortedView {
    return this.#files.durable().fork();
  }

  durableHas(key: Buffer): boolean {
    return this.#files.durable().has(key);
  }
}

function withBitFlipped(value: Buffer, bit: number): Buffer {
  const flipped = Buffer.from(value);
  const at = bit % (flipped.length * 8);
  flipped[at >> 3]! ^= 1 << (at & 7);
  return flipped;
}
