export type { Change, ChangeEvent } from './change.ts';
export type { ChangesOptions } from './changes.ts';
export { Collection, type Changed, type MergePatch, type WaitOptions, type Written } from './collection.ts';
export { connect, Database, type CollectionEntry, type NodeStatus } from './database.ts';
export { Definitions, type Definition, type IndexDefinition } from './definitions.ts';
export type { Document, IndexRange, KeyRange, Page, PageOptions } from './documents.ts';
export {
  isSkeinError,
  SkeinError,
  type ClientErrorCode,
  type ErrorCode,
  type NodeErrorCode,
  type Problem,
  type Retry,
} from './error.ts';
export type { KeyAndValue, Loaded, LoadOptions, LoadSource } from './load.ts';
export type { CallOptions, ConditionalOptions, ConnectOptions, ReadOptions, WriteOptions } from './options.ts';
export type { Fetch } from './platform.ts';
export type { Position } from './position.ts';
export { Transaction, type Committed, type Operation } from './transaction.ts';
