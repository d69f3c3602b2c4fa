import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { classicLevel, DirectoryGenerations, Store, systemClock, type Level } from '@skein/core';
import {
  boundsOf,
  createServer,
  Membership,
  NodeApi,
  SlotBook,
  type NodeServer,
  type NodeLink,
  type LinkAnswer,
  type LinkRequest,
} from '@skein/http';
import type { Role } from '@skein/protocol';
import { HttpFeedClient } from '../src/feed-client.ts';
import { SnapshotClient } from '../src/recovery/snapshot-client.ts';

const unused = (): never => {
  throw new Error('is not asked for');
};

/** A node that is no member of any set. */
function aloneWith(store: Store): Membership {
  const none = { peers: [], leaders: [], minReplicas: 0, instance: 'alone', logger: undefined };
  return new Membership({ store, clock: systemClock, openLink: unused, ...none });
}

interface Refused {
  readonly status: number;
  readonly code: string;
  readonly retryAfterSeconds?: number;
}

/** A leader in this process: its store, its routes, and a way to it on which answers can be put in between. */
export class TestLeader {
  readonly store: Store;
  readonly #server: NodeServer;
  readonly asked: string[] = [];
  /** What is answered in the leader's place; undefined lets it answer. */
  instead: (request: LinkRequest) => Refused | undefined = () => undefined;
  /** Done before a request is answered. */
  before: (request: LinkRequest) => Promise<void> = async () => undefined;

  constructor(store: Store) {
    this.store = store;
    this.#server = createServer({
      node: {
        role: 'leader',
        store,
        clock: systemClock,
        random: () => 0.5,
        version: '0',
        stopping: new AbortController().signal,
        bounds: () => boundsOf(store),
        health: unused,
        readiness: unused,
        statusOfRole: unused,
      },
      slots: new SlotBook(store, systemClock),
      membership: aloneWith(store),
      retention: { changesMin: 1, bytesMax: 1024 ** 3, silenceMsMax: 3_600_000 },
      addWrites: () => undefined,
      addRoleMetrics: () => undefined,
    });
  }

  get link(): NodeLink {
    return { request: (request) => this.#answer(request), close: async () => undefined };
  }

  get api(): NodeApi {
    return new NodeApi(this.link, 5000);
  }

  get snapshots(): SnapshotClient {
    return new SnapshotClient({ link: this.link, nodeId: 'f', requestTimeoutMs: 5000, linesMax: 1000 });
  }

  get feed(): HttpFeedClient {
    return new HttpFeedClient({ link: this.link, nodeId: 'f', requestTimeoutMs: 5000, random: () => 0.5 });
  }

  async close(): Promise<void> {
    await this.#server.app.close();
  }

  async #answer(request: LinkRequest): Promise<LinkAnswer> {
    const { method, path, headers, body } = request;
    this.asked.push(`${method} ${path}`);
    await this.before(request);
    const refused = this.instead(request);
    if (refused !== undefined) {
      const retryAfter =
        refused.retryAfterSeconds === undefined ? {} : { 'retry-after': `${refused.retryAfterSeconds}` };
      return answerOf(refused.status, retryAfter, Buffer.from(JSON.stringify({ code: refused.code, detail: 'no' })));
    }
    const parts = body === undefined || body === null ? [] : await body.toArray();
    const {
      statusCode,
      headers: heads,
      rawPayload,
    } = await this.#server.app.inject({
      method: method as 'GET',
      url: path,
      headers: headers as Record<string, string>,
      ...(parts.length === 0 ? {} : { payload: Buffer.concat(parts as Buffer[]) }),
    });
    return answerOf(statusCode, heads as Record<string, string>, rawPayload);
  }
}

function answerOf(status: number, headers: Record<string, string>, payload: Buffer): LinkAnswer {
  const body = Object.assign(Readable.from([payload]), {
    bytes: async () => payload,
    text: async () => payload.toString(),
    dump: async () => undefined,
  });
  return { status, headers, body };
}

/** A follower's store that can become a copy. */
export interface ServedStore {
  readonly store: Store;
  readonly generations: DirectoryGenerations;
  readonly directory: string;
}

/** Stores of one test, in directories that go away with it. */
export class TestStores {
  readonly #cleanups: (() => Promise<void>)[] = [];
  readonly #levels = new Map<Store, Level>();

  async open(role: Role): Promise<Store> {
    const directory = await this.#directory();
    return this.#open(classicLevel(directory), role);
  }

  async served(): Promise<ServedStore> {
    const directory = await this.#directory();
    const generations = await DirectoryGenerations.open(directory);
    return { store: await this.#open(generations.current(), 'follower'), generations, directory };
  }

  async leader(): Promise<TestLeader> {
    const leader = new TestLeader(await this.open('leader'));
    this.#cleanups.push(() => leader.close());
    return leader;
  }

  /** Turns one bit of a document of the collection `c`, behind the store's back. */
  async rot(store: Store, key: string): Promise<void> {
    const level = this.#levels.get(store)!;
    const levelKey = Buffer.from(`dc\0${key}`);
    const stored = Buffer.from((await level.get(levelKey))!);
    stored.writeUInt8(stored.readUInt8(stored.length - 2) ^ 1, stored.length - 2);
    await level.put(levelKey, stored);
  }

  async close(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0).toReversed()) await cleanup();
  }

  async #directory(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'skein-follower-'));
    this.#cleanups.push(() => rm(directory, { recursive: true }));
    return directory;
  }

  async #open(level: Level, role: Role): Promise<Store> {
    const store = await Store.open({ level, role, node: role });
    this.#levels.set(store, level);
    this.#cleanups.push(() => store.close());
    return store;
  }
}

/** A follower's store takes what it lacks of a leader's log. */
export async function follow(leader: Store, follower: Store): Promise<void> {
  while (follower.facts.head.offset < leader.facts.head.offset) {
    const { records } = await leader.readLog(follower.facts.head.offset, { changesMax: 5000, bytesMax: 1024 ** 2 });
    await follower.apply(leader.facts.identity.log!, records);
  }
}
