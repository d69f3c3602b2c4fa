import { LogFile } from './log-file.ts';
import { apply, type Operation } from './operation.ts';
import { SortedMap } from './sorted-map.ts';

/** Where a fault's chances come from; a world's `Rng` is one. */
export interface Dice {
  /** A whole number below the limit. */
  below(limit: number): number;
}

/**
 * What LevelDB has in its directory, as data: sorted tables, which are safe, and log files, of which only the synced
 * beginning is. When a log file is full the next is begun and the full one is not synced, as in LevelDB; it goes into the
 * tables when the next but one is begun. So there are at most two, and synced batches in the newer one may stand behind
 * unsynced ones in the older.
 */
export class Files {
  readonly #logBytesMax: number;
  #tables = new SortedMap();
  #logs: LogFile[] = [new LogFile()];
  /** Kept up to date by every sync; dropped by whatever changes more than its end. */
  #durable: SortedMap | undefined;

  constructor(logBytesMax: number) {
    this.#logBytesMax = logBytesMax;
  }

  append(operations: readonly Operation[]): void {
    if (this.#newest.bytes >= this.#logBytesMax) this.#beginLog();
    this.#newest.append(operations);
  }

  failAppend(): void {
    this.#newest.loseWhatFollows();
  }

  sync(): void {
    for (const operations of this.#newest.sync()) if (this.#durable !== undefined) apply(operations, this.#durable);
  }

  dropLast(): void {
    this.#newest.dropLast();
  }

  /** What opening a database does first: what can be read of the logs goes into the tables. */
  recover(): void {
    this.#tables = this.recoverable();
    this.#logs = [new LogFile()];
    this.#durable = undefined;
  }

  /** What a recovery finds. */
  recoverable(): SortedMap {
    const found = this.#tables.fork();
    for (const log of this.#logs) for (const operations of log.recoverable()) apply(operations, found);
    return found;
  }

  /** What a recovery finds after the worst power cut there may be. */
  durable(): SortedMap {
    this.#durable ??= this.#findDurable();
    return this.#durable;
  }

  cutPower(dice: Dice): void {
    for (const log of this.#logs) log.keepUnsynced(dice.below(log.unsyncedCount + 1));
    this.#durable = undefined;
  }

  /** Changes the newest value stored under a key, wherever it is. */
  changeValue(key: Buffer, change: (value: Buffer) => Buffer): void {
    this.#durable = undefined;
    if (this.#logs.toReversed().some((log) => log.changeValue(key, change))) return;
    this.#tables.set([key, change(this.#tables.get(key)!)]);
  }

  /** Damages a batch that has others behind it in its file; false when there is none. */
  damageBatch(dice: Dice): boolean {
    const places = this.#logs.flatMap((log) => Array.from({ length: log.count - 1 }, (_, index) => ({ log, index })));
    const place = places[dice.below(places.length)];
    place?.log.damage(place.index);
    this.#durable = undefined;
    return place !== undefined;
  }

  get #newest(): LogFile {
    return this.#logs.at(-1)!;
  }

  emptyLogs(): void {
    this.#intoTables(this.#logs.length);
  }

  #beginLog(): void {
    this.#intoTables(this.#logs.length - 1);
  }

  /** What goes into the tables here comes from memory: no damage done to the log file since is in it. */
  #intoTables(count: number): void {
    for (const log of this.#logs.splice(0, count)) {
      for (const operations of log.appended()) apply(operations, this.#tables);
    }
    this.#logs.push(new LogFile());
    this.#durable = undefined;
  }

  #findDurable(): SortedMap {
    const durable = this.#tables.fork();
    for (const log of this.#logs) for (const operations of log.durable()) apply(operations, durable);
    return durable;
  }
}
