import { isEpoch, type Epoch } from './epoch.ts';
import { SkeinError } from './errors.ts';

/**
 * A place in a log: the offset, the epoch that wrote it and the chain hash of the record that holds it.
 * Two positions are the same place only when all three agree; they are compared by their parts, never as text.
 */
export interface Position {
  readonly offset: number;
  readonly epoch: Epoch;
  /** 16 hex digits. */
  readonly hash: string;
}

/** Where a reader wants to begin; exclusive. */
export type Since =
  | { readonly kind: 'now' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'position'; readonly position: Position };

/** The hash before the first record of every log. */
export const ZERO_HASH = '0000000000000000';

/** The position of an empty log; written `0`. */
export const START: Position = { offset: 0, epoch: '', hash: ZERO_HASH };

const OFFSET = /^(0|[1-9]\d{0,15})$/;
const HASH = /^[0-9a-f]{16}$/;

/** A whole number in plain decimal, without sign, leading zeros or exponent, that a double holds exactly. */
export function parseOffset(text: string): number | undefined {
  if (!OFFSET.test(text)) return undefined;
  const offset = Number(text);
  return Number.isSafeInteger(offset) ? offset : undefined;
}

export function formatPosition(position: Position): string {
  return position.offset === 0 ? '0' : `${position.offset}.${position.epoch}.${position.hash}`;
}

export function parsePosition(text: string): Position {
  const since = parseSince(text);
  if (since.kind === 'position') return since.position;
  throw badPosition(text);
}

export function parseSince(text: string): Since {
  if (text === 'now') return { kind: 'now' };
  const [offsetText = '', epoch, hash, ...rest] = text.split('.');
  const offset = parseOffset(offsetText);
  if (offset === undefined || rest.length > 0) throw badPosition(text);
  if (offset === 0 && epoch === undefined) return { kind: 'position', position: START };
  if (epoch === undefined) return { kind: 'offset', offset };
  if (offset === 0 || hash === undefined || !isEpoch(epoch) || !HASH.test(hash)) throw badPosition(text);
  return { kind: 'position', position: { offset, epoch, hash } };
}

export function samePosition(a: Position, b: Position): boolean {
  return a.offset === b.offset && a.epoch === b.epoch && a.hash === b.hash;
}

function badPosition(text: string): SkeinError {
  return new SkeinError('bad_position', `'${clip(text)}' is not a position`);
}

function clip(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
