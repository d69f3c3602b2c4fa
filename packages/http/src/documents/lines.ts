import type { Readable } from 'node:stream';
import { SkeinError } from '@skein/protocol';

const NEWLINE = 0x0a;

/**
 * The lines of a stream. Memory is bounded by one line and one chunk. The stream is left standing
 * when the caller stops early, so that it can still be answered on the same connection.
 */
export async function* linesOf(
  stream: Readable,
  lineBytesMax: number,
  onChunk?: (chunk: Buffer) => void,
): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Buffer;
    onChunk?.(bytes);
    const buffer = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    let at = 0;
    for (let end = buffer.indexOf(NEWLINE); end !== -1; end = buffer.indexOf(NEWLINE, at)) {
      const line = trimmed(buffer.subarray(at, end));
      at = end + 1;
      if (line.length > lineBytesMax) throw tooLong(lineBytesMax);
      yield line;
    }
    rest = Buffer.from(buffer.subarray(at));
    if (rest.length > lineBytesMax) throw tooLong(lineBytesMax);
  }
  const last = trimmed(rest);
  if (last.length > 0) yield last;
}

function trimmed(line: Buffer): Buffer {
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}

function tooLong(lineBytesMax: number): SkeinError {
  return new SkeinError('too_large', `a line is over ${lineBytesMax} bytes`);
}
