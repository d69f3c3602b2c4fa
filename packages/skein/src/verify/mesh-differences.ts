import { Comparison, type ComparisonCost, type DigestSource } from '@skein/http';
import { TOMBSTONES } from '@skein/protocol';
import type { Difference } from '@skein/replication';
import { digestsOfBoth } from './digests-of-both.ts';
import type { VerifySource } from './verify-source.ts';

export interface MeshDifferences {
  readonly mine: DigestSource;
  readonly theirs: DigestSource;
  /** The first of them. */
  readonly differences: readonly Difference[];
  readonly count: number;
}

/**
 * The documents that two nodes of a mesh do not have with the same stamp. Tombstones are none: each node drops them when it
 * may, and a document that only one of the two has says by itself that they differ.
 */
export async function differencesOfMesh(
  [a, b]: readonly [VerifySource, VerifySource],
  limit: number,
  onProgress?: (progress: ComparisonCost & { readonly differences: number }) => void,
): Promise<MeshDifferences> {
  const [mine, theirs] = await digestsOfBoth(a, b, 'stamp');
  const comparison = new Comparison(mine, theirs);
  const differences: Difference[] = [];
  let count = 0;
  for await (const difference of comparison.differences()) {
    if (difference.collection === TOMBSTONES) continue;
    count++;
    if (differences.length < limit) differences.push(difference);
    onProgress?.({ ...comparison.cost, differences: count });
  }
  return { mine, theirs, differences, count };
}
