/*
 * A follower makes a copy of its leader, both in this process, and what happens in between happens at the very request it is
 * meant for: the snapshot is lost, documents change, the copy is damaged.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DirectoryGenerations, openServed, Store, systemClock, type Collection } from '@skein/core';
import { Follower } from '@skein/follower';
import type { LinkBody, LinkRequest, OpenLink } from '@skein/http';
import { Leader } from '@skein/leader';
import { aloneWith, createMemoryLevel, DISK_FAILED } from '@skein/testing';
import { afterEach, describe, expect, it } from 'vitest';

const RETENTION = { changesMin: 1, bytesMax: 1e9, silenceMsMax: 1e9 };
const DOCUMENTS = 30;
/** Lines of a page of the snapshot, and changes of one of the feed. */
const PAGE_SIZE = 4;
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface Copied {
  readonly head: number;
  readonly documents: readonly string[];
}

/** A leader that keeps one change, and a follower that is to begin. `at` is called before each request is answered. */
class Scene {
  store: Store;
  readonly followerStore: Store;
  readonly generations: DirectoryGenerations;
  /** What a test has planned. */
  hasHappened = false;
  readonly #follower: Follower;
  #leader: Leader;
  #at: (path: string) => Promise<void>;

  static async of(at: (scene: Scene, path: string) => Promise<void>): Promise<Scene> {
    const store = await leaderStore('first');
    const directory = await mkdtemp(join(tmpdir(), 'skein-copies-'));
    const generations = await DirectoryGenerations.open(directory);
    const onSetAside = (): void => undefined;
    const options = { role: 'follower', node: 'follower', clock: systemClock, onSetAside } as const;
    const scene: Scene = new Scene(store, await openServed(generations, options), generations, (path) =>
      at(scene, path),
    );
    closers.push(async () => {
      await scene.#stop();
      await rm(directory, { recursive: true });
    });
    return scene;
  }

  private constructor(
    store: Store,
    followerStore: Store,
    generations: DirectoryGenerations,
    at: (path: string) => Promise<void>,
  ) {
    this.store = store;
    this.followerStore = followerStore;
    this.generations = generations;
    this.#at = at;
    this.#leader = this.#newLeader();
    this.#follower = new Follower({
      store: followerStore,
      membership: aloneWith(followerStore),
      generations,
      rescueFiles: { write: () => Promise.reject(new Error('nothing is given up here')) },
      clock: systemClock,
      random: () => 0,
      version: 'test',
      retention: RETENTION,
      leaderUrl: 'http://leader',
      openLink: this.#openLink,
      policy: {
        backoff: { baseMs: 1, maxMs: 1 },
        breaker: { failuresMax: 1000, openMs: 1 },
        pollIntervalMs: null,
        waitSeconds: 0,
        pageSizeMax: PAGE_SIZE,
        rate: null,
        acceptReset: false,
      },
      requestTimeoutMs: 60_000,
      pingIntervalMs: 60_000,
      forwardWrites: false,
      lagSecondsMax: 30,
    });
  }

  /** Lets it follow, and answers what it holds at the moment at which its copy is served. */
  async copied(): Promise<Copied> {
    const served = new Promise<Copied>((resolve) => {
      this.followerStore.subscribe(({ isAnew, head }) => {
        if (!isAnew) return;
        // It gets nothing more, or what is wrong with the copy might be put right by what comes behind it.
        this.#at = () => new Promise(() => undefined);
        void documentsOf(this.followerStore).then((documents) => resolve({ head: head.offset, documents }));
      });
    });
    this.#follower.start();
    const copied = await served;
    expect(this.hasHappened).toBe(true);
    return copied;
  }

  /** As another process of the leader, which has none of the snapshots that the last one held. */
  async restartLeader(): Promise<void> {
    await this.#leader.stop();
    this.#leader = this.#newLeader();
  }

  /** Where the leader was there is one of another log, with as many documents. */
  async replaceLeader(): Promise<void> {
    await this.#leader.stop();
    await this.store.close();
    this.store = await leaderStore('of another log');
    this.#leader = this.#newLeader();
  }

  #newLeader(): Leader {
    return new Leader({
      store: this.store,
      membership: aloneWith(this.store),
      clock: systemClock,
      random: () => 0.5,
      version: 'test',
      retention: RETENTION,
    });
  }

  async #stop(): Promise<void> {
    await this.#follower.stop();
    await this.#leader.stop();
    await this.followerStore.close();
    await this.store.close();
  }

  readonly #openLink: OpenLink = () => {
    const closing = new AbortController();
    return {
      request: async ({ path, headers, signal }: LinkRequest) => {
        const signals = AbortSignal.any([closing.signal, ...(signal === undefined ? [] : [signal])]);
        await Promise.race([this.#at(path), untilAborted(signals)]);
        const answer = await this.#leader.server.app.inject({ url: path, headers: headers as Record<string, string> });
        return {
          status: answer.statusCode,
          headers: answer.headers as Record<string, string>,
          body: bodyOf(answer.rawPayload),
        };
      },
      close: async () => closing.abort(new Error('closed')),
    };
  };
}

