import {
  DIGEST_ENTRIES_MAX,
  formatPlace,
  formatPosition,
  parsePlace,
  type DigestBy,
  type DigestEntry,
  type DigestPage,
  type DigestRange,
  type DigestRoot,
  type Place,
  type PlaceRange,
} from '@skein/protocol';
import type { ReadGate } from '../documents.ts';
import { parseDocumentKey } from '../level/layout.ts';
import type { Level } from '../level/level.ts';
import type { Snapshot } from '../snapshot.ts';
import { readDocuments, type StoredRange } from './read-documents.ts';
import { firstFrom, type DigestTree, type Leaf, type Branch } from './tree.ts';

/** A page ends when so much has been read for it, so that large values do not hold it up. */
const VALUE_BYTES_MAX = 32 * 1024 * 1024;

interface DigestParts {
  readonly level: Level;
  readonly gate: ReadGate;
  readonly snapshot: Snapshot;
  readonly by: DigestBy;
  readonly tree: DigestTree;
}

/** The digests of a store exactly as of one position. Documents are read from the snapshot it was made of. */
export class Digest {
  readonly root: DigestRoot;
  readonly #parts: DigestParts;

  constructor(parts: DigestParts) {
    const { snapshot, by, tree } = parts;
    this.#parts = parts;
    this.root = {
      log: snapshot.log,
      epoch: snapshot.history.at(-1)?.epoch ?? null,
      position: formatPosition(snapshot.position),
      documents: tree.documents,
      hash: tree.hash,
      by,
    };
  }

  /** The branches that begin in a range, in order. */
  branches(range: PlaceRange): DigestPage<DigestRange> {
    return pageOf([this.#parts.tree.branches], storedRange(range));
  }

  /** The leaves that begin in a range, in order. */
  leaves(range: PlaceRange): DigestPage<DigestRange> {
    const { branches } = this.#parts.tree;
    const { from, to } = storedRange(range);
    // The branch before may hold leaves of the range, too.
    const first = from === null ? 0 : Math.max(firstFrom(branches, from) - 1, 0);
    const end = to === null ? branches.length : firstFrom(branches, to);
    return pageOf(
      branches.slice(first, end).map(({ leaves }) => leaves),
      { from, to },
    );
  }

  /** The documents of a range, in order, each read again and hashed. */
  async documents(range: PlaceRange): Promise<DigestPage<DigestEntry>> {
    const { gate } = this.#parts;
    gate.assertOpen();
    try {
      return await this.#readDocuments(range);
    } catch (error) {
      throw gate.failed(error);
    }
  }

  async #readDocuments(range: PlaceRange): Promise<DigestPage<DigestEntry>> {
    const entries: DigestEntry[] = [];
    let bytes = 0;
    for await (const documents of readDocuments(this.#parts, storedRange(range))) {
      for (const { collection, key, version, hash, valueBytes } of documents) {
        if (entries.length === DIGEST_ENTRIES_MAX || bytes >= VALUE_BYTES_MAX)
          return { entries, next: formatPlace(collection, key) };
        entries.push({ collection, key, version, hash: Buffer.from(hash).toString('hex') });
        bytes += valueBytes;
      }
    }
    return { entries };
  }
}

/** What begins in a range, of lists that follow each other. */
function pageOf(lists: readonly (readonly (Leaf | Branch)[])[], { from, to }: StoredRange): DigestPage<DigestRange> {
  const entries: DigestRange[] = [];
  for (const list of lists) {
    for (let at = from === null ? 0 : firstFrom(list, from); at < list.length; at++) {
      const { start, documents, hash } = list[at]!;
      if (to !== null && start >= to) return { entries };
      if (entries.length === DIGEST_ENTRIES_MAX) return { entries, next: placeText(start) };
      entries.push({ from: placeText(start), documents, hash });
    }
  }
  return { entries };
}

function placeText(start: string): Place {
  const { collection, key } = parseDocumentKey(Buffer.from(`d${start}`, 'latin1'));
  return formatPlace(collection, key);
}

function storedRange({ from, to }: PlaceRange): StoredRange {
  return { from: from === null ? null : storedPlace(from), to: to === null ? null : storedPlace(to) };
}

function storedPlace(place: Place): string {
  const { collection, key } = parsePlace(place);
  return Buffer.from(`${collection}\0${key}`).toString('latin1');
}
