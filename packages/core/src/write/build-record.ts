import {
  chainHash,
  readRecord,
  RECORD_HEADER_BYTES,
  writeRecordHeader,
  type Epoch,
  type RecordView,
} from '@skein/protocol';
import { sha256 } from '../digest.ts';

export interface RecordSource {
  readonly lines: readonly string[];
  readonly offsetFirst: number;
  readonly epoch: Epoch;
  readonly hashBefore: string;
}

/** Makes the record of one group commit, in the form it is stored, sent and stored again. */
export function buildRecord({ lines, offsetFirst, epoch, hashBefore }: RecordSource): RecordView {
  const text = `${lines.join('\n')}\n`;
  const linesBytes = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(RECORD_HEADER_BYTES + linesBytes);
  bytes.write(text, RECORD_HEADER_BYTES);
  const hash = chainHash(sha256, hashBefore, epoch, bytes.subarray(RECORD_HEADER_BYTES));
  const offsetLast = offsetFirst + lines.length - 1;
  writeRecordHeader(bytes, { linesBytes, offsetFirst, offsetLast, epoch, hashBefore, hash });
  return readRecord(bytes);
}
