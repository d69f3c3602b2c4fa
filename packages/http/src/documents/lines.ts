import { SkeinError } from '@skein/protocol';

const NEWLINE = 0x0a;

/** The lines of a stream. Memory is bounded by one line and one chunk. */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  lineBytesMax: number,
  onChunk?: (chunk: Buffer) => void,
): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    onChunk?.(chunk);
    const buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
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
