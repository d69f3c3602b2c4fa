import type { Mutant } from '../mutant.ts';

const LEADERSHIP = 'core/dist/leadership/leadership.js';
const FENCE = 'core/dist/leadership/fence.js';
const DUTY = 'replication/dist/leadership/duty.js';
const PROMOTION = 'replication/dist/leadership/promotion.js';
const CONFORMANCE = 'test/conformance/memory-level.test.ts';

const PLANTED: readonly Mutant[] = [
  {
    name: 'keeps what it has promised in memory alone',
    edits: [{ file: LEADERSHIP, find: 'putPromises(batch, promised);', replace: '' }],
  },
  {
    name: 'promises an epoch to whoever asks for it last',
    edits: [
      {
        file: LEADERSHIP,
        find: 'if (asked.counter <= Math.max(newestCounter(facts.history), promised.spent))',
        replace: 'if (asked.counter <= newestCounter(facts.history))',
      },
    ],
  },
  {
    name: 'believes whoever claims that a candidate asks for an epoch',
    edits: [
      {
        file: 'http/dist/members/membership.js',
        find: 'if (asks !== counter) {',
        replace: 'if (asks === undefined) {',
      },
    ],
  },
  {
    name: 'goes on to take what a leader of a lower epoch has than was promised',
    edits: [
      { file: FENCE, find: 'promise.counter > counter);', replace: 'promise.counter > counter && counter < 0);' },
    ],
  },
  {
    name: 'takes nothing of a lower epoch from whoever leads with the promised one',
    edits: [{ file: 'core/dist/write/check-received.js', find: 'leader ?? before.epoch', replace: 'records[0].epoch' }],
  },
  {
    name: 'lets a comparison lead past what was promised',
    edits: [{ file: 'core/dist/store.js', find: 'this.#engine.assertMayTakeOf(move);', replace: '' }],
    test: CONFORMANCE,
  },
  {
    name: 'lets a copy lead past what was promised',
    edits: [{ file: 'core/dist/store-engine.js', find: 'this.assertMayTakeOf(other.facts);', replace: '' }],
    test: CONFORMANCE,
  },
  {
    name: 'forgets what it has promised when it is copied anew',
    edits: [{ file: 'core/dist/store-engine.js', find: 'await other.#promiseAs(this.#facts);', replace: '' }],
    test: CONFORMANCE,
  },
  {
    name: 'goes on to write when it has promised another leader',
    edits: [{ file: FENCE, find: 'counter > newestCounter(facts.history));', replace: 'counter < 0);' }],
  },
  {
    name: 'begins an epoch that another one has begun meanwhile',
    edits: [
      {
        file: LEADERSHIP,
        find: 'promised.spent > counter || newestCounter(facts.history) >= counter;',
        replace: 'promised.spent > counter;',
      },
    ],
    test: CONFORMANCE,
  },
  {
    name: 'leads in memory alone',
    edits: [
      {
        file: 'core/dist/write/fill-batch.js',
        find: 'if (identity.log !== null && role === identity.role)',
        replace: 'if (identity.log !== null)',
      },
    ],
  },
  {
    name: 'counts the members without itself',
    edits: [
      {
        file: PROMOTION,
        find: 'Math.max(1, members - minReplicas)',
        replace: 'Math.max(1, members - 1 - minReplicas)',
      },
    ],
  },
  {
    name: 'leads without what the most advanced member has',
    edits: [
      {
        file: PROMOTION,
        find: 'if (newest.url !== null && isAhead(newest.position, own))',
        replace: 'if (newest.url === undefined)',
      },
    ],
  },
  {
    name: 'takes the longest log for the most advanced one, whatever its epoch',
    edits: [
      {
        file: 'replication/src/leadership/promotion.ts',
        find: 'return counter === otherCounter ? one.offset > other.offset : counter > otherCounter;',
        replace: 'return counter >= 0 && otherCounter >= 0 && one.offset > other.offset;',
      },
    ],
    test: 'packages/replication/src/leadership/promotion.test.ts',
  },
  {
    name: 'counts the promise of a member that has a rival history',
    edits: [
      {
        file: 'replication/src/leadership/promotion.ts',
        find: 'const given = sound.length;',
        replace: 'const given = promises.length;',
      },
    ],
    test: 'packages/replication/src/leadership/promotion.test.ts',
  },
  {
    name: 'asks for a counter that was promised in vain',
    edits: [{ file: PROMOTION, find: 'node.promised.spent', replace: '0' }],
  },
  {
    name: 'gives a promise back while its holder still asks for it',
    edits: [{ file: DUTY, find: 'holder.asking !== counter &&', replace: '' }],
  },
  {
    name: 'gives a promise back for what its holder said before',
    edits: [
      {
        file: 'replication/src/leadership/duty.ts',
        find: 'holder.askedAtMs > (self.promisedAtMs.get(counter) ?? -Infinity) &&',
        replace: '',
      },
    ],
    test: 'packages/replication/src/leadership/duty.test.ts',
  },
  {
    name: 'gives all promises back with one',
    edits: [
      {
        file: 'core/dist/leadership/promises.js',
        find: 'outstanding: outstanding.filter((promise) => !isSamePromise(promise, given))',
        replace: 'outstanding: outstanding.filter((promise) => promise.counter > given.counter)',
      },
    ],
    test: CONFORMANCE,
  },
  {
    name: 'counts the promise of a member that has lost what it had',
    edits: [
      {
        file: 'replication/src/leadership/promotion.ts',
        find: 'return position.offset === 0 && own.offset > 0;',
        replace: 'return position.offset < 0 && own.offset > 0;',
      },
    ],
    test: 'packages/replication/src/leadership/promotion.test.ts',
  },
  {
    name: 'never gives a promise back',
    edits: [
      {
        file: DUTY,
        find: "return promise === undefined ? NONE : { kind: 'release', promise };",
        replace: 'return NONE;',
      },
    ],
  },
  {
    name: 'leads on beside a rival',
    edits: [{ file: DUTY, find: 'return rival === undefined || isRenounced', replace: 'return rival !== null' }],
  },
  {
    name: 'leads on under a higher epoch',
    edits: [
      {
        file: DUTY,
        find: 'if (highest === undefined || lastCounter(highest) < own)',
        replace: 'if (highest === undefined || lastCounter(highest) !== own)',
      },
    ],
  },
  {
    name: 'goes back to a fork without saving what is behind it',
    edits: [
      {
        file: 'follower/dist/recovery/rungs.js',
        find: 'if (givesUp(expected)) {',
        replace: 'if (false) {',
      },
    ],
  },
  {
    name: 'saves only what is behind the end of the other history',
    edits: [
      {
        file: 'replication/dist/leadership/fork.js',
        find: 'Math.min(endOf(epoch, one), endOf(epoch, other))',
        replace: 'Math.min(one.head, other.head)',
      },
    ],
  },
  {
    name: 'goes back to the fork for a leader of its own epoch or a lower one',
    edits: [
      {
        file: 'replication/src/recovery.ts',
        find: "obstacle.code === 'diverged' && isAbove(obstacle.epoch, applied)",
        replace:
          "obstacle.code === 'diverged' && (obstacle.epoch === undefined || !isAbove(obstacle.epoch, applied) || true)",
      },
    ],
    test: 'packages/replication/src/recovery.test.ts',
  },
  {
    name: 'answers a read for a write that was lost',
    edits: [
      {
        file: 'replication/dist/read-planner.js',
        find: "case 'diverged':",
        replace: "case 'diverged':\n            return { kind: 'ready' };\n        case 'none':",
      },
    ],
  },
  {
    name: 'counts what a member had of another history',
    edits: [
      {
        file: 'http/dist/feed/acknowledge.js',
        find: '(await isOurs(applied, store)) ? applied',
        replace: '(applied.offset <= store.facts.head.offset) ? applied',
      },
    ],
  },
];

/** Mistakes of a set in which leadership moves. */
export const LEADING: readonly Mutant[] = PLANTED.map((mutant) => ({ ...mutant, ofSets: true }));
