import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeLine, LineReader, parseLine, type Change, type ChangeHead } from './line.ts';
import { jsonPageFrame, ndjsonPageFrame, pageSchema, type PageFacts } from './page.ts';
import { formatPosition, parsePosition, START, ZERO_HASH } from './position.ts';
import { chainHash, parseRecords, recordPosition, writeRecordHeader, type RecordHeader } from './record.ts';
import {
  encodeIdempotencyLine,
  encodeSnapshotHeader,
  encodeSnapshotTrailer,
  parseIdempotencyLine,
  parseSnapshotPage,
  snapshotChecksum,
  type IdempotencyLine,
  type SnapshotHeader,
} from './snapshot.ts';
import { formatEtag, makeVersion, parseEtagList, parseVersion } from './version.ts';

/**
 * DESIGN section 5: the bytes that must never change. Each file of ../golden holds what version 1 of the protocol
 * writes; a test here fails when the code writes anything else, or no longer reads it. When a decision record allows a
 * change, `UPDATE_GOLDEN=1 npx vitest run packages/protocol` writes the files anew and the reviewer reads the diff.
 */
function expectGolden(name: string, written: string): string {
  const file = new URL(`../golden/${name}`, import.meta.url);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, written);
  const text = readFileSync(file, 'utf8');
  expect(written).toBe(text);
  return text;
}

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const hexRows = (bytes: Uint8Array): string => `${Buffer.from(bytes).toString('hex').replaceAll(/.{64}/g, '$&\n')}\n`;
const fromHexRows = (text: string): Buffer => Buffer.from(text.replaceAll('\n', ''), 'hex');

const EPOCH = '3-k9f3ab2c';
const at = (offset: number): Pick<ChangeHead, 'offset' | 'ts' | 'origin' | 'collection'> => ({
  offset,
  ts: 1767225600120 + offset,
  origin: 'leader-1',
  collection: 'orders',
});

/** Head and value text of each golden line, in the order of the file. */
const LINES: readonly (readonly [what: string, head: ChangeHead, valueText: string | undefined])[] = [
  ['a put', { ...at(1), key: 'o-1' }, '{"sum":12.5,"paid":false}'],
  ['a delete', { ...at(2), key: 'o-1' }, undefined],
  [
    'tx, idem and trace',
    {
      ...at(3),
      tx: 4,
      idem: 'A1b2:C3d4',
      trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      key: 'o-2',
    },
    '[1,2,3]',
  ],
  ['the last change of its transaction', { ...at(4), tx: 4, key: 'o-3' }, undefined],
  ['a key and a value with escapes', { ...at(5), key: 'a"b\\c/d\b\f\n\r\t\u0001\u007f' }, '"a\\"b\\\\c/d\\n\\u0001"'],
  ['__proto__ as key and in the value', { ...at(6), key: '__proto__' }, '{"__proto__":{"admin":true}}'],
  ['text beyond ASCII', { ...at(7), key: 'käse/日本/🦆/\u2028' }, '{"größe":"Ω🦆"}'],
  ['a key that looks like the end of the head', { ...at(8), key: '","op":"put","value":1}' }, 'null'],
  ['a value that looks like another line', { ...at(9), key: 'k' }, '{"offset":1,"value":{"value":2}}'],
  ['a key that begins with a byte order mark', { ...at(10), key: '\ufeffbom' }, '0'],
  ['a collection of the system', { ...at(11), collection: '$epochs', key: EPOCH }, '{"promoted":true}'],
  ['the largest offset', { ...at(1), offset: Number.MAX_SAFE_INTEGER, ts: 0, key: 'o-9' }, '""'],
  [
    'a change of a mesh',
    { ...at(13), origin: 'node-2', stamp: '1767225600100.17.k9f3ab2c', over: '1767225600007.node.1', key: 'o-1' },
    '7',
  ],
  [
    'the tombstone of one',
    {
      ...at(14),
      origin: 'node-2',
      stamp: '1767225600101.18.k9f3ab2c',
      tx: 15,
      collection: '$tombstones',
      key: 'orders/o-1',
    },
    'null',
  ],
];

const encoded = LINES.map(([, head, valueText]) => encodeLine(head, valueText));

/** The hash of a record as DESIGN words it, without the code under test. */
function hashOf(hashBefore: string, epoch: string, lines: string): string {
  const input = Buffer.concat([Buffer.from(hashBefore, 'hex'), Buffer.from(epoch), Buffer.from(lines)]);
  return createHash('sha256').update(input).digest('hex').slice(0, 16);
}

