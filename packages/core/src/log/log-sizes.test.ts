import type { RecordView } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { LogSizes } from './log-sizes.ts';

const MIB = 1024 * 1024;

/** Records of half a MiB with ten changes each. */
function log(records: number): LogSizes {
  const sizes = new LogSizes();
  for (let i = 0; i < records; i++)
    sizes.note({ offsetFirst: 1 + i * 10, bytes: new Uint8Array(MIB / 2) } as unknown as RecordView);
  return sizes;
}

describe('the size of a log', () => {
  it('is that of its records, less what was trimmed, to within a mark', () => {
    const sizes = log(10);
    expect(sizes.bytes).toBe(5 * MIB);
    sizes.trimmed(41);
    expect(sizes.bytes).toBe(3 * MIB);
    sizes.trimmed(51);
    expect(sizes.bytes).toBe(3 * MIB);
    expect(new LogSizes().bytes).toBe(0);
  });

  it('tells where the log would have to begin to be within a bound, and never goes over it', () => {
    const sizes = log(10);
    expect(sizes.startWithin(100 * MIB)).toBe(1);
    expect(sizes.startWithin(5 * MIB)).toBe(1);
    expect(sizes.startWithin(5 * MIB - 1)).toBe(21);
    expect(sizes.startWithin(2 * MIB)).toBe(61);
    expect(sizes.startWithin(0)).toBe(81);
    expect(new LogSizes().startWithin(0)).toBe(1);
  });
});
