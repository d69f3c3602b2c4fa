import { epochContinues, isEpoch, type Epoch } from './epoch.ts';
import { SkeinError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { Position } from './position.ts';

/**
 * A record is the changes of one group commit: a header of 56 bytes, then its lines, each ended by \n. Numbers are
 * big-endian.
 *
 *     0  4  "SKR" and the format, 1          24  8  counter of the epoch
 *     4  4  bytes of lines                   32  8  suffix of the epoch, ASCII
 *     8  8  offset of the first change       40  8  hash before
 *    16  8  offset of the last change        48  8  hash
 *
 *     hash = first 8 bytes of SHA-256(hash before ‖ epoch as text ‖ lines)
 *
 * The hash chains every record to all that came before it, so equal positions mean equal histories.
 */
export const RECORD_HEADER_BYTES = 56;

const MAGIC = 0x534b5201;

export interface RecordHeader {
  readonly linesBytes: number;
  readonly offsetFirst: number;
  readonly offsetLast: number;
  readonly epoch: Epoch;
  readonly hashBefore: string;
  readonly hash: string;
}

/** A record in place: its header, and its bytes as a view into the page it came in. */
export interface RecordView extends RecordHeader {
  readonly bytes: Uint8Array;
}

/** SHA-256 over the concatenation of the parts; an argument, so that this package runs wherever JavaScript does. */
export type Sha256 = (parts: readonly Uint8Array[]) => Uint8Array;

const ascii = new TextEncoder();
const text = new TextDecoder();

export function recordPosition(record: RecordHeader): Position {
  return { offset: record.offsetLast, epoch: record.epoch, hash: record.hash };
}

export function recordLines(record: RecordView): Uint8Array {
  return record.bytes.subarray(RECORD_HEADER_BYTES);
}

export function chainHash(sha256: Sha256, hashBefore: string, epoch: Epoch, lines: Uint8Array): string {
  return toHex(sha256([fromHex(hashBefore), ascii.encode(epoch), lines]), 8);
}

/** Writes the header into the first 56 bytes of a record. */
export function writeRecordHeader(bytes: Uint8Array, header: RecordHeader): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, RECORD_HEADER_BYTES);
  const dash = header.epoch.indexOf('-');
  view.setUint32(0, MAGIC);
  view.setUint32(4, header.linesBytes);
  view.setBigUint64(8, BigInt(header.offsetFirst));
  view.setBigUint64(16, BigInt(header.offsetLast));
  view.setBigUint64(24, BigInt(header.epoch.slice(0, dash)));
  bytes.set(ascii.encode(header.epoch.slice(dash + 1)), 32);
  bytes.set(fromHex(header.hashBefore), 40);
  bytes.set(fromHex(header.hash), 48);
}

/** Reads the record that begins at `at`; throws `bad_record` when the bytes there are not one whole record. */
export function readRecord(bytes: Uint8Array, at = 0): RecordView {
  if (bytes.length - at < RECORD_HEADER_BYTES) throw bad('is cut off in its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, RECORD_HEADER_BYTES);
  if (view.getUint32(0) !== MAGIC) throw bad('does not begin like one');
  const linesBytes = view.getUint32(4);
  const end = at + RECORD_HEADER_BYTES + linesBytes;
  if (linesBytes > LIMITS.recordBytesMax) throw bad('is over the limit');
  if (end > bytes.length) throw bad('is cut off');
  const epoch = `${view.getBigUint64(24)}-${text.decode(bytes.subarray(at + 32, at + 40))}`;
  const record = {
    linesBytes,
    offsetFirst: Number(view.getBigUint64(8)),
    offsetLast: Number(view.getBigUint64(16)),
    epoch,
    hashBefore: toHex(bytes.subarray(at + 40, at + 48), 8),
    hash: toHex(bytes.subarray(at + 48, at + 56), 8),
    bytes: bytes.subarray(at, end),
  };
  if (!isEpoch(epoch)) throw bad('has no epoch');
  if (!(record.offsetFirst >= 1 && record.offsetFirst <= record.offsetLast)) throw bad('has no offsets');
  if (!Number.isSafeInteger(record.offsetLast)) throw bad('has an offset out of range');
  return record;
}

/**
 * Splits a page into its records. Past this point the records are known to be whole, contiguous among themselves, linked
 * hash to hash and of epochs that only grow; whether they continue what a reader has, and whether the hashes are true, is
 * the reader's check.
 */
export function parseRecords(page: Uint8Array): readonly RecordView[] {
  const records: RecordView[] = [];
  for (let at = 0; at < page.length;) {
    const record = readRecord(page, at);
    const before = records.at(-1);
    if (before !== undefined && before.offsetLast + 1 !== record.offsetFirst) throw bad('leaves a gap behind the last');
    if (before !== undefined && before.hash !== record.hashBefore) throw bad('is not chained to the last');
    if (before !== undefined && !epochContinues(before.epoch, record.epoch)) throw bad('is of an older or rival epoch');
    records.push(record);
    at += record.bytes.length;
  }
  return records;
}

function bad(what: string): SkeinError {
  return new SkeinError('bad_record', `a record ${what}`);
}

const [DIGIT_0, DIGIT_9, LETTER_A] = [0x30, 0x39, 0x61];

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function toHex(bytes: Uint8Array, count: number): string {
  let hex = '';
  for (let i = 0; i < count; i++) hex += HEX[bytes[i]!];
  return hex;
}

function fromHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = (digitOf(hex.charCodeAt(2 * i)) << 4) | digitOf(hex.charCodeAt(2 * i + 1));
  return bytes;
}

/** Of lower-case hex, as all hashes are. */
function digitOf(unit: number): number {
  return unit <= DIGIT_9 ? unit - DIGIT_0 : unit - LETTER_A + 10;
}
