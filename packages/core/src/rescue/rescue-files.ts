import { LineReader, recordLines, type Epoch } from '@skein/protocol';
import type { Store } from '../store.ts';

/** Where changes are saved that a node gives up. A file is there as a whole, durably, or not at all. */
export interface RescueFiles {
  write(name: string, lines: AsyncIterable<Uint8Array>): Promise<void>;
}

/** The first line of a rescue file; each that follows is a change as it stood in the log. */
export interface RescueHeader {
  readonly rescue: 1;
  readonly log: string;
  readonly node: string;
  /** The epoch that wrote the newest of them, and the one that goes on without them. */
  readonly epoch: Epoch;
  readonly replacedBy: Epoch;
  /** The last offset that both histories have. */
  readonly fork: number;
  /** The first offset in the file, and the last; the log may not have been kept back to the fork. */
  readonly from: number;
  readonly to: number;
}

const PART = { changesMax: 5000, bytesMax: 4 * 1024 * 1024 };
const NEWLINE = 0x0a;

/** Saves what a store has behind a fork; answers the name of the file. What was saved before is saved again, to the same. */
export async function rescueFrom(
  store: Store,
  { fork, replacedBy }: Pick<RescueHeader, 'fork' | 'replacedBy'>,
  files: RescueFiles,
): Promise<{ readonly name: string; readonly header: RescueHeader }> {
  const { identity, head, tail } = store.facts;
  const from = Math.max(fork + 1, tail);
  const header: RescueHeader = {
    rescue: 1,
    log: identity.log!,
    node: identity.node,
    epoch: head.epoch,
    replacedBy,
    fork,
    from,
    to: head.offset,
  };
  const name = `${head.epoch}.${from}-${head.offset}.ndjson`;
  await files.write(name, linesOf(store, header));
  return { name, header };
}

async function* linesOf(store: Store, header: RescueHeader): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${JSON.stringify(header)}\n`);
  for (let after = header.from - 1; after < header.to;) {
    const { records } = await store.readLog(after, PART);
    for (const record of records) yield linesFrom(recordLines(record), header.from);
    after = records.at(-1)!.offsetLast;
  }
}

/** The lines of a record from an offset on, which may be in the middle of it. */
function linesFrom(lines: Uint8Array, from: number): Uint8Array {
  const reader = new LineReader();
  let start = 0;
  for (; start < lines.length; start = lines.indexOf(NEWLINE, start) + 1) {
    reader.read(lines, start, lines.indexOf(NEWLINE, start));
    if (reader.offset >= from) break;
  }
  return lines.subarray(start);
}
