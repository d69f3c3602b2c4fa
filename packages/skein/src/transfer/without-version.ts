const KEY = Buffer.from('{"key":"');
const VERSION = Buffer.from(',"version":"');
const VALUE = Buffer.from('","value":');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** A version has an offset and an epoch, of 16 and of 18 characters at most, and a dot. */
const VERSION_BYTES_MAX = 40;

/**
 * A document of a page as a line that puts it: nobody says the version of what is to be written. Whatever is not exactly as
 * Skein writes it stays as it is. The value is carried as bytes.
 */
export function withoutVersion(text: Buffer): Buffer {
  if (!startsAt(text, 0, KEY)) return text;
  const keyEnd = endOfString(text, KEY.length);
  if (keyEnd === -1 || !startsAt(text, keyEnd, VERSION)) return text;
  const versionStart = keyEnd + VERSION.length;
  const versionEnd = text.subarray(versionStart, versionStart + VERSION_BYTES_MAX + VALUE.length).indexOf(VALUE);
  if (versionEnd === -1) return text;
  // Of `","value":` the quote belongs to the version.
  return Buffer.concat([text.subarray(0, keyEnd), text.subarray(versionStart + versionEnd + 1)]);
}

/** Behind the quote that ends a string, given where the string begins; -1 where it has no end. */
function endOfString(text: Buffer, start: number): number {
  for (let at = start; at < text.length; at++) {
    if (text[at] === BACKSLASH) at++;
    else if (text[at] === QUOTE) return at + 1;
  }
  return -1;
}

function startsAt(text: Buffer, at: number, wanted: Buffer): boolean {
  return text.subarray(at, at + wanted.length).equals(wanted);
}
