import type { Clock, Store } from '@skein/core';
import { formatPosition, parsePosition, samePosition, START, type Position } from '@skein/protocol';
import {
  neededFrom,
  newSlot,
  outboxDrift,
  slotAfterAcknowledgement,
  SLOTS_MAX,
  slotState,
  type RetentionPlan,
  type Slot,
  type SlotState,
} from '@skein/replication';
import { z } from 'zod';

/** A silence that has grown by this much is written down, so that it does not begin anew with each start of this node. */
const SILENCE_SAVED_EVERY_MS = 600_000;

/** A slot as it is stored: times of one process mean nothing to the next, silence does. */
const storedSlot = z.object({
  applied: z.string(),
  copying: z.string().nullable(),
  silentMs: z.number(),
  isLost: z.boolean(),
});

export interface SlotSeen {
  readonly id: string;
  readonly applied: string;
  /** The snapshot it is copying, if it is. */
  readonly copying: string | null;
  readonly lag_changes: number;
  /** Null while it has not been heard of since this node started. */
  readonly seen_seconds_ago: number | null;
  readonly state: SlotState;
  /** Why there is nothing for it: its history is another one. */
  readonly refusal: string | null;
}

/**
 * The followers of this node and what each has acknowledged. It lives in memory and is stored now and then, so that a
 * start finds the followers it kept its log for; a new one is stored before it has its first answer.
 */
export class SlotBook {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #slots = new Map<string, Slot>();
  /** Slots that are not stored as they are; null for those that are gone. */
  readonly #unsaved = new Map<string, Slot | null>();
  readonly #savedSilenceMs = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  #saving: Promise<void> | null = null;

