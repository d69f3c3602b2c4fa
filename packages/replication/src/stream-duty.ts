/**
 * Event streams are ended by the node about once a minute, so that readers spread over the nodes there are; not all in the same
 * moment, or they would come back in one.
 */
const LIFE_MS_MIN = 48_000;
const LIFE_MS_MAX = 72_000;

/** A connection that carries nothing for longer than this is taken for dead by what stands between: 15 s, less a look. */
const SILENCE_MS_MAX = 14_000;

/** Whoever has not taken what was sent to it within this time is too slow, or gone. */
const TAKING_MS_MAX = 15_000;

/** The same for the last of it. */
const LEAVING_MS_MAX = 5000;

/** What a node knows of an event stream it serves. */
export interface StreamState {
  /** When something was sent last. */
  readonly sentAtMs: number;
  /** All that was sent has been handed to the network. */
  readonly isTaken: boolean;
  /** When it is to end, at the latest. */
  readonly endsAtMs: number;
  /** When it was ended; null while it goes on. */
  readonly endedAtMs: number | null;
}

/** `cut` takes the connection down: whatever the reader has not got, it asks for again. */
export type StreamDuty = 'nothing' | 'beat' | 'end' | 'cut';

/** How long a stream is to go on, by dice of 0 to 1. */
export function streamLifeMs(random: number): number {
  return LIFE_MS_MIN + random * (LIFE_MS_MAX - LIFE_MS_MIN);
}

/** What is due of a stream now; looked at every second. */
export function streamDuty({ sentAtMs, isTaken, endsAtMs, endedAtMs }: StreamState, nowMs: number): StreamDuty {
  if (endedAtMs !== null) return nowMs - endedAtMs >= LEAVING_MS_MAX ? 'cut' : 'nothing';
  if (!isTaken && nowMs - sentAtMs >= TAKING_MS_MAX) return 'cut';
  if (nowMs >= endsAtMs) return 'end';
  return isTaken && nowMs - sentAtMs >= SILENCE_MS_MAX ? 'beat' : 'nothing';
}
