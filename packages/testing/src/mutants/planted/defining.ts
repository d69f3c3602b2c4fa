import type { Mutant } from '../mutant.ts';

/** Mistakes of what follows from a definition: rules that do not hold, indexes that are not what their documents say. */
export const DEFINING: readonly Mutant[] = [
  {
    name: 'leaves the index entry that a document had before',
    edits: [
      {
        file: 'core/dist/indexes/plan-entries.js',
        find: 'if (had !== undefined)\n                removed.push(had);',
        replace: '',
      },
    ],
  },
  {
    name: 'takes an index for what it was when documents are written past the log',
    edits: [
      {
        file: 'core/dist/definitions/defined.js',
        find: 'for (const index of stale)\n            removeIndex(batch, index);\n        this.distrust(stale);',
        replace: '',
      },
    ],
  },
  {
    name: 'decides what is behind a definition by the one before it, within a group',
    edits: [
      {
        file: 'core/dist/write/plan-group.js',
        find: 'if (collection === DEFINITIONS)\n            this.#isLast = true;',
        replace: '',
      },
    ],
    test: 'test/conformance/memory-level.test.ts',
  },
  {
    name: 'takes fields of a unique index for nobody’s that nobody has looked for',
    edits: [
      {
        file: 'core/dist/write/decide-group.js',
        find: 'if (plan.unknownHolders.size === 0)',
        replace: 'if (plan !== null)',
      },
    ],
  },
  {
    name: 'lets a write that was refused hold the fields of a unique index',
    edits: [
      {
        file: 'core/dist/write/unique-fields.js',
        find: 'this.#checked = changes.length === 0 ? NOTHING_MOVED : changes.flatMap(movedBy);',
        replace: 'if (changes.length === 0) return; this.#checked = changes.flatMap(movedBy);',
      },
    ],
    test: 'test/conformance/memory-level.test.ts',
  },
  {
    name: 'has a follower learn of a definition only when it starts',
    edits: [
      {
        file: 'core/dist/store-engine.js',
        find: 'this.defined.note(changes);',
        replace: 'if (existed !== null) this.defined.note(changes);',
      },
    ],
  },
  {
    name: 'lets writes in while it looks whether any document breaks a strict definition',
    edits: [{ file: 'core/dist/definitions/definitions.js', find: 'this.#tried.set(collection, rules);', replace: '' }],
    test: 'test/conformance/memory-level.test.ts',
  },
  {
    name: 'holds to a unique index before it is built',
    edits: [
      {
        file: 'core/dist/definitions/definitions.js',
        find: 'if (index?.isReady !== true || this.#host.indexes.isDistrusted(index))\n                throw buildingRefusal(collection, spec.name, index);',
        replace: 'if (index === undefined)\n                continue;',
      },
    ],
    test: 'test/conformance/memory-level.test.ts',
  },
  {
    name: 'goes on with an index behind what the last part of it had read',
    edits: [
      {
        file: 'core/dist/indexes/indexer.js',
        find: 'putEntries(batch, { added, removed: [] });',
        replace: 'putEntries(batch, { added: added.slice(1), removed: [] });',
      },
    ],
  },
  {
    name: 'puts the entries of an index into the batch behind that of the documents',
    edits: [
      {
        file: 'core/dist/write/fill-batch.js',
        find: 'putEntries(batch, page.entries);',
        replace: '',
      },
    ],
  },
];
