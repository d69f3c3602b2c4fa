import type { Clock } from '@skein/core';
import { formatPosition, type Position } from '@skein/protocol';
import { isLive, outboxDrift, SLOTS_MAX, type Slot } from '@skein/replication';

/** The readers that have named themselves, and what each has acknowledged. Kept in memory: who is gone is forgotten. */
export class SlotBook {
  readonly #clock: Clock;
  readonly #slots = new Map<string, Slot>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A reader asked for changes; `applied` is what it has durably, when it says so. */
  seen(id: string, applied: Position | undefined): void {
    const before = this.#slots.get(id);
    // Taken out and put back, so that the map's order is the order of last sight.
    this.#slots.delete(id);
    const known = applied ?? before?.applied;
    if (known !== undefined) this.#slots.set(id, { id, applied: known, seenAtMs: this.#clock.now() });
    if (this.#slots.size > SLOTS_MAX) this.#slots.delete(this.#slots.keys().next().value!);
  }

  drift(head: number): number | null {
    return outboxDrift(this.#slots.values(), head, this.#clock.now());
  }

  live(): number {
    const now = this.#clock.now();
    return [...this.#slots.values()].filter((slot) => isLive(slot, now)).length;
  }

  /** For /v1/status. */
  describe(head: number): readonly Readonly<Record<string, unknown>>[] {
    const now = this.#clock.now();
    return [...this.#slots.values()].map((slot) => ({
      id: slot.id,
      applied: formatPosition(slot.applied),
      lag_changes: Math.max(0, head - slot.applied.offset),
      seen_seconds_ago: Math.round((now - slot.seenAtMs) / 100) / 10,
      live: isLive(slot, now),
    }));
  }
}
