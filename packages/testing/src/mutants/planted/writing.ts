import type { Mutant } from '../mutant.ts';

const ENGINE = 'core/dist/store-engine.js';
const WRITER = 'core/dist/write/writer.js';
const DECIDE_GROUP = 'core/dist/write/decide-group.js';
const RECENTLY_WRITTEN = 'core/dist/write/recently-written.js';
const FILL_BATCH = 'core/dist/write/fill-batch.js';
const PLAN_GROUP = 'core/dist/write/plan-group.js';
const REPLICAS = 'http/dist/documents/replicas.js';

/** Mistakes of a leader that writes, and says that it has. */
export const WRITING: readonly Mutant[] = [
  {
    name: 'acknowledges before the batch is written',
    edits: [
      {
        file: WRITER,
        find: 'const tell = await this.#write(decided, finishLast);',
        replace:
          'const tell = () => undefined; void this.#write(decided, finishLast).then((late) => late(), () => undefined);',
      },
    ],
  },
  {
    name: 'publishes before the batch is durable',
    edits: [{ file: ENGINE, find: 'await written;', replace: 'void written.catch(() => undefined);' }],
  },
  {
    name: 'writes without a sync',
    edits: [
      {
        file: 'core/dist/level/level.js',
        find: 'export const SYNCED = { sync: true };',
        replace: 'export const SYNCED = { sync: false };',
      },
    ],
  },
  {
    name: 'writes the log, and with it the position, in a batch of its own',
    edits: [
      {
        file: FILL_BATCH,
        find: 'batch.put(recordKey(record.offsetLast), asBuffer(record.bytes));',
        replace:
          'void batch.db.batch().put(recordKey(record.offsetLast), asBuffer(record.bytes)).write({ sync: true }).catch(() => undefined);',
      },
    ],
  },
  {
    name: 'goes on after a failed write, and uses its offset again',
    edits: [{ file: ENGINE, find: 'this.#poison(error);', replace: '' }],
  },
  {
    name: 'says that a write whose outcome is unknown was refused',
    edits: [
      {
        file: ENGINE,
        find: "throw new SkeinError('outcome_unknown', undefined, {}, error);",
        replace: "throw new SkeinError('storage_full', undefined, {}, error);",
      },
    ],
  },
  {
    name: 'writes two batches at once',
    edits: [
      {
        file: 'core/dist/turns.js',
        find: 'const turn = this.#last.then(',
        replace: 'const turn = Promise.resolve().then(',
      },
      {
        file: WRITER,
        find: 'this.#running ??= this.#run();',
        replace: 'void this.#run();',
      },
    ],
  },
  {
    name: 'decides by what the disk has, though another batch is in flight',
    edits: [
      {
        file: DECIDE_GROUP,
        find: 'isElsewhere: (name) => written.has(name),',
        replace: 'isElsewhere: () => false,',
      },
      {
        file: DECIDE_GROUP,
        find: 'before.written.has(name) ? before.written.get(name) : stored.get(name)',
        replace: 'stored.get(name)',
      },
    ],
  },
  {
    name: 'takes for new what was written before, where there was nothing',
    edits: [{ file: RECENTLY_WRITTEN, find: 'this.#see(name);', replace: '' }],
  },
  {
    name: 'takes for new what came to be though its write had failed',
    edits: [{ file: RECENTLY_WRITTEN, find: 'this.#unseen.clear();', replace: '' }],
  },
  {
    name: 'takes out of an index what the disk has of a document, though another batch is in flight',
    edits: [
      {
        file: 'core/dist/indexes/plan-entries.js',
        find: 'was !== false && !underWay.has(name)',
        replace: 'was !== false',
      },
      {
        file: 'core/dist/indexes/plan-entries.js',
        find: 'const other = underWay.get(document.name);',
        replace: 'const other = undefined;',
      },
    ],
    test: 'test/conformance/memory-level.test.ts',
  },
  {
    name: 'tells nobody of what another batch follows at once',
    edits: [{ file: WRITER, find: 'tell();\n                answer();', replace: 'answer();' }],
  },
  {
    name: 'tells of what another batch follows at once when that is durable, too',
    edits: [
      { file: WRITER, find: 'finish();', replace: 'tellLater();' },
      { file: WRITER, find: 'let finish = finishLast;', replace: 'let finish = finishLast; let tellLater = finish;' },
      {
        file: WRITER,
        find: 'tell();\n                answer();',
        replace: 'answer();',
      },
      { file: WRITER, find: 'finish = once(() => {', replace: 'tellLater = tell; finish = once(() => {' },
    ],
  },
  {
    name: 'writes what was decided ahead, whatever has come before it',
    edits: [{ file: WRITER, find: '&& this.#host.isNext(staged)', replace: '' }],
    test: 'test/conformance/memory-level.test.ts',
  },
  {
    name: 'writes what was decided ahead, though a definition is being tried since',
    edits: [{ file: ENGINE, find: 'revision === this.#revision && ', replace: '' }],
    test: 'test/conformance/memory-level.test.ts',
  },
  {
    name: 'goes on with a load behind what was refused of it',
    edits: [{ file: 'core/dist/write/load.js', find: 'this.#refusal ??= { error };', replace: '' }],
    test: 'test/conformance/memory-level.test.ts',
  },
  {
    name: 'forgets the idempotency key of a write',
    edits: [{ file: FILL_BATCH, find: 'putIdempotency(batch, page);', replace: '' }],
  },
  {
    name: 'forwards a write without its idempotency key',
    edits: [
      { file: 'follower/dist/forward-writes.js', find: "'expect',", replace: "'expect',\n    'idempotency-key'," },
    ],
  },
  {
    name: 'writes the changes of a transaction without saying that they are one',
    edits: [
      {
        file: PLAN_GROUP,
        find: 'tx: isOne ? offsetLast : undefined,',
        replace: 'tx: undefined,',
      },
    ],
  },
  {
    name: 'takes time back when the wall clock goes back',
    edits: [
      {
        file: DECIDE_GROUP,
        find: 'ts: Math.max(wallMs, headTs ?? 0),',
        replace: 'ts: wallMs,',
      },
    ],
  },
  {
    name: 'acknowledges before members have what was asked for',
    edits: [
      {
        file: REPLICAS,
        find: 'const reaching = this.reached(committed.position, level, reply);',
        replace: 'const reaching = undefined;',
      },
    ],
  },
  {
    name: 'acknowledges for less when too few members have a write in time',
    edits: [
      {
        file: REPLICAS,
        find: "throw new SkeinError('under_replicated'",
        replace: "if (count < 0) throw new SkeinError('under_replicated'",
      },
    ],
  },
  {
    name: 'counts followers that are no members',
    edits: [
      {
        file: 'replication/dist/members.js',
        find: 'if (slot.isHeard && members.has(slot.id))\n            applied.push',
        replace: 'applied.push',
      },
    ],
  },
  {
    name: 'believes an acknowledgement that is not of its log',
    edits: [
      {
        file: 'http/dist/feed/acknowledge.js',
        find: 'return held !== undefined && samePosition(held, position);',
        replace: 'return true;',
      },
    ],
    test: 'test/e2e/replicas.test.ts',
  },
];
