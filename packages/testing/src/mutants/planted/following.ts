import type { Mutant } from '../mutant.ts';

const STORE = 'core/dist/store.js';
const FILL_BATCH = 'core/dist/write/fill-batch.js';
const MACHINE = 'replication/dist/follower-machine.js';

const PUSH = 'replication/dist/follower-push.js';

/** Mistakes of a follower. */
export const FOLLOWING: readonly Mutant[] = [
  {
    name: 'takes any pushed record for the next one',
    edits: [
      { file: PUSH, find: 'offsetFirst === fetchedTo.offset + 1 && hashBefore === fetchedTo.hash', replace: 'true' },
      { file: STORE, find: 'checkContinuation(this.#engine.facts, log, received);', replace: '' },
    ],
  },
  {
    name: 'takes pushed records from anybody',
    edits: [
      {
        file: 'mqtt/dist/broker/record-signature.js',
        find: "return verify(null, signedBytes(told), key, Buffer.from(signature, 'base64url'));",
        replace: 'return true;',
      },
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
    name: 'takes any page for the next one',
    edits: [
      {
        file: MACHINE,
        find: 'if (content.offsetFirst !== fetchedTo.offset + 1) {',
        replace: 'if (content.offsetFirst < 0) {',
      },
      { file: MACHINE, find: 'if (content.hashBefore !== fetchedTo.hash)', replace: 'if (content.hashBefore === 0)' },
      { file: STORE, find: 'checkContinuation(this.#engine.facts, log, received);', replace: '' },
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
    name: 'takes what the follower it follows has for all there is',
    edits: [
      {
        file: 'follower/dist/feed-client.js',
        find: "if (changes === undefined && ms === undefined && headers[HEADERS.role] !== 'follower')",
        replace: '',
      },
    ],
  },
  {
    name: 'says of a page how old the node is, and not the page',
    edits: [
      {
        file: 'replication/src/progress.ts',
        find: 'const asOf = newestWithin(progress, head);',
        replace: 'const asOf = progress.upToDate;',
      },
    ],
    test: 'packages/replication/src/progress.test.ts',
  },
  {
    name: 'does not tell its own followers that it has heard there is nothing new',
    edits: [
      {
        file: 'http/dist/commits.js',
        find: "node.following?.onUpToDate(() => this.tell('up-to-date'));",
        replace: '',
      },
    ],
    test: 'test/e2e/cascade.test.ts',
  },
  {
    name: 'answers a read that came after the leader was asked by that answer',
    edits: [{ file: 'follower/src/refresher.ts', find: 'underWay.askedAtMs >= sinceMs', replace: 'true' }],
    test: 'packages/follower/src/refresher.test.ts',
  },
  {
    name: 'reads as of a question by what it has heard of, and not by what it has',
    edits: [{ file: 'replication/dist/proven.js', find: 'head <= offset', replace: 'head > 0' }],
  },
  {
    name: 'lets each answer take the place of the one that is waited for',
    edits: [{ file: 'replication/src/proven.ts', find: '...awaited.slice(0, 1), ', replace: '' }],
    test: 'packages/replication/src/proven.test.ts',
  },
  {
    name: 'takes an answer to another question for the one it has asked',
    edits: [
      {
        file: 'follower/src/feed-client.ts',
        find: 'if (textOf(answer.headers[HEADERS.question]) === name)',
        replace: 'if (name.length > 0)',
      },
    ],
    test: 'packages/follower/src/feed-client.test.ts',
  },
  {
    name: 'takes what it has heard of for what it has',
    edits: [{ file: 'replication/dist/progress.js', find: 'contact.head > offset', replace: 'false' }],
  },
  {
    name: 'measures its lag by the wall clock',
    edits: [
      {
        file: 'follower/dist/follower-report.js',
        find: 'lag_seconds: inMilliseconds(lagSeconds(progress, clock.now())),',
        replace: 'lag_seconds: inMilliseconds(lagSeconds(progress, clock.wall() - 1767225600000)),',
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
        find: ' && fetchedTo.offset >= (progress.contact?.head ?? 0)',
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
];
