import { LineReader, recordLines, type JsonText, type RecordView } from '@skein/protocol';

/** A change of the log, as whoever tells of it needs it. */
export interface LoggedChange {
  readonly offset: number;
  readonly ts: number;
  /** The node that made it. */
  readonly origin: string;
  /** As in the line; a log that is none of a mesh has neither. */
  readonly stamp: string | undefined;
  readonly over: string | undefined;
  readonly collection: string;
  readonly key: string;
  /** Null when it deletes. */
  readonly valueText: JsonText | null;
}

const NEWLINE = 0x0a;

/** The changes of records behind an offset; the first record may begin before it. */
export function* changesOf(records: readonly RecordView[], after: number): Generator<LoggedChange> {
  const reader = new LineReader();
  for (const record of records) {
    const view = recordLines(record);
    const lines = Buffer.from(view.buffer, view.byteOffset, view.length);
    for (let at = 0; at < lines.length;) {
      const end = lines.indexOf(NEWLINE, at);
      reader.read(lines, at, end);
      at = end + 1;
      if (reader.offset <= after) continue;
      yield {
        offset: reader.offset,
        ts: reader.ts,
        origin: reader.origin(),
        stamp: reader.stamp(),
        over: reader.over(),
        collection: reader.collection(),
        key: reader.key(),
        valueText: reader.isDelete ? null : lines.toString('utf8', reader.valueStart, reader.valueEnd),
      };
    }
  }
}
