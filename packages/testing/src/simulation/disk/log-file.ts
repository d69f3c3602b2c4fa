import { bytesOf, type Operation } from './operation.ts';

interface StoredBatch {
  operations: readonly Operation[];
  /** A recovery finds its block damaged, drops it and says nothing. */
  isUnreadable: boolean;
}

/**
 * One file of LevelDB's own log: the batches appended to it in order, and how many of them a sync has made safe. What a
 * recovery reads of it may be less than what was appended.
 */
export class LogFile {
  readonly #batches: StoredBatch[] = [];
  #syncedCount = 0;
  /** From this batch on, everything is framed wrongly and no recovery finds it. */
  #lostFrom = Infinity;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#batches.length;
  }

  get unsyncedCount(): number {
    return this.#batches.length - this.#syncedCount;
  }

  append(operations: readonly Operation[]): void {
    this.#batches.push({ operations, isUnreadable: false });
    this.#bytes += bytesOf(operations);
  }

  /** An append has failed half-way: LevelDB goes on behind it as if it had not, and what it appends there is lost. */
  loseWhatFollows(): void {
    this.#lostFrom = Math.min(this.#lostFrom, this.#batches.length);
  }

  /** Makes all that was appended safe, and answers what of it a recovery will now find for certain. */
  sync(): readonly (readonly Operation[])[] {
    const from = this.#syncedCount;
    this.#syncedCount = this.#batches.length;
    return this.#readable(from, this.#syncedCount);
  }

  /** Takes the last batch back: its sync failed and it did not reach the disk. */
  dropLast(): void {
    this.#batches.pop();
  }

  /** The power has gone: of what was not synced, this many batches had reached the disk. */
  keepUnsynced(count: number): void {
    this.#batches.length = this.#syncedCount + count;
    this.#syncedCount = this.#batches.length;
  }

  damage(index: number): void {
    this.#batches[index]!.isUnreadable = true;
  }

  /** Changes the newest value of a key; false when this file has none. */
  changeValue(key: Buffer, change: (value: Buffer) => Buffer): boolean {
    for (const batch of this.#batches.toReversed()) {
      const index = batch.operations.findLastIndex(({ key: other, value }) => value !== undefined && other.equals(key));
      if (index === -1) continue;
      batch.operations = batch.operations.with(index, { key, value: change(batch.operations[index]!.value!) });
      return true;
    }
    return false;
  }

  /** Everything that was appended, as the process that appended it has it in memory. */
  appended(): readonly (readonly Operation[])[] {
    return this.#batches.map(({ operations }) => operations);
  }

  /** What a recovery finds. */
  recoverable(): readonly (readonly Operation[])[] {
    return this.#readable(0, this.#batches.length);
  }

  /** What a recovery finds even when nothing that was not synced has reached the disk. */
  durable(): readonly (readonly Operation[])[] {
    return this.#readable(0, this.#syncedCount);
  }

  #readable(from: number, to: number): readonly (readonly Operation[])[] {
    return this.#batches
      .slice(from, Math.min(to, this.#lostFrom))
      .filter(({ isUnreadable }) => !isUnreadable)
      .map(({ operations }) => operations);
  }
}
