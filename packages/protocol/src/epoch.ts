import { SkeinError } from './errors.ts';

/**
 * An epoch names one leadership of a log: a counter that grows at promotion and restore, and eight random characters
 * that tell two leaderships of the same counter apart. Written `3-k9f3ab2c`.
 */
export type Epoch = string;

const EPOCH = /^(0|[1-9]\d{0,8})-([0-9a-z]{8})$/;
const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';

export function isEpoch(text: string): text is Epoch {
  return EPOCH.test(text);
}

export function parseEpoch(text: string): { readonly counter: number; readonly suffix: string } {
  const match = EPOCH.exec(text);
  if (match === null) throw new SkeinError('bad_position', `'${text}' is not an epoch`);
  return { counter: Number(match[1]), suffix: match[2]! };
}

/** Makes an epoch from eight random bytes, so that randomness stays an argument. */
export function makeEpoch(counter: number, random: Uint8Array): Epoch {
  let suffix = '';
  for (let i = 0; i < 8; i++) suffix += ALPHABET[random[i]! % ALPHABET.length];
  return `${counter}-${suffix}`;
}

export function epochCounter(epoch: Epoch): number {
  return Number(epoch.slice(0, epoch.indexOf('-')));
}

/** Whether a log may go on from one epoch to the next: to a higher counter. Equal counters are the same, or rivals. */
export function epochContinues(before: Epoch, next: Epoch): boolean {
  return next === before || epochCounter(next) > epochCounter(before);
}

/** An epoch and the first offset it wrote. A log's history is its spans in order; the last one is still growing. */
export interface EpochSpan {
  readonly epoch: Epoch;
  readonly offsetFirst: number;
}

/** The counter of the newest epoch of a history; 0 where there is none yet. */
export function newestCounter(history: readonly EpochSpan[]): number {
  const newest = history.at(-1);
  return newest === undefined ? 0 : epochCounter(newest.epoch);
}

/** The epoch that wrote an offset. */
export function epochOf(history: readonly EpochSpan[], offset: number): Epoch {
  for (let i = history.length - 1; i > 0; i--) if (history[i]!.offsetFirst <= offset) return history[i]!.epoch;
  return history[0]!.epoch;
}
