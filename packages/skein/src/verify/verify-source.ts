import type { DigestSource } from '@skein/http';
import type { DigestBy, Position, Role, Version } from '@skein/protocol';

/** A side of a comparison: a running node, or the directory of one that is stopped. */
export interface VerifySource {
  /** As it was given. */
  readonly url: string;
  /** Of a running node, and of one of a mesh; who led or followed is of no concern once it is stopped. */
  role(): Promise<Role | undefined>;
  /** Its digests, as of when they are asked for. */
  digest(by: DigestBy): Promise<DigestSource>;
  /**
   * The version of a document once this side has come to a position; null when it has no such document then, undefined when
   * it does not come there in time.
   */
  versionAt(position: Position, document: DocumentName): Promise<Version | null | undefined>;
  /** Whether a position is on its log; `ahead` when that ends before it, `unknown` where it is not kept any more. */
  holds(position: Position): Promise<Holding>;
  close(): Promise<void>;
}

export type Holding = 'yes' | 'no' | 'ahead' | 'unknown';

export interface DocumentName {
  readonly collection: string;
  readonly key: string;
}
