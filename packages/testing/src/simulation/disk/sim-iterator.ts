import { AbstractIterator, type AbstractIteratorOptions } from 'abstract-level';
import type { Level } from '@skein/core';
import { indexAfter, isWithin, spanOf, type Range, type Span } from './range.ts';
import type { SortedView } from './sorted-map.ts';

export type SimIteratorOptions = AbstractIteratorOptions<Buffer, Buffer> & Range;

/** Does a read as a step of the disk. */
export type Reading = <T>(read: () => T) => Promise<T>;

/** Walks over a view. Everything asked of it is one read. */
export class SimIterator extends AbstractIterator<Level, Buffer, Buffer> {
  readonly #view: SortedView;
  readonly #range: Range;
  readonly #span: Span;
  readonly #isReverse: boolean;
  readonly #reading: Reading;
  #at: number;

  constructor(level: Level, view: SortedView, options: SimIteratorOptions, reading: Reading) {
    super(level, options);
    this.#view = view;
    this.#range = options;
    this.#span = spanOf(view, options);
    this.#isReverse = options.reverse === true;
    this.#reading = reading;
    this.#at = this.#isReverse ? this.#span.high - 1 : this.#span.low;
  }

  async _next(): Promise<[Buffer, Buffer] | undefined> {
    return this.#reading(() => this.#take(1)[0]);
  }

  async _nextv(size: number): Promise<[Buffer, Buffer][]> {
    return this.#reading(() => this.#take(size));
  }

  async _all(): Promise<[Buffer, Buffer][]> {
    return this.#reading(() => this.#take(this.limit - this.count));
  }

  _seek(target: Buffer): void {
    if (!isWithin(this.#range, target)) this.#at = this.#span.high;
    else if (this.#isReverse) this.#at = indexAfter(this.#view, target, 0) - 1;
    else this.#at = this.#view.indexOf(target);
  }

  #take(size: number): [Buffer, Buffer][] {
    const taken: [Buffer, Buffer][] = [];
    while (taken.length < size && this.#at >= this.#span.low && this.#at < this.#span.high) {
      // abstract-level changes the pairs it is given.
      taken.push([...this.#view.at(this.#at)!]);
      this.#at += this.#isReverse ? -1 : 1;
    }
    return taken;
  }
}
