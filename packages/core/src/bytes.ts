/** The same memory as a Buffer, for its native search, copy and compare. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The one of two keys that comes later, and the one that comes first. */
export function later(a: Buffer, b: Buffer): Buffer {
  return a.compare(b) >= 0 ? a : b;
}

export function earlier(a: Buffer, b: Buffer): Buffer {
  return a.compare(b) <= 0 ? a : b;
}

/** Up to so many bytes a loop is faster than a call of Buffer's own. */
const FEW = 64;

export function copyFew(source: Buffer, start: number, end: number, target: Buffer, at: number): void {
  if (end - start > FEW) source.copy(target, at, start, end);
  else for (let i = start; i < end; i++) target[at + i - start] = source[i]!;
}

/** Whether a part of some bytes is the same as what stands in others. */
export function isSame(bytes: Uint8Array, start: number, end: number, other: Uint8Array, otherStart: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== other[otherStart + i - start]) return false;
  return true;
}

/** Whether one key comes before another in the order of LevelDB. */
export function isBefore(a: Buffer, b: Buffer): boolean {
  const length = Math.min(a.length, b.length, FEW);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return length < FEW ? a.length < b.length : a.compare(b) < 0;
}
