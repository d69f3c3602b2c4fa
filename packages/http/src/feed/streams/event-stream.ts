import { Readable } from 'node:stream';
import type { Clock } from '@skein/core';
import { bareId, formatPosition, HEARTBEAT, type Position } from '@skein/protocol';
import type { StreamState } from '@skein/replication';
import type { EncodedPage } from '../encode-page.ts';
import { selectedText, type Selected } from '../page-key.ts';

const BEAT = Buffer.from(HEARTBEAT);

export interface EventStreamOptions {
  readonly clock: Clock;
  readonly selected: Selected;
  readonly position: Position;
  readonly endsAtMs: number;
  /** Told whenever all that was sent has been taken, and there is room for more. */
  readonly onTaken: () => void;
}

/**
 * What one reader of events is sent. Nothing is queued: it is given one piece at a time, and the next one when that has been
 * handed to the network, so what it costs is its connection and that piece, which it shares with whoever else is there.
 */
export class EventStream extends Readable {
  readonly selected: Selected;
  /** Everything up to here that it wants has been sent. */
  position: Position;
  readonly #clock: Clock;
  readonly #selectedText: string;
  readonly #endsAtMs: number;
  readonly #onTaken: () => void;
  #idOffset: number;
  #sentAtMs: number;
  #isTaken = false;
  #endedAtMs: number | null = null;

  constructor({ clock, selected, position, endsAtMs, onTaken }: EventStreamOptions) {
    // Asked for a piece only when there is none.
    super({ highWaterMark: 0 });
    this.selected = selected;
    this.position = position;
    this.#clock = clock;
    this.#selectedText = selectedText(selected);
    this.#endsAtMs = endsAtMs;
    this.#onTaken = onTaken;
    this.#idOffset = position.offset;
    this.#sentAtMs = clock.now();
  }

  get state(): StreamState {
    return {
      sentAtMs: this.#sentAtMs,
      isTaken: this.#isTaken,
      endsAtMs: this.#endsAtMs,
      endedAtMs: this.#endedAtMs,
    };
  }

  get isOver(): boolean {
    return this.#endedAtMs !== null || this.destroyed;
  }

  /** Those who have this in common get the same next. */
  get place(): string {
    return `${formatPosition(this.position)} ${this.#selectedText}`;
  }

  /** How it begins. */
  begin(opening: string): void {
    this.#send(Buffer.from(opening));
  }

  /** What comes behind its position; of a page with nothing in it only where it ends. */
  go(page: EncodedPage): void {
    if (this.isOver) return;
    this.position = page.facts.next;
    if (page.changes === 0) return;
    this.#idOffset = this.position.offset;
    this.#send(page.body);
  }

  /** A sign of life; and how far it is, where it could not know: it does not have to look at all that again. */
  beat(): void {
    if (this.isOver) return;
    this.#send(this.#isAhead ? Buffer.from(bareId(this.position)) : BEAT);
    this.#idOffset = this.position.offset;
  }

  /** Ends behind what was sent. */
  finish(lastWords: string): void {
    if (this.isOver) return;
    this.#send(Buffer.from(this.#isAhead ? `${lastWords}${bareId(this.position)}` : lastWords));
    this.#endedAtMs = this.#sentAtMs;
    this.push(null);
  }

  override _read(): void {
    this.#isTaken = true;
    this.#onTaken();
  }

  /** It has come further than the last id says. */
  get #isAhead(): boolean {
    return this.position.offset > this.#idOffset;
  }

  #send(bytes: Buffer): void {
    this.#isTaken = false;
    this.#sentAtMs = this.#clock.now();
    this.push(bytes);
  }
}
