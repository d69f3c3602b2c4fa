import type { DigestSource } from '@skein/http';
import type { DigestBy } from '@skein/protocol';
import type { VerifySource } from './verify-source.ts';

/** A node holds what it has answered for twice as long. */
const ROOT_HELD_MS = 30_000;

/** What one has answered may be gone when the first digests of the other are made at last: then both are asked once more. */
export async function digestsOfBoth(
  a: VerifySource,
  b: VerifySource,
  by: DigestBy,
): Promise<readonly [DigestSource, DigestSource]> {
  for (;;) {
    const startedAt = performance.now();
    const digests = await Promise.all([a.digest(by), b.digest(by)]);
    if (performance.now() - startedAt < ROOT_HELD_MS) return digests;
  }
}
