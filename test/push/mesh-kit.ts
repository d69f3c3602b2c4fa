import { Store, systemClock, type Clock, type Level, type MergeChange, type Merged } from '@skein/core';
import { MeshEvents, Seals, type Broker, type BrokerMessage, type MeshEventsParts } from '@skein/mqtt';
import { topicsOf } from '@skein/protocol';
import { createMemoryLevel } from '@skein/testing';

export const TOPICS = topicsOf('p');

type Hook = () => Promise<void> | void;

/** Of a server, what begins and ends with it. */
class Hooks {
  readonly #hooks = new Map<string, Hook[]>();

  addHook(name: string, hook: Hook): this {
    this.#hooks.set(name, [...(this.#hooks.get(name) ?? []), hook]);
    return this;
  }

  async run(name: string): Promise<void> {
    for (const hook of this.#hooks.get(name) ?? []) await hook();
  }
}

/** A broker in a test's hand: what is published is kept, and what a test says is heard. */
export class HandBroker implements Broker {
  isConnected = true;
  inFlightMax = 20;
  packetBytesMax = 1_000_000;
  readonly published: BrokerMessage[] = [];
  #listener: (message: BrokerMessage) => void = () => undefined;

  async publish(message: BrokerMessage): Promise<void> {
    this.published.push(message);
  }

  subscribe(_topic: string, listener: (message: BrokerMessage) => void): () => void {
    this.#listener = listener;
    return () => (this.#listener = () => undefined);
  }

  bring(...messages: readonly BrokerMessage[]): void {
    for (const message of messages) this.#listener(message);
  }

  watch(): () => void {
    return () => undefined;
  }

  describe(): { connected: boolean; last_error: null; failures: number } {
    return { connected: this.isConnected, last_error: null, failures: 0 };
  }

  start(): void {}
  async close(): Promise<void> {}
}

let incarnations = 0;

/** The store of a node of a mesh; each opening is an incarnation of its own: `i1`, `i2` and so on. */
export async function openMeshStore(node: string, settings: { level?: Level; clock?: Clock } = {}): Promise<Store> {
  const { level = (await createMemoryLevel()).level, clock = systemClock } = settings;
  const newIncarnation = (): string => `i${++incarnations}`;
  const mesh = { newIncarnation, keepsConflicts: false, assertFits: () => undefined };
  return Store.open({ level, role: 'mesh', node, clock, mesh });
}

export interface MeshEventsNode {
  readonly store: Store;
  readonly events: MeshEvents;
  /** What was merged, or was to be. */
  readonly taken: MergeChange[][];
  close(): Promise<void>;
}

/** What a node tells and hears, without the rest of it. */
export async function startMeshEvents(
  store: Store,
  broker: Broker,
  parts: Partial<MeshEventsParts> & { readonly merge?: (changes: readonly MergeChange[]) => Promise<Merged> } = {},
): Promise<MeshEventsNode> {
  const taken: MergeChange[][] = [];
  const events = new MeshEvents({
    store,
    broker,
    clock: systemClock,
    random: () => 0.5,
    seals: new Seals(null),
    topics: TOPICS,
    limit: 10_000,
    backoff: { baseMs: 10, maxMs: 50 },
    ...parts,
  });
  const app = new Hooks();
  const merge = parts.merge ?? ((changes) => store.merge(changes));
  events.install(app as unknown as Parameters<MeshEvents['install']>[0], {
    take: async (changes) => {
      taken.push([...changes]);
      return { ...(await merge(changes)), quarantined: 0 };
    },
  });
  await app.run('onReady');
  const close = async (): Promise<void> => {
    await app.run('preClose');
    await app.run('onClose');
  };
  return { store, events, taken, close };
}