/** A store that keeps its newest change only. */
async function leaderStore(value: string): Promise<Store> {
  const { level } = await createMemoryLevel();
  const store = await Store.open({ level, role: 'leader', node: 'leader', clock: systemClock });
  for (let i = 10; i < 10 + DOCUMENTS; i++) await store.collection('c').put(`k-${i}`, value);
  await store.trim(store.facts.head.offset);
  return store;
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = (): void => reject(signal.reason as Error);
    if (signal.aborted) fail();
    signal.addEventListener('abort', fail, { once: true });
  });
}

function bodyOf(bytes: Buffer): LinkBody {
  return Object.assign(Readable.from([bytes], { objectMode: false }), {
    bytes: async () => bytes,
    text: async () => bytes.toString(),
    dump: async () => undefined,
  });
}

async function documentsOf(store: Store): Promise<readonly string[]> {
  const { documents } = await store.documents.scan('c');
  return documents.map(({ key, version, value }) => `${key} ${version} ${value as string}`);
}

async function forEach(keys: readonly string[], change: (key: string) => Promise<unknown>): Promise<void> {
  for (const key of keys) await change(key);
}

/** Calls `then` once, at the nth request that asks for such a path. */
function once(part: string, nth: number, then: (scene: Scene) => Promise<void>) {
  let seen = 0;
  return async (scene: Scene, path: string): Promise<void> => {
    if (!path.includes(part) || ++seen !== nth) return;
    await then(scene);
    scene.hasHappened = true;
  };
}

describe('a copy that is made while its leader changes', () => {
  // What is copied already is changed, and what is not. Documents that are gone leave nothing that a reading could stumble over.
  it.each<[string, (collection: Collection) => Promise<void>]>([
    ['deleted', (collection) => forEach(['k-11', 'k-37'], (key) => collection.delete(key))],
    ['replaced', (collection) => forEach(['k-10', 'k-38'], (key) => collection.put(key, 'second'))],
    ['new', (collection) => forEach(['k-0', 'k-99'], (key) => collection.put(key, 'new'))],
  ])('is served as of its newest snapshot when the first one is lost, and documents are %s', async (_what, change) => {
    const lose = async (scene: Scene): Promise<void> => {
      await scene.restartLeader();
      await change(scene.store.collection('c'));
    };
    const scene = await Scene.of(once('/v1/snapshot', 4, lose));
    const { head, documents } = await scene.copied();
    expect(head).toBe(scene.store.facts.head.offset);
    expect(documents).toStrictEqual(await documentsOf(scene.store));
  });

  it('is not served when it was finished, could not be, and the leader is another one by then', async () => {
    const scene = await Scene.of(async () => undefined);
    const { generations } = scene;
    const promote = generations.promote.bind(generations);
    generations.promote = async () => {
      generations.promote = promote;
      await scene.replaceLeader();
      scene.hasHappened = true;
      throw new Error('EIO');
    };
    const { documents } = await scene.copied();
    expect(documents).toStrictEqual(await documentsOf(scene.store));
  });

  it('is of its first snapshot as long as that is held, whatever is written', async () => {
    const write = async (scene: Scene): Promise<void> => {
      for (const key of ['k-10', 'k-38']) await scene.store.collection('c').put(key, 'second');
    };
    const scene = await Scene.of(once('/v1/snapshot', 4, write));
    const before = await documentsOf(scene.store);
    expect(await scene.copied()).toStrictEqual({ head: DOCUMENTS, documents: before });
  });
});

describe('a copy that was damaged under its maker', () => {
  const damage = async ({ generations }: Scene): Promise<void> => {
    const level = await generations.beside();
    const [entry] = await level.iterator({ gte: Buffer.from('dc\0k-15'), limit: 1 }).all();
    const [key, stored] = entry!;
    await level.put(key, Buffer.concat([stored.subarray(0, -2), Buffer.from('x"')]));
  };

  it('is made again also when the disk does not let it go at first', async () => {
    const damageForLong = async (scene: Scene): Promise<void> => {
      await damage(scene);
      const { generations } = scene;
      const discard = generations.discard.bind(generations);
      generations.discard = async () => {
        generations.discard = discard;
        throw DISK_FAILED;
      };
    };
    const scene = await Scene.of(once('limit=1&', 1, damageForLong));
    const { documents } = await scene.copied();
    expect(documents).toStrictEqual(await documentsOf(scene.store));
  });

  it('is not served, but made again', async () => {
    // The question for the record that the snapshot ends with: all documents are there by then.
    const scene = await Scene.of(once('limit=1&', 1, damage));
    const { documents } = await scene.copied();
    expect(documents).toStrictEqual(await documentsOf(scene.store));
  });
});
