import type { Mutant } from '../mutant.ts';

const PLAN_MERGE = 'core/dist/mesh/plan-merge.js';
const PLAN_MESH = 'core/dist/mesh/plan-mesh.js';
const PEER_REPAIR = 'mqtt/dist/mesh/repair/peer-repair.js';

/** Mistakes of nodes that merge each other's changes. */
export const MERGING: readonly Mutant[] = [
  {
    name: 'lets each node keep its own where two changes are of the same time',
    ofMeshes: true,
    edits: [
      {
        file: PLAN_MERGE,
        find: 'compareStamps(incoming.stamp, held.stamp) || deletes(incoming)',
        replace: 'incoming.stamp.ms - held.stamp.ms || deletes(incoming)',
      },
    ],
  },
  {
    name: 'takes what comes last, and not what was made last',
    ofMeshes: true,
    edits: [{ file: PLAN_MERGE, find: 'return order > 0 ?', replace: 'return order !== 0 ?' }],
  },
  {
    name: 'has no deletion win over the write that it ends',
    edits: [{ file: 'core/src/mesh/plan-merge.ts', find: '|| deletes(incoming) - deletes(held)', replace: '' }],
    test: 'packages/core/src/mesh/plan-merge.prop.test.ts',
  },
  {
    name: 'counts a write as lost that the later writer had seen',
    edits: [
      {
        file: 'core/src/mesh/plan-merge.ts',
        find: 'const hadSeen = winner.over !== null && !isOlder(winner.over, loser.stamp);',
        replace: 'const hadSeen = winner.over !== null && isOlder(loser.stamp, winner.over);',
      },
    ],
    test: 'packages/core/src/mesh/plan-merge.prop.test.ts',
  },
  {
    name: 'deletes in a mesh and leaves no tombstone',
    ofMeshes: true,
    edits: [
      {
        file: PLAN_MESH,
        find: "return [this.#stamped({ ...tombstone, valueText: 'null' }, made)];",
        replace: 'return [];',
      },
    ],
  },
  {
    name: 'leaves the tombstone of what is written again',
    ofMeshes: true,
    edits: [
      {
        file: PLAN_MESH,
        find: 'return [this.#stamped({ ...tombstone, valueText: undefined }, made)];',
        replace: 'return [];',
      },
    ],
  },
  {
    name: 'writes as if it had not seen what it has merged',
    ofMeshes: true,
    edits: [{ file: PLAN_MESH, find: 'this.#context.stamps.saw(change.stamp);', replace: ';' }],
  },
  {
    name: 'keeps what was lost as of a time before what it lost to',
    edits: [
      {
        file: PLAN_MESH,
        find: 'ts: this.#context.stamps.nowMs, origin: this.#context.node',
        replace: 'ts: 1, origin: this.#context.node',
      },
    ],
    ofMeshes: true,
  },
  {
    name: 'has tombstones stand in the log as of when they were planned',
    ofMeshes: true,
    edits: [
      {
        file: 'core/dist/write/plan-group.js',
        find: 'this.#push({ ...line, made: { ...line.made, ts } }, common);',
        replace: 'this.#push(line, common);',
      },
    ],
  },
  {
    name: 'gives an expiry a stamp of its own',
    ofMeshes: true,
    edits: [
      { file: PLAN_MESH, find: 'const made = isExpiry ? held :', replace: 'const made = isExpiry && !held ? held :' },
    ],
  },
  {
    name: 'goes on numbering behind a write that failed',
    ofMeshes: true,
    edits: [{ file: 'core/dist/write/writer.js', find: 'this.#host.mesh?.numbers.beginAnew();', replace: '' }],
  },
  {
    name: 'counts definitions, which no broker tells',
    ofMeshes: true,
    edits: [
      {
        file: 'core/dist/mesh/stamps.js',
        find: 'seq: isNumbered ? this.#seq++ : 0',
        replace: 'seq: this.#seq++',
      },
    ],
  },
  {
    name: 'takes changes from whatever future they are of',
    ofMeshes: true,
    edits: [
      {
        file: 'mqtt/dist/mesh/intake.js',
        find: 'const admitted = quarantine.admit(slice);',
        replace: 'const admitted = slice;',
      },
    ],
  },
  {
    name: 'drops tombstones that not all have passed',
    ofMeshes: true,
    edits: [
      {
        file: 'replication/dist/mesh/tombstones.js',
        find: 'return tombstone.offset <= passed &&',
        replace: 'return',
      },
    ],
  },
  {
    name: 'passes over a deletion that comes with what it deleted',
    edits: [
      {
        file: 'mqtt/dist/mesh/tombstones/dropped-tombstones.js',
        find: ' && !put.has(placeOf(change))',
        replace: '',
      },
    ],
    test: 'test/mesh/dropped-tombstones.test.ts',
  },
  {
    name: 'drops tombstones on the day they were made',
    ofMeshes: true,
    edits: [
      {
        file: 'replication/dist/mesh/tombstones.js',
        find: 'wallMs - tombstone.ms > TOMBSTONE_MS_MIN',
        replace: 'wallMs - tombstone.ms > TOMBSTONE_MS_MIN / 1e6',
      },
    ],
  },
  {
    name: 'fetches what is newer at its peers, and sends them nothing',
    ofMeshes: true,
    edits: [
      {
        file: PEER_REPAIR,
        find: 'const there = await submit(sight, inPlace(plan.submit), sight.mine);',
        replace: 'const there = { taken: 0, refused: null };',
      },
    ],
  },
  {
    name: 'sends what is newer here, and fetches nothing',
    ofMeshes: true,
    edits: [
      {
        file: PEER_REPAIR,
        find: 'const takenHere = await this.#fetch(plan.fetch, sight);',
        replace: 'const takenHere = 0;',
      },
    ],
  },
  {
    name: 'tells what others have made as its own',
    ofMeshes: true,
    edits: [
      {
        file: 'mqtt/dist/mesh/events/telling.js',
        find: 'if (text === undefined || origin !== teller.nodeId ||',
        replace: 'if (text === undefined ||',
      },
    ],
  },
  {
    name: 'takes events that are not sealed with its key',
    ofMeshes: true,
    edits: [
      {
        file: 'mqtt/dist/broker/seals.js',
        find: 'return found.length === due.length && timingSafeEqual(found, due) ? told : undefined;',
        replace: 'return told;',
      },
    ],
  },
  {
    name: 'never counts what is missing of what others tell',
    edits: [{ file: 'replication/src/mesh/sequence-book.ts', find: 'this.#gaps++;', replace: '' }],
    test: 'packages/replication/src/mesh/sequence-book.test.ts',
  },
  {
    name: 'takes a message that overtook another for a gap',
    edits: [
      {
        file: 'replication/src/mesh/sequence-book.ts',
        find: 'nowMs - numbering.missingSinceMs >= this.#bounds.patienceMs',
        replace: 'nowMs >= numbering.missingSinceMs',
      },
    ],
    test: 'packages/replication/src/mesh/sequence-book.test.ts',
  },
];