  constructor(store: Store, clock: Clock, until?: AbortSignal) {
    this.#store = store;
    this.#clock = clock;
    store.subscribe(({ isAnew }) => {
      // Another copy has none of them.
      if (isAnew) for (const slot of this.#slots.values()) this.#unsaved.set(slot.id, slot);
    }, until);
  }

  /** Told whenever a follower has acknowledged something. */
  subscribe(listener: () => void): void {
    this.#listeners.add(listener);
  }

  async load(): Promise<void> {
    const nowMs = this.#clock.now();
    const stored: Slot[] = [];
    for (const [id, text] of await this.#store.slots()) stored.push(await this.#proven(slotOf(id, text, nowMs)));
    for (const slot of stored.toSorted((a, b) => a.seenAtMs - b.seenAtMs)) {
      this.#slots.set(slot.id, slot);
      this.#savedSilenceMs.set(slot.id, nowMs - slot.seenAtMs);
    }
  }

  /**
   * A follower asked for changes; `applied` is what it has durably, when it says so. Resolves when the follower is known
   * for good: at once, unless it is new. What is gone already cannot be kept, so nothing changes for who says that it needs
   * that: it is an old question that has come late, or one who is about to take a copy. A mesh remembers whoever asks, as one
   * that has nothing: he copies by comparing, and may have what is deleted here.
   */
  async seen(id: string, applied: Position | undefined): Promise<void> {
    const before = this.#slots.get(id);
    const kept = applied !== undefined && applied.offset + 1 >= this.#store.facts.tail ? applied : undefined;
    if (before === undefined && kept === undefined && this.#store.facts.identity.role !== 'mesh') return;
    const slot = before ?? newSlot(id, this.#clock.now());
    this.#putSeen(kept === undefined ? slot : slotAfterAcknowledgement(slot, kept), before);
    for (const tell of this.#listeners) tell();
    if (before === undefined) await this.#saveNow();
  }

  /** A follower copies the snapshot at a position, and will go on from there. Resolves when that is known for good. */
  async copies(id: string, position: Position): Promise<void> {
    const before = this.#slots.get(id);
    const slot = { ...(before ?? newSlot(id, this.#clock.now())), copying: position, isLost: false, refusal: null };
    this.#putSeen(slot, before);
    if (before?.copying?.offset !== position.offset) await this.#saveNow();
  }

  /** What it was answered: pages, or why there are none for it. */
  answered(id: string, refusal: string | null): void {
    const slot = this.#slots.get(id);
    if (slot !== undefined && slot.refusal !== refusal) this.#slots.set(id, { ...slot, refusal });
  }

  /** The log is not kept for it any more, unless it asks again. Answers whether it was known; that it is not now is durable. */
  async forget(id: string): Promise<boolean> {
    // One that is gone from memory is known for as long as that could not be stored.
    const isKnown = this.#slots.has(id) || this.#unsaved.get(id) === null;
    if (this.#slots.has(id)) this.#drop(id);
    if (isKnown) await this.save();
    return isKnown;
  }

  all(): Iterable<Slot> {
    return this.#slots.values();
  }

  get(id: string): SlotSeen | undefined {
    const slot = this.#slots.get(id);
    return slot === undefined ? undefined : this.#describe(slot);
  }

  /** Where the log must begin for all of them that are not lost. */
  keptFrom(): number {
    let from = Infinity;
    for (const slot of this.#slots.values()) if (!slot.isLost) from = Math.min(from, neededFrom(slot));
    return from;
  }

  /** Takes on what was planned; answers the slots that are lost now and were not before. */
  judge({ lost }: RetentionPlan): readonly Slot[] {
    const lostNow: Slot[] = [];
    for (const slot of this.#slots.values()) {
      const isLost = lost.has(slot.id);
      if (isLost === slot.isLost) continue;
      const judged = { ...slot, isLost };
      this.#put(judged, slot);
      if (isLost) lostNow.push(judged);
    }
    return lostNow;
  }

  /** Stores what has changed since the last time; resolves when all that was so before the call is durable. */
  async save(): Promise<void> {
    if (this.#saving !== null) {
      await this.#saving;
      if (this.#saving !== null) return this.#saving;
    }
    this.#saving = this.#save().finally(() => (this.#saving = null));
    return this.#saving;
  }

  drift(head: number): number | null {
    return outboxDrift(this.#slots.values(), head, this.#clock.now());
  }

  count(state: SlotState): number {
    const nowMs = this.#clock.now();
    return [...this.#slots.values()].filter((slot) => slotState(slot, nowMs) === state).length;
  }

  /** For those who ask. */
  describe(): readonly SlotSeen[] {
    return [...this.#slots.values()].map((slot) => this.#describe(slot));
  }

  /** What was acknowledged may be of another history than the one that is here now: then it is nothing of this one. */
  async #proven(slot: Slot): Promise<Slot> {
    const { applied } = slot;
    // What the log cannot tell is not proven.
    const held = await this.#store.positionAt(applied.offset).catch(() => undefined);
    const isOurs = applied.offset < this.#store.facts.tail - 1 || (held !== undefined && samePosition(held, applied));
    return isOurs ? slot : { ...slot, applied: START };
  }

  #describe(slot: Slot): SlotSeen {
    const nowMs = this.#clock.now();
    return {
      id: slot.id,
      applied: formatPosition(slot.applied),
      copying: slot.copying === null ? null : formatPosition(slot.copying),
      lag_changes: Math.max(0, this.#store.facts.head.offset - slot.applied.offset),
      seen_seconds_ago: slot.isHeard ? Math.round((nowMs - slot.seenAtMs) / 100) / 10 : null,
      state: slotState(slot, nowMs),
      refusal: slot.refusal,
    };
  }

  /** Taken out and put back, so that the map's order is the order of last sight. */
  #putSeen(slot: Slot, before: Slot | undefined): void {
    this.#slots.delete(slot.id);
    this.#put({ ...slot, seenAtMs: this.#clock.now(), isHeard: true }, before);
    if (this.#slots.size > SLOTS_MAX) this.#drop(this.#slots.keys().next().value!);
  }

  #put(slot: Slot, before: Slot | undefined): void {
    this.#slots.set(slot.id, slot);
    if (before === undefined || isNews(slot, before)) this.#unsaved.set(slot.id, slot);
  }

  /** What cannot be stored now is stored with the next ones. */
  async #saveNow(): Promise<void> {
    await this.save().catch(() => undefined);
  }

  #drop(id: string): void {
    this.#slots.delete(id);
    this.#savedSilenceMs.delete(id);
    this.#unsaved.set(id, null);
  }

  #noteSilence(nowMs: number): void {
    for (const slot of this.#slots.values()) {
      const grownMs = nowMs - slot.seenAtMs - (this.#savedSilenceMs.get(slot.id) ?? 0);
      if (grownMs >= SILENCE_SAVED_EVERY_MS) this.#unsaved.set(slot.id, slot);
    }
  }

  async #save(): Promise<void> {
    const nowMs = this.#clock.now();
    this.#noteSilence(nowMs);
    const unsaved = [...this.#unsaved];
    if (unsaved.length === 0) return;
    this.#unsaved.clear();
    try {
      await this.#store.saveSlots(new Map(unsaved.map(([id, slot]) => [id, slot && textOf(slot, nowMs)])));
      for (const [id, slot] of unsaved) if (slot !== null) this.#savedSilenceMs.set(id, nowMs - slot.seenAtMs);
    } catch (error) {
      for (const [id, slot] of unsaved) if (!this.#unsaved.has(id)) this.#unsaved.set(id, slot);
      throw error;
    }
  }
}

function isNews(slot: Slot, before: Slot): boolean {
  return (
    before.applied.offset !== slot.applied.offset ||
    before.copying?.offset !== slot.copying?.offset ||
    before.isLost !== slot.isLost
  );
}

function slotOf(id: string, text: string, nowMs: number): Slot {
  const { applied, copying, silentMs, isLost } = storedSlot.parse(JSON.parse(text));
  return {
    ...newSlot(id, nowMs - silentMs),
    applied: parsePosition(applied),
    copying: copying === null ? null : parsePosition(copying),
    isHeard: false,
    isLost,
  };
}

function textOf({ applied, copying, seenAtMs, isLost }: Slot, nowMs: number): string {
  return JSON.stringify({
    applied: formatPosition(applied),
    copying: copying === null ? null : formatPosition(copying),
    silentMs: Math.round(nowMs - seenAtMs),
    isLost,
  });
}
