import type { Mutant } from '../mutant.ts';

const PLANTED: readonly Mutant[] = [
  {
    name: 'restores with an epoch above those of the backup alone',
    edits: [
      {
        file: 'replication/dist/leadership/restoring.js',
        find: 'counterToAsk({ history, promised: NOTHING_PROMISED }, heard)',
        replace: 'counterToAsk({ history, promised: NOTHING_PROMISED }, [])',
      },
    ],
  },
  {
    name: 'restores without beginning an epoch',
    edits: [
      {
        file: 'skein/dist/backup/restore-store.js',
        find: "return await store.leadership.lead({ counter, reason: 'restored', mayBeLost });",
        replace: 'return store.facts.head;',
      },
    ],
  },
  {
    name: 'takes a backup of a snapshot that others were given a while ago',
    edits: [
      {
        file: 'skein/dist/backup/take-backup.js',
        find: "const headers = { accept: MEDIA_TYPES.ndjson, [HEADERS.minPosition]: 'now' };",
        replace: 'const headers = { accept: MEDIA_TYPES.ndjson };',
      },
    ],
  },
  {
    name: 'asks a leader that was refused never again, whatever its epoch',
    edits: [
      {
        file: 'replication/src/follower-machine.ts',
        find: "if (phase !== 'refused' || isApplying",
        replace: "if (phase === 'refused' || isApplying",
      },
    ],
    test: 'packages/replication/src/follower-machine.test.ts',
  },
  {
    name: 'names a head that was, in a page that was made for others',
    edits: [
      {
        file: 'http/src/feed/page-source.ts',
        find: '`${formatPosition(head)} ${tail} ${pageKeyText(key)}`',
        replace: '`${tail} ${pageKeyText(key)}`',
      },
    ],
    test: 'packages/http/src/feed/page-source.test.ts',
  },
];

/** Mistakes of what goes back on purpose, and of those who have to go along. */
export const RESTORING: readonly Mutant[] = PLANTED.map((mutant) => ({ ...mutant, ofSets: true }));
