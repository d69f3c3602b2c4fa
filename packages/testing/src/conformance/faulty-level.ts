import type { Level } from '@skein/core';

type Batch = ReturnType<Level['batch']>;
type Iterator = ReturnType<Level['iterator']>;

interface WriteFault {
  /** How many writes still go through before this one. */
  skip: number;
  /** Whether it is stored all the same: its writer is told that it failed, and cannot know. */
  readonly isStored: boolean;
  readonly error: Error;
}

export const DISK_FULL = new Error('IO error: 000003.log: No space left on device');
export const DISK_FAILED = new Error('IO error: 000003.log: Input/output error');

/**
 * Makes a database fail on demand. It changes the methods of the one given, so everything that holds that database meets
 * the faults; without one planned, all goes through.
 */
export class FaultyLevel {
  readonly #level: Level;
  #fault: WriteFault | undefined;
  #opensToFail = 0;
  /** How many iterations still go through before one fails. */
  #iteratorsToPass = Infinity;
  #gate: Promise<void> | undefined;
  /** Batches that were begun. */
  batches = 0;
  /** Batch writes that were asked for. */
  writes = 0;
  /** Batch writes that are being done at this moment, and the most there ever were at once. */
  writesInFlight = 0;
  writesInFlightMax = 0;

  constructor(level: Level) {
    this.#level = level;
    const plain = {
      batch: level.batch.bind(level),
      open: level.open.bind(level),
      iterator: level.iterator.bind(level),
    };
    Object.assign(level, {
      batch: () => this.#faulty(plain.batch()),
      open: async (...options: Parameters<Level['open']>) => {
        if (this.#opensToFail-- > 0) throw DISK_FAILED;
        await plain.open(...options);
      },
      iterator: (...options: Parameters<Level['iterator']>) => this.#faultyIterator(plain.iterator(...options)),
    });
  }

  /** Fails one batch write: the next, or the one after `skip` more. */
  failWrite({ skip = 0, isStored = false, error = DISK_FAILED }: Partial<WriteFault> = {}): void {
    this.#fault = { skip, isStored, error };
  }

  failOpens(times: number): void {
    this.#opensToFail = times;
  }

  /** Fails one iteration: the next, or the one after `skip` more. */
  failIterator(skip = 0): void {
    this.#iteratorsToPass = skip;
  }

  /** Holds every batch write back until the answer is called. */
  holdWrites(): () => void {
    let release = (): void => undefined;
    this.#gate = new Promise((resolve) => (release = resolve));
    return () => {
      this.#gate = undefined;
      release();
    };
  }

  /** Turns one bit of what is stored under a key, behind the store's back. */
  async flipBit(key: Buffer, bit: number): Promise<void> {
    const value = Buffer.from((await this.#level.get(key))!);
    value[bit >> 3]! ^= 1 << (bit & 7);
    await this.#level.put(key, value);
  }

  #faulty(batch: Batch): Batch {
    this.batches++;
    const write = batch.write.bind(batch);
    return Object.assign(batch, {
      write: async (...options: Parameters<Batch['write']>) => {
        this.writes++;
        this.writesInFlightMax = Math.max(this.writesInFlightMax, ++this.writesInFlight);
        try {
          await this.#gate;
          await this.#write(write, options);
        } finally {
          this.writesInFlight--;
        }
      },
    });
  }

  #faultyIterator(iterator: Iterator): Iterator {
    if (this.#iteratorsToPass-- > 0) return iterator;
    this.#iteratorsToPass = Infinity;
    const fail = (): Promise<never> => Promise.reject(DISK_FAILED);
    return Object.assign(iterator, { next: fail, nextv: fail, all: fail });
  }

  async #write(write: Batch['write'], options: Parameters<Batch['write']>): Promise<void> {
    const fault = this.#fault;
    if (fault === undefined || fault.skip-- > 0) return write(...options);
    this.#fault = undefined;
    if (fault.isStored) await write(...options);
    throw fault.error;
  }
}
