import { LIMITS, type Position } from '@skein/protocol';
import { encodeJson } from '../facts.ts';
import { idempotencyAgeKey, idempotencyKey } from '../level/layout.ts';
import type { LevelBatch } from '../level/level.ts';
import { putSealed, unseal } from '../level/sealed.ts';
import type { Idempotency } from './operation.ts';

/**
 * An idempotency key travels in the line as two digests, of the key and of the request, so that every node that holds
 * the log can answer a repeat, and the key itself stays private. The entry is written in the batch of its change.
 */
export interface IdempotencyEntry {
  readonly requestDigest: string;
  readonly offsetFirst: number;
  readonly offsetLast: number;
  readonly ts: number;
  readonly position: Position;
  /** Which of its changes created their documents, counted from its first. */
  readonly created: readonly number[];
}

const IDEM = /^([0-9a-f]{32})\.([0-9a-f]{32})$/;
const KEPT_MS = LIMITS.idempotencyHoursKept * 3600 * 1000;

export function formatIdem(idempotency: Idempotency): string {
  return `${idempotency.keyDigest}.${idempotency.requestDigest}`;
}

/** Undefined for a line written by something else than Skein: it is carried, but answers no repeat. */
export function parseIdem(idem: string): Idempotency | undefined {
  const match = IDEM.exec(idem);
  return match === null ? undefined : { keyDigest: match[1]!, requestDigest: match[2]! };
}

/** Under the digest of its key, and that under its age. */
export function putEntry(batch: LevelBatch, keyDigest: string, entry: IdempotencyEntry): void {
  putSealed(batch, idempotencyKey(keyDigest), encodeJson(entry));
  putSealed(batch, idempotencyAgeKey(entry.offsetFirst), Buffer.from(keyDigest, 'latin1'));
}

export function decodeEntry(keyDigest: string, sealed: Buffer): IdempotencyEntry {
  return JSON.parse(unseal(idempotencyKey(keyDigest), sealed).toString()) as IdempotencyEntry;
}

/** Age is measured along the log, whose time never goes back, so that every node forgets alike. */
export function isExpired(entry: IdempotencyEntry, nowTs: number): boolean {
  return nowTs - entry.ts > KEPT_MS;
}
