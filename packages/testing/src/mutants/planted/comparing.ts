import type { Mutant } from '../mutant.ts';

const FIXES = 'core/dist/repair/fixes.js';
const DRIFT_WATCH = 'follower/dist/drift/drift-watch.js';

/** Mistakes of comparing, moving and repairing. */
export const COMPARING: readonly Mutant[] = [
  {
    name: 'compares with its leader at whatever position that one is',
    edits: [
      {
        file: DRIFT_WATCH,
        find: 'const at = formatPosition(snapshot.position);',
        replace: "const at = formatPosition((await api.pin('0', signal)).position);",
      },
    ],
  },
  {
    name: 'stands still for a comparison, and never goes on',
    edits: [{ file: 'follower/src/drift/drift-watch.ts', find: 'replicator.release();', replace: '' }],
    test: 'packages/follower/src/drift/drift-watch.test.ts',
  },
  {
    name: 'applies the documents of a part of a page that was cut off',
    edits: [
      {
        file: 'follower/dist/replicator.js',
        find: 'changes: changes.filter(({ offset }) => offset <= upTo),',
        replace: 'changes,',
      },
    ],
  },
  {
    name: 'cuts a page one record too late',
    edits: [
      {
        file: 'replication/src/follower-machine.ts',
        find: 'content!.next.offset > holdAt ? holdAt : null',
        replace: 'content!.next.offset > holdAt ? holdAt + 1 : null',
      },
    ],
    test: 'packages/replication/src/follower-machine.test.ts',
  },
  {
    name: 'repairs what has changed since the comparison',
    edits: [{ file: FIXES, find: 'if (offset > asOf.offset)', replace: 'if (offset < 0)' }],
    test: 'test/conformance/memory-level.test.ts',
  },
  {
    name: 'moves without the documents that were deleted meanwhile',
    edits: [{ file: FIXES, find: '...removed.map(', replace: '...removed.slice(0, 0).map(' }],
  },
  {
    name: 'moves, and keeps the records of the old log',
    edits: [
      {
        file: 'core/dist/repair/move.js',
        find: 'for await (const key of level.keys(ALL_RECORDS))\n        batch.del(key);',
        replace: '',
      },
    ],
    test: 'test/conformance/memory-level.test.ts',
  },
  {
    name: 'pins a position from before the one that was asked for',
    edits: [
      {
        file: 'http/src/pins.ts',
        find: 'newest !== undefined && newest.snapshot.position.offset >= offsetMin;',
        replace: 'newest !== undefined && offsetMin >= 0;',
      },
    ],
    test: 'packages/http/src/pins.test.ts',
  },
  {
    name: 'takes the leader that asks for patience for a broken one',
    edits: [
      {
        file: 'follower/src/drift/drift-watch.ts',
        find: 'if (this.#retryAfterMs === undefined) this.#failures++;',
        replace: 'this.#failures++;',
      },
    ],
    test: 'packages/follower/src/drift/drift-watch.test.ts',
  },
  {
    name: 'keeps its digests when everything is read again',
    edits: [{ file: 'http/src/operations/daily-scrub.ts', find: 'store.digests.forget();', replace: '' }],
    test: 'packages/http/src/operations/daily-scrub.test.ts',
  },
  {
    name: 'adds the hashes of documents up, in whatever order they are',
    edits: [
      {
        file: 'protocol/src/digest.ts',
        find: 'return sha256([Uint8Array.of(1), ...documents]).subarray(0, DIGEST_BYTES);',
        replace:
          'return documents.reduce((sum, hash) => sum.map((byte, i) => byte ^ hash[i]!), new Uint8Array(DIGEST_BYTES));',
      },
    ],
    test: 'packages/protocol/src/digest.test.ts',
  },
];
