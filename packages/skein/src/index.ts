export type { BackupDescription, BackupProgress, BackupSink, BackupSource } from './backup/backup.ts';
export { restoreStore, type RestoreOptions } from './backup/restore-store.ts';
export { takeBackup, type TakeBackupOptions } from './backup/take-backup.ts';
export { CommandError } from './cli/command-error.ts';
export type { Database, GivenDefinition, TransactionOperation } from './database.ts';
export { openDatabase, type DatabaseConfig } from './open-database.ts';
export type { MqttConfig } from './push/mqtt-config.ts';
export { startFollower, type FollowerConfig } from './start-follower.ts';
export { RoleKeeper, type RoleParts } from './roles/role-keeper.ts';
export type { OpenDatabase, RunningNode } from './running-node.ts';
export { startLeader, type LeaderConfig } from './start-leader.ts';
export { startMesh, type MeshConfig } from './start-mesh.ts';
export { verifyNodes, type VerifyOptions, type VerifyReport } from './verify/verify-nodes.ts';
export { VERSION } from './version.ts';
export type { Observable, OutboxStatus } from '@skein/mqtt';
export type {
  Collection,
  Committed,
  DefineOptions,
  Document,
  DocumentPage,
  IndexQuery,
  IndexState,
  PatchOf,
  ScanOptions,
  Store,
  Watched,
  WatchOptions,
  Written,
} from '@skein/core';
export {
  formatPosition,
  isSkeinError,
  parsePosition,
  SkeinError,
  type Definition,
  type ErrorCode,
  type Health,
  type JsonValue,
  type Position,
} from '@skein/protocol';
