import type { Mutant } from '../mutant.ts';

/** Mistakes of what a node serves of what it stores. */
export const SERVING: readonly Mutant[] = [
  {
    name: 'opens a log with a hole in it',
    edits: [{ file: 'core/dist/log/verify.js', find: 'checkFollows(record, last, tail);', replace: '' }],
  },
  {
    name: 'serves a document without looking at its checksum',
    edits: [
      {
        file: 'core/dist/document.js',
        find: 'stored.readUInt32BE(0) === lineChecksum(stored)',
        replace: 'true',
      },
    ],
  },
  {
    name: 'says that a page reaches the head when it does not',
    edits: [
      {
        file: 'http/dist/feed/encode-page.js',
        find: 'upToDate: next.offset >= head.head.offset',
        replace: 'upToDate: true',
      },
    ],
  },
  {
    name: 'ends a page inside a transaction',
    edits: [
      {
        file: 'http/dist/feed/select-lines.js',
        find: 'if (line.offset === line.transactionEnd)',
        replace: 'if (true)',
      },
    ],
  },
  {
    name: 'finds a time one record too late',
    edits: [
      {
        file: 'core/dist/log/position-before.js',
        find: 'if (lastTs(record) < ms)',
        replace: 'if (lastTs(record) <= ms)',
      },
    ],
  },
  {
    name: 'begins with a time of which something may be gone',
    edits: [{ file: 'core/dist/log/position-before.js', find: 'if (offsetFirst === tail)', replace: 'if (false)' }],
    test: 'test/conformance/event-streams.test.ts',
  },
  {
    name: 'reads for a stream what it is reading for it already',
    edits: [{ file: 'http/dist/feed/streams/event-streams.js', find: ' || this.#served.has(stream)', replace: '' }],
    test: 'test/conformance/event-streams.test.ts',
  },
  {
    name: 'answers a read before it has the position that was asked for',
    edits: [
      {
        file: 'replication/dist/read-planner.js',
        find: "return { kind: takesWrites(role) && offsetOf(min) > underWayTo ? 'lost' : 'wait' };",
        replace: "return { kind: 'ready' };",
      },
    ],
  },
  {
    name: 'serves no feed before the first change of its leader',
    edits: [
      {
        file: 'follower/dist/follower.js',
        find: 'boundsOf(store) ?? this.#report.boundsOfLeader()',
        replace: 'boundsOf(store)',
      },
    ],
  },
  {
    name: 'sends a page with a gap when the log was trimmed under it',
    edits: [
      {
        file: 'http/dist/feed/page-source.js',
        find: 'first.offsetFirst > key.from.offset + 1',
        replace: 'first.offsetFirst < 0',
      },
    ],
    test: 'test/conformance/trimmed-under-a-reader.test.ts',
  },
  {
    name: 'remembers a document that was read when it has been written over',
    edits: [
      {
        file: 'core/dist/store-engine.js',
        find: 'this.hot.forget(collection, () => parseDocumentKey(levelKey).key);',
        replace: '{}',
      },
    ],
  },
];
