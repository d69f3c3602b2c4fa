import type { Edit, Mutant } from '../mutant.ts';

const STORE = 'core/dist/store.js';

/** What is needed is looked at twice: in the plan, and when the turn of what is to go has come. */
const WITHOUT_LOOKING_AGAIN: Edit = {
  file: STORE,
  find: 'Math.min(tailWanted, keptFrom(), ',
  replace: 'Math.min(tailWanted, ',
};

/** Mistakes of how long a log is kept, and for whom. */
export const RETAINING: readonly Mutant[] = [
  {
    name: 'trims without looking at what followers need',
    edits: [
      {
        file: 'replication/dist/retention.js',
        find: 'wanted = Math.min(wanted, needed);',
        replace: 'continue;',
      },
      WITHOUT_LOOKING_AGAIN,
    ],
  },
  {
    name: 'trims what somebody needs who came meanwhile',
    edits: [WITHOUT_LOOKING_AGAIN],
    test: 'test/conformance/memory-level.test.ts',
  },
  {
    name: "trims what LevelDB's own log still holds",
    edits: [{ file: 'core/dist/store-engine.js', find: 'if (offset > this.#outOfLevelLog)', replace: 'if (false)' }],
    test: 'test/conformance/leveldb-log.test.ts',
  },
  {
    name: 'forgets who followed it when it starts',
    edits: [{ file: 'http/dist/feed/retention-keeper.js', find: 'prepare: () => slots.load(),', replace: '' }],
  },
  {
    name: 'answers a new follower before it is remembered',
    edits: [
      {
        file: 'http/dist/feed/slot-book.js',
        find: 'if (before === undefined)\n            await this.#saveNow();',
        replace: 'if (before === undefined)\n            this.#unsaved.delete(id);',
      },
    ],
  },
  {
    name: 'trims for a lost follower before it says so',
    edits: [
      {
        file: 'http/dist/feed/retention-keeper.js',
        find: 'for (const { id, applied } of slots.judge(plan)) {',
        replace: 'for (const { id, applied } of []) {',
      },
      WITHOUT_LOOKING_AGAIN,
    ],
  },
  {
    name: 'deletes from the log before the new tail is durable',
    edits: [
      {
        file: STORE,
        find: 'await this.#engine.guarded(() => storeTail(this.#engine.level, tail, this.#engine.facts.head));',
        replace: '',
      },
      {
        file: STORE,
        find: 'await this.#engine.guarded(() => removeTrimmed(this.#engine.level, tail));',
        replace:
          'await this.#engine.guarded(() => removeTrimmed(this.#engine.level, tail)); await this.#engine.guarded(() => storeTail(this.#engine.level, tail, this.#engine.facts.head));',
      },
    ],
  },
  {
    name: 'measures silence with the wall clock',
    edits: [
      {
        file: 'http/dist/feed/retention-keeper.js',
        find: 'planRetention(slots.all(), log, policy, clock.now())',
        replace: 'planRetention(slots.all(), log, policy, clock.wall() - Date.UTC(2026, 0, 1))',
      },
    ],
  },
];
