import { SkeinError } from '@skein/protocol';

const NEWLINE = 0x0a;

/**
 * The lines of a stream, as many at once as have come: waiting for each would cost more than all that is done with it. Memory
 * is bounded by one line and one chunk.
 */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  lineBytesMax: number,
  onChunk?: (chunk: Buffer) => void,
): AsyncGenerator<Iterable<Buffer>> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    onChunk?.(chunk);
    const buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = buffer.lastIndexOf(NEWLINE) + 1;
    if (end > 0) yield wholeLines(buffer.subarray(0, end), lineBytesMax);
    rest = Buffer.from(buffer.subarray(end));
    if (rest.length > lineBytesMax) throw tooLong(lineBytesMax);
  }
  const last = trimmed(rest);
  if (last.length > 0) yield [last];
}

/** One after the other, so that those before one that is too long are had. */
function* wholeLines(buffer: Buffer, lineBytesMax: number): Generator<Buffer> {
  let at = 0;
  for (let end = buffer.indexOf(NEWLINE); end !== -1; end = buffer.indexOf(NEWLINE, at)) {
    const line = trimmed(buffer.subarray(at, end));
    at = end + 1;
    if (line.length > lineBytesMax) throw tooLong(lineBytesMax);
    yield line;
  }
}

function trimmed(line: Buffer): Buffer {
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}

function tooLong(lineBytesMax: number): SkeinError {
  return new SkeinError('too_large', `a line is over ${lineBytesMax} bytes`);
}
