import { copyFew, isSame } from '../bytes.ts';
import { DOCUMENT } from '../level/layout.ts';
import { checkKey, checkReadableCollection, LIMITS, SkeinError, type LineReader } from '@skein/protocol';

/** The document's Level key straight from the line's bytes; only a key with escapes in it has to become a string. */
export function levelKeyOf(lines: Buffer, line: LineReader): Buffer {
  const collectionBytes = line.collectionEnd - line.collectionStart;
  const rawBytes = line.keyEnd - line.keyStart;
  // A short key or a long one may be none at all; one without escapes that is in between needs no string to be proven.
  const isProven = !line.isKeyEscaped && rawBytes > 2 && rawBytes <= LIMITS.keyBytesMax;
  const escaped = isProven ? null : Buffer.from(checkKey(unescapedKey(line)));
  const keyBytes = escaped === null ? rawBytes : escaped.length;
  const key = Buffer.allocUnsafe(2 + collectionBytes + keyBytes);
  key[0] = DOCUMENT;
  copyFew(lines, line.collectionStart, line.collectionEnd, key, 1);
  key[1 + collectionBytes] = 0;
  if (escaped === null) copyFew(lines, line.keyStart, line.keyEnd, key, 2 + collectionBytes);
  else escaped.copy(key, 2 + collectionBytes);
  return key;
}

function unescapedKey(line: LineReader): string {
  try {
    return line.key();
  } catch {
    throw new SkeinError('bad_record', `the line of offset ${line.offset} has a key with escapes that are none`);
  }
}

/** Most lines name the collection of the line before: its string is made once. */
export class CollectionNames {
  #last = '';
  #lastBytes: Buffer = Buffer.alloc(0);

  nameOf(lines: Buffer, line: LineReader): string {
    const { collectionStart: start, collectionEnd: end } = line;
    if (this.#lastBytes.length !== end - start || !isSame(lines, start, end, this.#lastBytes, 0)) {
      this.#last = checkReadableCollection(line.collection());
      this.#lastBytes = lines.subarray(start, end);
    }
    return this.#last;
  }
}
