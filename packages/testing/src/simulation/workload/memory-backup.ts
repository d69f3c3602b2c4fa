import { receiveLines, sha256 } from '@skein/core';
import { parseSnapshotPage } from '@skein/protocol';
import type { BackupDescription, BackupSink, BackupSource } from 'skein';
import type { DocumentsSeen } from '../history.ts';
import { documentsIn } from '../world/peek.ts';

/** A backup that somebody keeps in mind. */
export class MemoryBackup implements BackupSink, BackupSource {
  readonly #pages: Uint8Array[] = [];
  #record: Uint8Array = new Uint8Array();
  #description: BackupDescription | undefined;

  /** What is in its pages, whatever they say of themselves. */
  documents(): DocumentsSeen {
    const stored = this.#pages.flatMap((page) => receiveLines(parseSnapshotPage(page, sha256)).documents);
    return documentsIn(stored.map(({ levelKey, stored: value }) => [levelKey, value] as const));
  }

  async begin(): Promise<void> {
    this.#pages.length = 0;
  }

  async putPage(number: number, bytes: Uint8Array): Promise<void> {
    this.#pages[number - 1] = bytes;
  }

  async putRecord(bytes: Uint8Array): Promise<void> {
    this.#record = bytes;
  }

  async finish(description: BackupDescription): Promise<void> {
    this.#description = description;
  }

  async describe(): Promise<BackupDescription> {
    return this.#description!;
  }

  async readPage(number: number): Promise<Uint8Array> {
    return this.#pages[number - 1]!;
  }

  async readRecord(): Promise<Uint8Array> {
    return this.#record;
  }
}
