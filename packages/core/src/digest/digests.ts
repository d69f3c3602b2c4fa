import { DIGEST_SHAPE, samePosition, type DigestBy, type DigestShape, type Position } from '@skein/protocol';
import type { ReadGate } from '../documents.ts';
import type { Snapshot } from '../snapshot.ts';
import { fullTree, treeBroughtAlong, type PlacedTree, type TreeSource } from './build-tree.ts';
import { Digest } from './digest.ts';
import type { DigestTree } from './tree.ts';

/**
 * Digests of a store's documents. The first one reads them all; from then on a tree is kept, and brought along the log
 * to wherever it is wanted. One is made at a time, and whoever wants the one that is being made gets the same.
 */
export class Digests {
  readonly #gate: ReadGate;
  readonly #shape: DigestShape;
  readonly #made = new WeakMap<Snapshot, Map<DigestBy, Promise<Digest>>>();
  #kept = new Map<DigestBy, PlacedTree>();
  #turn: Promise<unknown> = Promise.resolve();
  #documentsRead = 0;

  constructor(gate: ReadGate, shape: DigestShape = DIGEST_SHAPE) {
    this.#gate = gate;
    this.#shape = shape;
  }

  /** How many documents have been read so far to make trees. */
  get documentsRead(): number {
    return this.#documentsRead;
  }

  /** Where the tree is that is kept for the next digest; undefined when that one reads everything. */
  keptAt(by: DigestBy): Position | undefined {
    return this.#kept.get(by)?.position;
  }

  /**
   * The digest of a snapshot. It is good for as long as the snapshot is open. The signal ends its making for all who want it:
   * whoever shares a snapshot with others gives one that ends them, too.
   */
  at(snapshot: Snapshot, by: DigestBy = 'version', signal?: AbortSignal): Promise<Digest> {
    const made = this.#made.get(snapshot) ?? new Map<DigestBy, Promise<Digest>>();
    this.#made.set(snapshot, made);
    const known = made.get(by);
    if (known !== undefined) return known;
    const digest = this.#turn.then(() => this.#make(snapshot, by, signal));
    this.#turn = digest.catch(() => made.delete(by));
    made.set(by, digest);
    return digest;
  }

  /** Whether the digest of a snapshot has been made, or is being made. */
  has(snapshot: Snapshot, by: DigestBy): boolean {
    return this.#made.get(snapshot)?.has(by) === true;
  }

  /**
   * The next digest reads all documents again: the store has other content now, or is to be looked at with fresh eyes. A
   * tree brought along does not see what has changed behind the log's back.
   */
  forget(): void {
    this.#kept = new Map();
  }

  async #make(snapshot: Snapshot, by: DigestBy, signal: AbortSignal | undefined): Promise<Digest> {
    signal?.throwIfAborted();
    this.#gate.assertOpen();
    const kept = this.#kept;
    try {
      const tree = await this.#treeAt(this.#sourceOf(snapshot, by, signal), kept.get(by));
      const { log, position } = snapshot;
      // What was forgotten meanwhile stays forgotten: it was a part of this one.
      if (!isBehind(snapshot, kept.get(by))) kept.set(by, { log, position, tree });
      return new Digest({ level: snapshot.database, gate: this.#gate, snapshot, by, tree });
    } catch (error) {
      throw this.#gate.failed(error);
    }
  }

  #sourceOf(snapshot: Snapshot, by: DigestBy, signal: AbortSignal | undefined): TreeSource {
    const onRead = (documents: number): void => void (this.#documentsRead += documents);
    return { level: snapshot.database, snapshot, by, shape: this.#shape, onRead, signal };
  }

  async #treeAt(source: TreeSource, kept: PlacedTree | undefined): Promise<DigestTree> {
    const { log, position } = source.snapshot;
    if (kept?.log === log && samePosition(kept.position, position)) return kept.tree;
    return (kept && (await treeBroughtAlong(source, kept))) ?? fullTree(source);
  }
}

/** Whether a snapshot is older than the tree that is kept. */
function isBehind({ log, position }: Snapshot, kept: PlacedTree | undefined): boolean {
  return kept?.log === log && position.offset < kept.position.offset;
}
