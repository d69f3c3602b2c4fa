import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isEpoch, makeEpoch, parseEpoch } from './epoch.ts';
import { isSkeinError, type ErrorCode } from './errors.ts';
import { formatPosition, parsePosition, parseSince, type Since } from './position.ts';
import { formatEtag, makeVersion, parseEtagList, parseVersion } from './version.ts';

const epoch = fc
  .tuple(fc.nat(999_999_999), fc.uint8Array({ minLength: 8, maxLength: 8 }))
  .map(([counter, random]) => makeEpoch(counter, random));
const offset = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }));
const hash = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const position = fc.record({ offset, epoch, hash }, { noNullPrototype: true });

/** Text near a position: pieces of one, put together at random. */
const piece = fc.constantFrom(
  '0',
  '1',
  '00',
  '42',
  '-',
  '+',
  '.',
  '..',
  ' ',
  'e',
  'now',
  '3-k9f3ab2c',
  '9f1c22d07a3be4c1',
);
const near = fc.oneof(
  fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
  fc.string(),
);

function orRefused<T>(code: ErrorCode, parse: () => T): T | 'refused' {
  try {
    return parse();
  } catch (error) {
    if (isSkeinError(error, code)) return 'refused';
    throw error;
  }
}

function formatSince(since: Since): string {
  switch (since.kind) {
    case 'now':
      return 'now';
    case 'offset':
      return String(since.offset);
    case 'position':
      return formatPosition(since.position);
  }
}

describe('positions, versions and epochs', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(position, (p) => {
        expect(parsePosition(formatPosition(p))).toStrictEqual(p);
        const version = makeVersion(p.offset, p.epoch);
        expect(parseVersion(version)).toStrictEqual({ offset: p.offset, epoch: p.epoch });
        expect(parseEtagList(formatEtag(version))).toStrictEqual([version]);
        expect(isEpoch(p.epoch)).toBe(true);
        const { counter, suffix } = parseEpoch(p.epoch);
        expect(`${counter}-${suffix}`).toBe(p.epoch);
      }),
    );
  });

  it('have one spelling: what is read is written the same, everything else is refused', () => {
    fc.assert(
      fc.property(near, (text) => {
        const since = orRefused('bad_position', () => parseSince(text));
        if (since !== 'refused') expect(formatSince(since)).toBe(text);
        const version = orRefused('bad_version', () => parseVersion(text));
        if (version !== 'refused') expect(makeVersion(version.offset, version.epoch)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });
});