/** A record as the code under test builds it. */
function recordBytes(lines: readonly string[], offsetFirst: number, epoch: string, hashBefore: string): Buffer {
  const text = Buffer.from(`${lines.join('\n')}\n`);
  const bytes = Buffer.concat([Buffer.alloc(56), text]);
  const sha256 = (parts: readonly Uint8Array[]): Uint8Array =>
    createHash('sha256').update(Buffer.concat(parts)).digest();
  const hash = chainHash(sha256, hashBefore, epoch, text);
  const offsetLast = offsetFirst + lines.length - 1;
  writeRecordHeader(bytes, { linesBytes: text.length, offsetFirst, offsetLast, epoch, hashBefore, hash });
  return bytes;
}

const decode = (page: Uint8Array): readonly (RecordHeader & { readonly lines: string })[] =>
  parseRecords(page).map(({ bytes, ...header }) => ({ ...header, lines: Buffer.from(bytes.subarray(56)).toString() }));

const first = recordBytes(encoded.slice(0, 2), 1, EPOCH, ZERO_HASH);
const second = recordBytes(encoded.slice(2, 11), 3, '12-00000000', first.subarray(48, 56).toString('hex'));

describe('lines', () => {
  const written = `${encoded.join('\n')}\n`;

  it('are written as the golden file has them', () => {
    expectGolden('lines.ndjson', written);
  });

  it.each(LINES.map(([what, head, valueText], i) => ({ what, head, valueText, i })))(
    'are read back: $what',
    ({ head, valueText, i }) => {
      const line = expectGolden('lines.ndjson', written).split('\n')[i]!;
      const operation = valueText === undefined ? { op: 'delete' } : { op: 'put', value: JSON.parse(valueText) };
      expect(parseLine(line)).toStrictEqual({ ...head, ...operation });
      const bytes = Buffer.from(line);
      const reader = new LineReader();
      reader.read(bytes, 0, bytes.length);
      expect(reader.key()).toBe(head.key);
      expect(bytes.subarray(reader.valueStart, reader.valueEnd).toString()).toBe(valueText ?? '');
    },
  );
});

describe('records', () => {
  const page = Buffer.concat([first, second]);

  it('have their header where the specification says', () => {
    const bytes = fromHexRows(expectGolden('record.hex', hexRows(first)));
    const lines = bytes.subarray(56).toString();
    expect(bytes.subarray(0, 4).toString('latin1')).toBe('SKR\u0001');
    expect(bytes.readUInt32BE(4)).toBe(Buffer.byteLength(lines));
    expect(bytes.readBigUInt64BE(8)).toBe(1n);
    expect(bytes.readBigUInt64BE(16)).toBe(2n);
    expect(`${bytes.readBigUInt64BE(24)}-${bytes.subarray(32, 40).toString('latin1')}`).toBe(EPOCH);
    expect(bytes.subarray(40, 48).toString('hex')).toBe(ZERO_HASH);
    expect(bytes.subarray(48, 56).toString('hex')).toBe(hashOf(ZERO_HASH, EPOCH, lines));
  });

  it('chain into a page as the golden files have it', () => {
    const records = decode(fromHexRows(expectGolden('page.hex', hexRows(page))));
    expectGolden('page.decoded.json', pretty(records));
  });

  it('have hashes that node:crypto confirms', () => {
    const records = decode(fromHexRows(expectGolden('page.hex', hexRows(page))));
    for (const { hashBefore, epoch, lines, hash } of records) expect(hashOf(hashBefore, epoch, lines)).toBe(hash);
  });
});

