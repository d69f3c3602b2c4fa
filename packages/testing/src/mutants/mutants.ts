/** A bug planted into the built code: one text is replaced by another, which must stand there exactly once. */
export interface Mutant {
  readonly name: string;
  readonly edits: readonly {
    /** Below `packages`: of the built code, or of the source when a test catches it there. */
    readonly file: string;
    readonly find: string;
    readonly replace: string;
  }[];
  /** A test that catches it, where the simulator cannot: there is nothing to see before leaders change. */
  readonly test?: string;
}

const STORE = 'core/dist/store.js';
const WRITER = 'core/dist/write/writer.js';
const FILL_BATCH = 'core/dist/write/fill-batch.js';
const PLAN_GROUP = 'core/dist/write/plan-group.js';
const REPLICAS = 'http/dist/documents/replicas.js';
const COPY = 'core/dist/copy/copy.js';
const COPY_LEADER = 'follower/dist/recovery/copy-leader.js';
const FIXES = 'core/dist/repair/fixes.js';
const DRIFT_WATCH = 'follower/dist/drift/drift-watch.js';
const MACHINE = 'replication/dist/follower-machine.js';

/** Mistakes that people make in databases like this one. Each is caught, or what should catch it is not good enough. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'acknowledges before the batch is written',
    edits: [
      {
        file: WRITER,
        find: 'await this.#write(plan, underWay);',
        replace: 'void this.#write(plan, underWay).catch(() => undefined);',
      },
    ],
  },
  {
    name: 'publishes before the batch is durable',
    edits: [{ file: STORE, find: 'await written;', replace: 'void written.catch(() => undefined);' }],
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
    edits: [{ file: STORE, find: 'this.#poison(error);', replace: '' }],
  },
  {
    name: 'says that a write whose outcome is unknown was refused',
    edits: [
      {
        file: STORE,
        find: "throw new SkeinError('outcome_unknown', undefined, {}, error);",
        replace: "throw new SkeinError('storage_full', undefined, {}, error);",
      },
    ],
  },
  {
    name: 'writes two batches at once',
    edits: [
      {
        file: STORE,
        find: 'const turn = this.#turn.then(work);',
        replace: 'const turn = Promise.resolve().then(work);',
      },
      {
        file: WRITER,
        find: 'this.#running ??= this.#run();',
        replace: 'void this.#run();',
      },
    ],
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
    name: 'takes records for true without their hash',
    edits: [
      {
        file: 'core/dist/log/verify.js',
        find: 'if (chainHash(sha256, record.hashBefore, record.epoch, recordLines(record)) !== record.hash) {',
        replace: 'if (record.hash.length === 0) {',
      },
    ],
  },
  {
    name: 'opens a log with a hole in it',
    edits: [{ file: 'core/dist/log/verify.js', find: 'checkFollows(record, last, tail);', replace: '' }],
  },
  {
    name: 'serves a document without looking at its checksum',
    edits: [
      {
        file: 'core/dist/document.js',
        find: 'stored.readUInt32BE(0) !== crc32(line)',
        replace: 'false',
      },
    ],
  },
  {
    name: 'takes any page for the next one',
    edits: [
      {
        file: MACHINE,
        find: 'if (content.offsetFirst !== fetchedTo.offset + 1) {',
        replace: 'if (content.offsetFirst < 0) {',
      },
      { file: MACHINE, find: 'if (content.hashBefore !== fetchedTo.hash)', replace: 'if (content.hashBefore === 0)' },
      { file: STORE, find: 'checkContinuation(this.#facts, log, received.records);', replace: '' },
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
        find: 'if (line.offset === line.transactionEnd && line.offset > this.#options.from.offset) {',
        replace: 'if (line.offset > this.#options.from.offset) {',
      },
    ],
  },
  {
    name: 'writes the changes of a transaction without saying that they are one',
    edits: [
      {
        file: PLAN_GROUP,
        find: 'const tx = changes.length > 1 && request.isLoad !== true ? { tx: offsetLast } : {};',
        replace: 'const tx = {};',
      },
    ],
  },
  {
    name: 'answers a read before it has the position that was asked for',
    edits: [
      {
        file: 'replication/dist/read-planner.js',
        find: "return { kind: role === 'leader' ? 'lost' : 'wait' };",
        replace: "return { kind: 'ready' };",
      },
    ],
  },
  {
    name: 'claims to be connected after the leader has fallen silent',
    edits: [
      {
        file: 'replication/dist/progress.js',
        find: 'return { ...progress, connected: false };',
        replace: 'return progress;',
      },
    ],
  },
  {
    name: 'measures its lag by the wall clock',
    edits: [
      {
        file: 'follower/dist/follower.js',
        find: 'lag_seconds: inMilliseconds(lagSeconds(progress, clock.now())),',
        replace: 'lag_seconds: inMilliseconds(lagSeconds(progress, clock.wall() - 1767225600000)),',
      },
    ],
  },
  {
    name: 'takes time back when the wall clock goes back',
    edits: [
      {
        file: WRITER,
        find: 'ts: Math.max(this.#host.clock.wall(), headTs ?? 0),',
        replace: 'ts: this.#host.clock.wall(),',
      },
    ],
  },
  {
    name: 'never tries again after a failed fetch',
    edits: [{ file: MACHINE, find: "effects: [{ kind: 'retry', delayMs, waitSeconds: 0 }],", replace: 'effects: [],' }],
  },
  {
    name: 'forgets after a failed page where it was',
    edits: [{ file: MACHINE, find: 'fetchedTo: event.applied,', replace: '' }],
  },
  {
    name: 'loses a document of each page of several',
    edits: [
      {
        file: FILL_BATCH,
        find: 'for (const change of page.changes) {\n        if (change.stored === null)',
        replace:
          'for (const change of page.records.length > 1 ? page.changes.slice(1) : page.changes) {\n        if (change.stored === null)',
      },
    ],
  },
  {
    name: 'does not look whether a page continues the chain',
    edits: [
      { file: MACHINE, find: 'if (content.hashBefore !== fetchedTo.hash)', replace: 'if (content.hashBefore === 0)' },
      {
        file: 'core/dist/write/check-received.js',
        find: 'if (hashBefore !== before.hash)',
        replace: 'if (hashBefore === 0)',
      },
    ],
    test: 'test/conformance/memory-level.test.ts',
  },
  {
    name: 'serves no feed before the first change of its leader',
    edits: [
      {
        file: 'follower/dist/follower.js',
        find: 'boundsOf(store) ?? this.#boundsOfLeader()',
        replace: 'boundsOf(store)',
      },
    ],
  },
  {
    name: 'trims without looking at what followers need',
    edits: [
      {
        file: 'replication/dist/retention.js',
        find: 'wanted = Math.min(wanted, needed);',
        replace: 'continue;',
      },
    ],
  },
  {
    name: 'acknowledges before members have what was asked for',
    edits: [
      {
        file: REPLICAS,
        find: 'if (level !== null)\n            await this.reached(committed.position, level, reply);',
        replace: '',
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
        find: 'if (members.has(slot.id))\n            applied.push',
        replace: 'applied.push',
      },
    ],
  },
  {
    name: 'believes an acknowledgement that is not of its log',
    edits: [
      {
        file: 'http/dist/feed/changes.js',
        find: 'return held !== undefined && samePosition(held, position);',
        replace: 'return true;',
      },
    ],
    test: 'test/e2e/replicas.test.ts',
  },
  {
    name: 'trims what somebody needs who came meanwhile',
    edits: [{ file: STORE, find: 'Math.min(tailWanted, keptFrom(), ', replace: 'Math.min(tailWanted, ' }],
    test: 'test/conformance/memory-level.test.ts',
  },
  {
    name: "trims what LevelDB's own log still holds",
    edits: [{ file: STORE, find: 'if (tail > this.#outOfLevelLog)', replace: 'if (false)' }],
    test: 'test/conformance/leveldb-log.test.ts',
  },
  {
    name: 'forgets who followed it when it starts',
    edits: [{ file: 'http/dist/feed/retention-keeper.js', find: 'await slots.load();', replace: '' }],
  },
  {
    name: 'answers a new follower before it is remembered',
    edits: [
      {
        file: 'http/dist/feed/slot-book.js',
        find: 'await this.save().catch(() => undefined);',
        replace: 'this.#unsaved.delete(id);',
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
    ],
  },
  {
    name: 'deletes from the log before the new tail is durable',
    edits: [
      { file: STORE, find: 'await this.#guarded(() => storeTail(this.#level, tail, this.#facts.head));', replace: '' },
      {
        file: STORE,
        find: 'await this.#guarded(() => removeTrimmed(this.#level, tail));',
        replace:
          'await this.#guarded(() => removeTrimmed(this.#level, tail)); await this.#guarded(() => storeTail(this.#level, tail, this.#facts.head));',
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
    name: 'needs the one who hangs to notice that nothing is heard',
    edits: [
      {
        file: 'replication/src/progress.ts',
        find: 'return isSilent && progress.connected ? progressAfterSilence(progress) : progress;',
        replace: 'return progress;',
      },
    ],
    test: 'packages/replication/src/progress.test.ts',
  },
  {
    name: 'applies the next page before the last one is durable',
    edits: [
      {
        file: 'replication/src/follower-machine.ts',
        find: 'if (state.isApplying || state.inHand === null || isHeld(state))',
        replace: 'if (state.inHand === null || isHeld(state))',
      },
    ],
    test: 'packages/replication/src/follower-machine.test.ts',
  },
  {
    name: 'sees a cycle only when it follows itself',
    edits: [
      {
        file: 'replication/src/upstream.ts',
        find: 'nodes.findIndex((node, index) => nodes.indexOf(node) < index)',
        replace: 'nodes.findIndex((node, index) => index === 1 && node === own)',
      },
    ],
    test: 'packages/replication/src/upstream.test.ts',
  },
  {
    name: 'says whom it follows on pages only, not on refusals',
    edits: [
      {
        file: 'http/dist/feed/changes.js',
        find: 'if (path !== null)',
        replace: 'if (path !== null && reply.statusCode === 200)',
      },
    ],
    test: 'test/e2e/upstream.test.ts',
  },
  {
    name: 'is not held back by a rate when a page has been applied',
    edits: [
      {
        file: 'replication/src/follower-machine.ts',
        find: 'fetchNext(applied, 0, event.nowMs)',
        replace: 'fetchIn(applied, 0)',
      },
    ],
    test: 'packages/replication/src/follower-machine.prop.test.ts',
  },
  {
    name: 'saves up tokens for as long as nothing is fetched',
    edits: [
      {
        file: 'replication/src/token-bucket.ts',
        find: 'Math.max(bucket.fullAtMs, nowMs)',
        replace: 'Math.max(bucket.fullAtMs, 0)',
      },
    ],
    test: 'packages/replication/src/token-bucket.test.ts',
  },
  {
    name: 'takes the time a request is parked for slowness of the leader',
    edits: [{ file: 'replication/src/slo.ts', find: 'tookMs - waitSeconds * 1000', replace: 'tookMs' }],
    test: 'packages/replication/src/slo.test.ts',
  },
  {
    name: 'asks to be parked where there are changes, and so never sees a slow leader',
    edits: [
      {
        file: 'replication/src/follower-fetch.ts',
        find: ' && fetchedTo.offset >= (progress.leaderHead ?? 0)',
        replace: '',
      },
    ],
    test: 'packages/replication/src/follower-machine.test.ts',
  },
  {
    name: 'takes a record that ends at the same offset for the one it has',
    edits: [{ file: 'replication/src/overlap.ts', find: ' && a.hash === b.hash', replace: '' }],
    test: 'packages/replication/src/overlap.test.ts',
  },
  {
    name: 'warns of every breach',
    edits: [
      { file: 'replication/src/slo.ts', find: 'nowMs - warnedAtMs < WARNED_EVERY_MS', replace: 'nowMs < warnedAtMs' },
    ],
    test: 'packages/replication/src/slo.test.ts',
  },
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
        find: 'const entries = await iterator.nextv(Math.min(ENTRIES_AT_ONCE, taker.room));',
        replace:
          'if (after !== null && taker.lines.length === 0) await iterator.nextv(1); const entries = await iterator.nextv(Math.min(ENTRIES_AT_ONCE, taker.room));',
      },
    ],
  },
  {
    name: 'tells that a copy is served before that is durable',
    edits: [{ file: STORE, find: 'await makeDurable();', replace: 'void makeDurable().catch(() => undefined);' }],
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
      { file: COPY_LEADER, find: 'const { problems } = await made.scrub(signal);', replace: 'const problems = [];' },
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
