import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { classicLevel, servedPath, Store, type MeshOptions, type Snapshot } from '@skein/core';
import type { DigestSource } from '@skein/http';
import {
  isSkeinError,
  ROLES,
  samePosition,
  type DigestBy,
  type Position,
  type Role,
  type Version,
} from '@skein/protocol';
import { CommandError } from '../cli/command-error.ts';
import { codesOf, innermost } from '../data-directory.ts';
import type { DocumentName, Holding, VerifySource } from './verify-source.ts';

/** The data directory of a node that is stopped. Nothing is written to it but what opening a database writes. */
export class DirectorySource implements VerifySource {
  readonly url: string;
  readonly #store: Store;
  readonly #snapshot: Snapshot;

  static async open(directory: string): Promise<DirectorySource> {
    const database = existsSync(directory) ? await servedPath(directory) : directory;
    if (!existsSync(join(database, 'CURRENT')))
      throw new CommandError('usage', `'${directory}' is neither the address of a node nor a directory with a store`);
    try {
      const store = await openAsStored(database);
      return new DirectorySource(directory, store, await store.snapshot());
    } catch (error) {
      throw explain(error, directory);
    }
  }

  private constructor(directory: string, store: Store, snapshot: Snapshot) {
    this.url = directory;
    this.#store = store;
    this.#snapshot = snapshot;
  }

  async role(): Promise<Role | undefined> {
    return this.#store.facts.identity.role === 'mesh' ? 'mesh' : undefined;
  }

  async digest(by: DigestBy): Promise<DigestSource> {
    try {
      return await this.#store.digests.at(this.#snapshot, by);
    } catch (error) {
      throw explain(error, this.url);
    }
  }

  /** It stays where it is. */
  async versionAt(position: Position, { collection, key }: DocumentName): Promise<Version | null | undefined> {
    if (this.#snapshot.position.offset < position.offset) return undefined;
    return (await this.#snapshot.documents.get(collection, key))?.version ?? null;
  }

  async holds(position: Position): Promise<Holding> {
    const { head, tail } = this.#store.facts;
    if (position.offset > head.offset) return 'ahead';
    if (position.offset < tail - 1) return 'unknown';
    const held = await this.#store.positionAt(position.offset);
    return held !== undefined && samePosition(held, position) ? 'yes' : 'no';
  }

  async close(): Promise<void> {
    await this.#snapshot.close();
    await this.#store.close();
  }
}

/** A store is opened only as what it is; which that is, it says itself. */
async function openAsStored(database: string): Promise<Store> {
  for (const [i, role] of ROLES.entries()) {
    try {
      const mesh = role === 'mesh' ? UNWRITTEN : undefined;
      return await Store.open({ level: classicLevel(database), role, node: undefined, mesh });
    } catch (error) {
      if (!isSkeinError(error, 'wrong_data') || i === ROLES.length - 1) throw error;
    }
  }
  throw new Error('a store has a role');
}

/** Nothing is written here that would carry any of it. */
const UNWRITTEN: MeshOptions = {
  newIncarnation: () => 'unwritten',
  keepsConflicts: false,
  assertFits: () => undefined,
};

function explain(error: unknown, directory: string): CommandError {
  if (codesOf(error).includes('LEVEL_LOCKED'))
    return new CommandError('unavailable', `${directory} is in use by a running node: give its address instead`, error);
  if (isSkeinError(error, 'corrupt'))
    return new CommandError('unavailable', `${directory} is corrupt, and not compared (${error.message})`, error);
  return new CommandError('unavailable', `${directory} cannot be compared: ${innermost(error)}`, error);
}