describe('pages', () => {
  const next = recordPosition(parseRecords(second)[0]!);
  const facts: PageFacts = {
    log: 'f00dfeed0123456789abcdef',
    epoch: next.epoch,
    since: recordPosition(parseRecords(first)[0]!),
    next,
    head: { offset: 11, ts: 1767225600131 },
    tail: 1,
    upToDate: true,
  };
  const empty: PageFacts = { ...facts, since: START, next: START, head: { offset: 0, ts: null } };
  const changes = encoded.slice(2, 11);
  const parsed = changes.map((line) => JSON.parse(line) as Change);

  it('frame their lines in JSON as the golden file has it', () => {
    const { before, after } = jsonPageFrame(facts);
    const page = pageSchema.parse(JSON.parse(expectGolden('page.json', `${before}${changes.join(',')}${after}`)));
    expect(page).toMatchObject({ since: formatPosition(facts.since), next: formatPosition(next), tail: 1 });
    expect(page.changes).toStrictEqual(parsed);
  });

  it('frame their lines in NDJSON as the golden file has it', () => {
    const { before, after } = ndjsonPageFrame(facts);
    const page = expectGolden('page.ndjson', `${before}${changes.join('\n')}\n${after}`);
    const [header, ...rest] = page.trimEnd().split('\n');
    expect(JSON.parse(header!)).toMatchObject({ log: facts.log, since: formatPosition(facts.since) });
    expect(rest.slice(0, -1).map(parseLine)).toStrictEqual(parsed);
    expect(JSON.parse(rest.at(-1)!)).toStrictEqual({ next: formatPosition(next), head: facts.head, upToDate: true });
  });

  it('of an empty log have position 0 and no time', () => {
    const json = jsonPageFrame(empty);
    const ndjson = ndjsonPageFrame(empty);
    const pages = expectGolden('page.empty.ndjson', `${json.before}${json.after}\n${ndjson.before}${ndjson.after}`);
    const page = pageSchema.parse(JSON.parse(pages.split('\n')[0]!));
    expect(page).toMatchObject({ since: '0', next: '0', head: { offset: 0, ts: null }, changes: [] });
  });
});

describe('a page of a snapshot', () => {
  const sha256 = (parts: readonly Uint8Array[]): Uint8Array =>
    createHash('sha256').update(Buffer.concat(parts)).digest();
  const position = recordPosition(parseRecords(second)[0]!);
  const header: SnapshotHeader = {
    log: 'f00dfeed0123456789abcdef',
    position,
    history: [
      { epoch: EPOCH, offsetFirst: 1 },
      { epoch: position.epoch, offsetFirst: 3 },
    ],
    documents: 7,
  };
  const entry: IdempotencyLine = {
    keyDigest: '0123456789abcdef0123456789abcdef',
    requestDigest: 'f'.repeat(32),
    offsetFirst: 3,
    offsetLast: 4,
    ts: 1767225600123,
    created: [0, 1],
    position,
  };
  const put = LINES.findIndex(([what]) => what === 'text beyond ASCII');
  const before = `${encodeSnapshotHeader(header)}${encoded[put]}\n${encodeIdempotencyLine(entry)}\n`;
  const next = { kind: 'entry', offset: 3 } as const;

  it('is framed, and proven by its checksum, as the golden file has it', () => {
    const checksum = snapshotChecksum(sha256, [Buffer.from(before)], next);
    const written = `${before}${encodeSnapshotTrailer({ next, lines: 2, checksum })}`;
    const golden = expectGolden('snapshot.ndjson', written);
    const page = parseSnapshotPage(Buffer.from(golden), sha256);
    expect(page.header).toStrictEqual(header);
    expect(page.trailer).toStrictEqual({ next, lines: 2, checksum });
    const lines = Buffer.from(page.lines).toString().split('\n');
    expect(parseLine(lines[0]!)).toMatchObject({ key: LINES[put]![1].key });
    expect(parseIdempotencyLine(Buffer.from(lines[1]!))).toStrictEqual(entry);
    // As PROTOCOL.md words it, without the code under test.
    const untilTrailer = golden.slice(0, golden.lastIndexOf('\n', golden.length - 2) + 1);
    expect(createHash('sha256').update(`${untilTrailer}#3`).digest('hex').slice(0, 16)).toBe(checksum);
  });
});

describe('positions and versions', () => {
  const positions = [
    START,
    { offset: 1, epoch: '1-00000000', hash: ZERO_HASH },
    { offset: 1042, epoch: EPOCH, hash: '9f1c22d07a3be4c1' },
    { offset: Number.MAX_SAFE_INTEGER, epoch: '999999999-zzzzzzzz', hash: 'ffffffffffffffff' },
  ];

  it('are written and read as the golden file of positions has them', () => {
    const written = pretty(positions.map((position) => ({ text: formatPosition(position), position })));
    const read = JSON.parse(expectGolden('positions.json', written)) as { text: string; position: unknown }[];
    for (const { text, position } of read) expect(parsePosition(text)).toStrictEqual(position);
  });

  it('are written and read as the golden file of versions and ETags has them', () => {
    const versions = positions.slice(1).map(({ offset, epoch }) => {
      const version = makeVersion(offset, epoch);
      return { version, etag: formatEtag(version), offset, epoch };
    });
    const read = JSON.parse(expectGolden('versions.json', pretty(versions))) as typeof versions;
    for (const { version, etag, offset, epoch } of read) {
      expect(parseVersion(version)).toStrictEqual({ offset, epoch });
      expect(parseEtagList(etag)).toStrictEqual([version]);
    }
  });
});
