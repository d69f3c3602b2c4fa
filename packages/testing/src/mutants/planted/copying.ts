import type { Mutant } from '../mutant.ts';

const ENGINE = 'core/dist/store-engine.js';
const FILL_BATCH = 'core/dist/write/fill-batch.js';
const COPY = 'core/dist/copy/copy.js';
const COPY_LEADER = 'follower/dist/recovery/copy-leader.js';

/** Mistakes of copies of a leader. */
export const COPYING: readonly Mutant[] = [
  {
    name: 'serves a copy of several snapshots as it was read, without the log between them',
    edits: [{ file: COPY_LEADER, find: 'await this.#replay(made, copy.progress.newest, signal);', replace: '' }],
    test: 'test/conformance/copies.test.ts',
  },
  {
    name: 'replays the log for a copy from its newest snapshot on, not from its first',
    edits: [
      {
        file: COPY,
        find: 'const progress = { ...before, newest: position,',
        replace: 'const progress = { ...before, base: position, newest: position,',
      },
    ],
    test: 'test/conformance/copies.test.ts',
  },
  {
    name: 'stores how far a copy is before the page that brings it there',
    edits: [
      {
        file: COPY,
        find: "putSealed(batch, metaKey('copy'), encodeProgress(progress));",
        replace:
          "const own = this.#level.batch(); putSealed(own, metaKey('copy'), encodeProgress(progress)); await own.write(SYNCED);",
      },
    ],
    test: 'test/conformance/memory-level.test.ts',
  },
  {
    name: 'passes over one document behind each page of a copy',
    edits: [
      {
        file: 'core/dist/copy/read-lines.js',
        find: 'for (const [levelKey, stored] of entries) {',
        replace:
          'for (const [levelKey, stored] of after !== null && taker.lines.length === 0 ? entries.slice(1) : entries) {',
      },
    ],
  },
  {
    name: 'tells that a copy is served before that is durable',
    edits: [{ file: ENGINE, find: 'await makeDurable();', replace: 'void makeDurable().catch(() => undefined);' }],
  },
  {
    name: 'does not keep the log for a follower that makes a copy',
    edits: [
      {
        file: 'replication/src/slots.ts',
        find: 'return copying === null ? applied.offset + 1 : copying.offset;',
        replace: 'return applied.offset + 1;',
      },
    ],
    test: 'packages/replication/src/retention.test.ts',
  },
  {
    name: 'serves a copy without having read it again',
    edits: [
      {
        file: COPY_LEADER,
        find: 'const [{ problems }] = await Promise.all([made.scrub(signal), made.settle()]);',
        replace: 'const problems = [];',
      },
    ],
    test: 'test/conformance/copies.test.ts',
  },
  {
    name: 'takes a copy of less than it has',
    edits: [
      {
        file: 'replication/src/copy-plan.ts',
        find: 'if (floor !== null && position.offset < floor.offset)',
        replace: 'if (floor !== null && position.offset < 0)',
      },
    ],
    test: 'packages/replication/src/copy-plan.test.ts',
  },
  {
    name: 'takes a copy of another log',
    edits: [
      {
        file: 'replication/src/copy-plan.ts',
        find: 'if (expected !== null && log !== expected)',
        replace: "if (expected !== null && log === '')",
      },
    ],
    test: 'packages/replication/src/copy-plan.test.ts',
  },
  {
    name: 'goes on with a copy in an older snapshot',
    edits: [
      {
        file: 'replication/src/copy-plan.ts',
        find: ' && snapshot.position.offset >= begun.newest.offset',
        replace: '',
      },
    ],
    test: 'packages/replication/src/copy-plan.test.ts',
  },
  {
    name: 'finishes a copy with any record',
    edits: [
      {
        file: COPY,
        find: '!samePosition(record === null ? START : recordPosition(record), base)',
        replace: 'record === undefined',
      },
    ],
    test: 'test/conformance/memory-level.test.ts',
  },
  {
    name: 'works out from a copy what a write created before it',
    edits: [{ file: FILL_BATCH, find: ' || page.remembered.has(change.offset)', replace: '' }],
    test: 'test/conformance/memory-level.test.ts',
  },
];
