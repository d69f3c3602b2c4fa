import { z } from 'zod';
import { SkeinError } from './errors.ts';
import type { Sha256 } from './record.ts';
import type { Version } from './version.ts';

/**
 * What two nodes must agree on to find where their documents differ.
 *
 * A document's *place* is the UTF-8 of `collection 00 key`; documents are in the byte order of their places. A hash of
 * the place alone decides whether a document begins a new *leaf*, and whether that leaf begins a new *branch*, so both
 * sides cut their documents at the same places without a word. The first document of a store begins both. A document
 * more or less moves no boundary but its own: everything behind it is cut as before.
 *
 * Equal hashes mean equal documents. They are ordered, and each level has its own first byte, so nothing cancels out
 * and a hash of one level cannot pass for one of another. Numbers are big-endian:
 *
 *     document   00 ‖ bytes of place (4) ‖ place ‖ bytes of version (4) ‖ version ‖ value as stored
 *     leaf       01 ‖ hashes of its documents
 *     branch     02 ‖ for each leaf: bytes of place (4) ‖ place of its first document ‖ documents (8) ‖ hash
 *     root       03 ‖ the same for each branch
 *
 * Each is the first 16 bytes of SHA-256. By value, the version is left empty: offsets of two logs cannot be compared. By stamp,
 * as nodes of a mesh compare, it is `MS.SEQ.INCARNATION@NODE` and the value is left empty: changes with equal stamps are the same.
 * Documents without a stamp are passed over then.
 */
export type DigestBy = 'version' | 'value' | 'stamp';

export const DIGESTS_BY = ['version', 'value', 'stamp'] as const satisfies readonly DigestBy[];

/** How many low bits of a place's hash must be zero for its document to begin a leaf or a branch. */
export interface DigestShape {
  readonly leafBits: number;
  readonly branchBits: number;
}

/** 256 documents to a leaf and 64 leaves to a branch, on average. */
export const DIGEST_SHAPE: DigestShape = { leafBits: 8, branchBits: 14 };

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a over the place, mixed as MurmurHash3 ends: FNV alone leaves its low bits poor. */
export function placeHash(bytes: Uint8Array, start = 0): number {
  let hash = FNV_OFFSET;
  for (let i = start; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, FNV_PRIME);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Whether a document with this hash of its place begins a leaf, or a branch, also when it is not the first. */
export function beginsWith(hash: number, bits: number): boolean {
  return (hash & ((1 << bits) - 1)) === 0;
}

const DIGEST_BYTES = 16;

export interface DigestedDocument {
  readonly place: Uint8Array;
  /** As text; empty by value, a stamp by stamp. */
  readonly version: string;
  readonly value: Uint8Array;
}

export function documentDigest(sha256: Sha256, { place, version, value }: DigestedDocument): Uint8Array {
  const head = new Uint8Array(9 + place.length + version.length);
  putLength(head, 1, place.length);
  head.set(place, 5);
  const at = 5 + place.length;
  putLength(head, at, version.length);
  // A version is ASCII.
  for (let i = 0; i < version.length; i++) head[at + 4 + i] = version.charCodeAt(i);
  return sha256([head, value]).subarray(0, DIGEST_BYTES);
}

function putLength(bytes: Uint8Array, at: number, length: number): void {
  bytes[at] = length >>> 24;
  bytes[at + 1] = length >>> 16;
  bytes[at + 2] = length >>> 8;
  bytes[at + 3] = length;
}

export function leafDigest(sha256: Sha256, documents: readonly Uint8Array[]): Uint8Array {
  return sha256([Uint8Array.of(1), ...documents]).subarray(0, DIGEST_BYTES);
}

export interface DigestedRange {
  /** Place of its first document. */
  readonly place: Uint8Array;
  readonly documents: number;
  readonly hash: Uint8Array;
}

export function branchDigest(sha256: Sha256, leaves: readonly DigestedRange[]): Uint8Array {
  return rangesDigest(sha256, 2, leaves);
}

export function rootDigest(sha256: Sha256, branches: readonly DigestedRange[]): Uint8Array {
  return rangesDigest(sha256, 3, branches);
}

function rangesDigest(sha256: Sha256, level: number, ranges: readonly DigestedRange[]): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(level)];
  for (const { place, documents, hash } of ranges) {
    const length = new Uint8Array(4);
    putLength(length, 0, place.length);
    const count = new Uint8Array(8);
    new DataView(count.buffer).setBigUint64(0, BigInt(documents));
    parts.push(length, place, count, hash);
  }
  return sha256(parts).subarray(0, DIGEST_BYTES);
}

/** A place as text: `collection/key`. Collections hold no "/", so it is taken apart at the first one. */
export type Place = string;

export function formatPlace(collection: string, key: string): Place {
  return `${collection}/${key}`;
}

export function parsePlace(place: Place): { readonly collection: string; readonly key: string } {
  const slash = place.indexOf('/');
  if (slash === -1) throw new SkeinError('bad_query', `'${place.slice(0, 80)}' is not COLLECTION/KEY`);
  return { collection: place.slice(0, slash), key: place.slice(slash + 1) };
}

/** Orders places as their bytes: collections first, then keys by code points, which is the order of UTF-8. */
export function comparePlaces(a: Place, b: Place): number {
  const [left, right] = [parsePlace(a), parsePlace(b)];
  if (left.collection !== right.collection) return left.collection < right.collection ? -1 : 1;
  return compareCodePoints(left.key, right.key);
}

function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** UTF-16 has its surrogates below U+E000; the code points they stand for are above U+FFFF. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** Documents from one place up to another, not included; null is where there is no end. */
export interface PlaceRange {
  readonly from: Place | null;
  readonly to: Place | null;
}

export const EVERYWHERE: PlaceRange = { from: null, to: null };

const hash = z.string().regex(/^[0-9a-f]{32}$/);
const place = z.string().regex(/^[^/]+\/./su);
const documents = z.int().nonnegative();

/** What a node says of all its documents. */
export const digestRootSchema = z.object({
  log: z.string().nullable(),
  epoch: z.string().nullable(),
  position: z.string(),
  documents,
  hash,
  by: z.enum(DIGESTS_BY),
});

/** A position that a node holds, to be compared at. */
export const digestPinSchema = z.object({ log: z.string().nullable(), position: z.string() });

/** Leaves or branches that begin in a range, in order; `next` is where to go on from. */
export const digestRangesSchema = z.object({
  position: z.string(),
  entries: z.array(z.object({ from: place, documents, hash })),
  next: place.optional(),
});

export const digestDocumentsSchema = z.object({
  position: z.string(),
  entries: z.array(z.object({ collection: z.string(), key: z.string(), version: z.string(), hash })),
  next: place.optional(),
});

export type DigestRoot = Readonly<z.infer<typeof digestRootSchema>>;

/** A leaf or a branch: it begins with the document at `from`. */
export interface DigestRange {
  readonly from: Place;
  readonly documents: number;
  readonly hash: string;
}

export interface DigestEntry {
  readonly collection: string;
  readonly key: string;
  /** By stamp, that. */
  readonly version: Version;
  readonly hash: string;
}

export interface DigestPage<Entry> {
  readonly entries: readonly Entry[];
  /** Where to go on from; undefined when this was all. */
  readonly next?: Place | undefined;
}

/** More are not sent at once. */
export const DIGEST_ENTRIES_MAX = 5000;
