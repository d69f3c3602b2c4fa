import { branchDigest, rootDigest, type DigestedRange } from '@skein/protocol';
import { sha256 } from '../digest.ts';

/**
 * Documents cut into leaves, and leaves gathered into branches, in the order of their places. Places are kept as byte
 * strings, one character a byte, because those are small, and `<` orders them as the bytes are ordered. Nothing is changed
 * in place: a newer tree shares with the older one what is the same.
 */
export interface Leaf {
  /** Place of the first document. */
  readonly start: string;
  /** Whether it begins a branch also when it is not the first of the store. */
  readonly beginsBranch: boolean;
  readonly documents: number;
  /** In hexadecimal. */
  readonly hash: string;
}

export interface Branch {
  readonly start: string;
  readonly documents: number;
  readonly hash: string;
  readonly leaves: readonly Leaf[];
}

export interface DigestTree {
  readonly documents: number;
  readonly hash: string;
  readonly branches: readonly Branch[];
}

/** Gathers leaves into branches; those that hold the same leaves as a branch of the tree before are taken from there. */
export function treeOf(leaves: readonly Leaf[], before?: DigestTree): DigestTree {
  const known = new Map(before?.branches.map((branch) => [branch.start, branch]));
  const branches: Branch[] = [];
  let from = 0;
  for (let to = 1; to <= leaves.length; to++) {
    if (to < leaves.length && !leaves[to]!.beginsBranch) continue;
    branches.push(branchOf(leaves.slice(from, to), known));
    from = to;
  }
  return { documents: countOf(branches), hash: hex(rootDigest(sha256, branches.map(digested))), branches };
}

function branchOf(leaves: readonly Leaf[], known: ReadonlyMap<string, Branch>): Branch {
  const { start } = leaves[0]!;
  const same = known.get(start);
  if (same?.leaves.length === leaves.length && same.leaves.every((leaf, i) => leaf === leaves[i])) return same;
  return { start, documents: countOf(leaves), hash: hex(branchDigest(sha256, leaves.map(digested))), leaves };
}

function countOf(ranges: readonly { readonly documents: number }[]): number {
  return ranges.reduce((sum, { documents }) => sum + documents, 0);
}

function digested({ start, documents, hash }: Leaf | Branch): DigestedRange {
  return { place: Buffer.from(start, 'latin1'), documents, hash: Buffer.from(hash, 'hex') };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** The first of the ranges that begins at a place or behind it. */
export function firstFrom(ranges: readonly { readonly start: string }[], place: string): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]!.start < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
