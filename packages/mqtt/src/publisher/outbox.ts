/** What has been handed to the broker, and may or may not have come there yet. */
export interface InFlight {
  offset: number;
  isDone: boolean;
}

/** The log as it is now, and how far behind its end an outbox may be. */
export interface OutboxBounds {
  readonly head: number;
  readonly tail: number;
  readonly limit: number;
}

/**
 * A cursor into the log, and those changes behind it that are on their way: there is no second queue. What it says of each
 * change: up to `cursor`, it is with the broker or will never be told; up to `sentTo`, it is on its way; the rest waits in
 * the log. The broker may acknowledge in any order; the cursor moves over an unbroken row only.
 */
export class Outbox {
  #cursor: number;
  #sentTo: number;
  #row: InFlight[] = [];

  constructor(cursor: number) {
    this.#cursor = cursor;
    this.#sentTo = cursor;
  }

  get cursor(): number {
    return this.#cursor;
  }

  get sentTo(): number {
    return this.#sentTo;
  }

  /** Nothing is on its way. */
  get isAtRest(): boolean {
    return this.#row.length === 0;
  }

  /** Passes over the oldest changes where they are too many, or are not in the log any more; answers how many. */
  passOver({ head, tail, limit }: OutboxBounds): number {
    const floor = Math.max(head - limit, tail - 1);
    const passed = floor - this.#cursor;
    if (passed <= 0) return 0;
    this.#cursor = floor;
    this.#sentTo = Math.max(this.#sentTo, floor);
    this.#row = this.#row.filter(({ offset }) => offset > floor);
    this.#advance();
    return passed;
  }

  /** A change that is not told. */
  leaveOut(offset: number): void {
    this.#sentTo = offset;
    const last = this.#row.at(-1);
    if (last === undefined) this.#cursor = offset;
    else if (last.isDone) last.offset = offset;
    else this.#row.push({ offset, isDone: true });
  }

  /** A change goes on its way; the answer is to be given back when it has come there. */
  send(offset: number): InFlight {
    const sent = { offset, isDone: false };
    this.#sentTo = offset;
    this.#row.push(sent);
    return sent;
  }

  acknowledge(sent: InFlight): void {
    sent.isDone = true;
    this.#advance();
  }

  /** Nothing is known of what was on its way: it goes again. What is acknowledged of it later says nothing any more. */
  rewind(): void {
    this.#row = [];
    this.#sentTo = this.#cursor;
  }

  #advance(): void {
    let done = 0;
    while (this.#row[done]?.isDone === true) this.#cursor = this.#row[done++]!.offset;
    if (done > 0) this.#row.splice(0, done);
  }
}
