export type { Change, ChangeEvent } from './change.ts';
export type { ChangesOptions } from './changes.ts';
export { Collection, type Changed, type MergePatch, type WaitOptions } from './collection.ts';
export { connect, Database, type CollectionEntry, type NodeStatus } from './database.ts';
export {
  Definitions,
  type DefineOptions,
  type Definition,
  type DefinitionReport,
  type IndexDefinition,
  type IndexState,
  type StoredDefinition,
  type Violation,
} from './definitions.ts';
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
export type { Written } from './written.ts';
