import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Role } from '@skein/protocol';
import { ChaosProxy } from './chaos-proxy.ts';
import { Client } from './client.ts';
import { freePort } from './free-port.ts';
import { NodeProcess, type Flags, type NodeSettings } from './node-process.ts';

type Extras = Partial<Pick<NodeSettings, 'data' | 'environment' | 'port' | 'wrapper'>>;

/** Tests wait for nobody: short delays, and a follower that soon notices that its leader is back. */
const FOLLOWER_FLAGS: Flags = { 'backoff-base': '1s', 'backoff-max': '2s', 'circuit-open': '1s' };

const MESH_FLAGS: Flags = {
  'backoff-base': '50ms',
  'backoff-max': '500ms',
  'circuit-open': '500ms',
  'compare-interval': '1s',
};

/** The processes, directories and proxies of a test, and their end. */
export class Cluster {
  readonly #closers: (() => Promise<unknown>)[] = [];

  leader(flags: Flags = {}, extras: Extras = {}): Promise<NodeProcess> {
    return this.#start('leader', flags, extras);
  }

  /** A follower of a node, or of whatever answers at an address. */
  follower(leader: { readonly url: string }, flags: Flags = {}, extras: Extras = {}): Promise<NodeProcess> {
    return this.#start('follower', { leader: leader.url, ...FOLLOWER_FLAGS, ...flags }, extras);
  }

  /** A node of a mesh; whoever is to be its peer from the start has to know its port before. */
  mesh(id: string, flags: Flags = {}, extras: Extras = {}): Promise<NodeProcess> {
    return this.#start('mesh', { 'node-id': id, ...MESH_FLAGS, ...flags }, extras);
  }

  async proxy(target: { readonly url: string }): Promise<ChaosProxy> {
    const proxy = await ChaosProxy.to(target.url);
    this.atEnd(() => proxy.close());
    return proxy;
  }

  client(url: string): Client {
    const client = new Client(url);
    this.atEnd(() => client.close());
    return client;
  }

  async directory(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'skein-test-'));
    this.atEnd(() => rm(path, { recursive: true, force: true }));
    return path;
  }

  /** Runs when the cluster is closed; the last to come is the first to go. */
  atEnd(closer: () => Promise<unknown>): void {
    this.#closers.push(closer);
  }

  /** Ends everything, also when a part of it resists. */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (let closer = this.#closers.pop(); closer !== undefined; closer = this.#closers.pop()) {
      await closer().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw new AggregateError(errors, 'not everything could be cleaned up');
  }

  async #start(role: Role, flags: Flags, extras: Extras): Promise<NodeProcess> {
    const data = extras.data ?? (await this.directory());
    const node = new NodeProcess({ role, data, port: await freePort(), flags, ...extras });
    this.atEnd(() => node.dispose());
    await node.start();
    return node;
  }
}
