import {
  chainHash,
  readRecord,
  RECORD_HEADER_BYTES,
  writeRecordHeader,
  type Epoch,
  type RecordView,
} from '@skein/protocol';
import { sha256 } from '../digest.ts';

const NEWLINE = 0x0a;

export interface RecordSource {
  readonly lines: readonly string[];
  readonly offsetFirst: number;
  readonly epoch: Epoch;
  readonly hashBefore: string;
}

/** Makes the record of one group commit, in the form it is stored, sent and stored again. */
export function buildRecord({ lines, offsetFirst, epoch, hashBefore }: RecordSource): RecordView {
  const bytes = recordOfAscii(lines) ?? recordOf(lines);
  const linesBytes = bytes.length - RECORD_HEADER_BYTES;
  const hash = chainHash(sha256, hashBefore, epoch, bytes.subarray(RECORD_HEADER_BYTES));
  const offsetLast = offsetFirst + lines.length - 1;
  writeRecordHeader(bytes, { linesBytes, offsetFirst, offsetLast, epoch, hashBefore, hash });
  return readRecord(bytes);
}

/** No character has more bytes: a line that does not fit is cut behind more of them than it has characters. */
const SPARE_BYTES = 4;

/** Lines written one by one, with room for the header before them; undefined when one is not all ASCII. */
function recordOfAscii(lines: readonly string[]): Buffer | undefined {
  let size = RECORD_HEADER_BYTES + SPARE_BYTES;
  for (const line of lines) size += line.length + 1;
  const bytes = Buffer.allocUnsafe(size);
  let at = RECORD_HEADER_BYTES;
  for (const line of lines) {
    const written = bytes.write(line, at);
    if (written !== line.length) return undefined;
    at += written;
    bytes[at++] = NEWLINE;
  }
  return bytes.subarray(0, at);
}

function recordOf(lines: readonly string[]): Buffer {
  const text = `${lines.join('\n')}\n`;
  const bytes = Buffer.allocUnsafe(RECORD_HEADER_BYTES + Buffer.byteLength(text));
  bytes.write(text, RECORD_HEADER_BYTES);
  return bytes;
}
