/* Nodes of a mesh in this process, over stores in memory and HTTP on loopback, each with a clock of its own that tests move. */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { Store, type Document, type Level, type MergeChange } from '@skein/core';
import { undiciLink, type LinkAnswer, type LinkRequest, type NodeLink, type OpenLink } from '@skein/http';
import { Leader } from '@skein/leader';
import { MeshNode, type MeshEventsPort, type MeshIntake } from '@skein/mqtt';
import { TOMBSTONES } from '@skein/protocol';
import { meshStatusAnswer } from '../../packages/http/src/openapi/operations/mesh-status.ts';
import { aloneWith, createMemoryLevel, ManualClock, until } from '@skein/testing';

const RETENTION = { changesMin: 100_000, bytesMax: 1e9, silenceMsMax: 1e12 };
const POLICY = {
  backoff: { baseMs: 100, maxMs: 1000 },
  breaker: { failuresMax: 5, openMs: 2000 },
  waitSeconds: 1,
  requestTimeoutMs: 5000,
  clockDriftMsMax: 300_000,
  antiEntropyEveryMs: 6000,
};

let incarnations = 0;

export interface NodeOptions {
  readonly peers?: readonly string[];
  readonly antiEntropyEveryMs?: number;
  readonly keepsConflicts?: boolean;
  readonly batchMax?: number;
}

/** Lines of a node `x`, which writes and deletes in the collection `c`. */
export function putLine(key: string, ms: number): string {
  return `{"offset":1,"ts":1,"origin":"x","stamp":"${ms}.1.abc","collection":"c","key":"${key}","op":"put","value":${ms}}`;
}

export function deletedLine(key: string, ms: number): string {
  return `{"offset":1,"ts":1,"origin":"x","stamp":"${ms}.1.abc","collection":"$tombstones","key":"c/${key}","op":"put","value":null}`;
}

/** One node; its peers are names of others. */
export class TestNode {
  readonly name: string;
  readonly clock: ManualClock;
  readonly store: Store;
  readonly leader: Leader;
  readonly mesh: MeshNode;
  address = '';
  #broker: MeshIntake | null = null;

  private constructor(name: string, store: Store, clock: ManualClock, parts: { options: NodeOptions; net: Mesh }) {
    const { options, net } = parts;
    this.name = name;
    this.store = store;
    this.clock = clock;
    const { peers = [], antiEntropyEveryMs = POLICY.antiEntropyEveryMs, batchMax } = options;
    this.mesh = new MeshNode({
      store,
      clock,
      random: () => 0.5,
      peers: peers.map((peer) => `http://${peer}`),
      openLink: net.linkFrom(name),
      policy: { ...POLICY, antiEntropyEveryMs, batchMax },
      events: {
        install: (_app, intake) => void (this.#broker = intake),
        describe: () => ({}),
        addMetrics: () => undefined,
        verdict: () => null,
      } satisfies MeshEventsPort,
    });
    this.leader = new Leader({
      role: 'mesh',
      store,
      clock,
      random: () => 0.5,
      version: '0',
      membership: aloneWith(store),
      retention: RETENTION,
      addition: this.mesh,
    });
  }

  static async start(name: string, level: Level, parts: { options: NodeOptions; net: Mesh }): Promise<TestNode> {
    const clock = new ManualClock(parts.net.now);
    const { keepsConflicts = false } = parts.options;
    const mesh = {
      newIncarnation: () => `test${++incarnations}`,
      keepsConflicts,
      assertFits: () => undefined,
    };
    const store = await Store.open({ level, role: 'mesh', node: name, clock, mesh });
    const node = new TestNode(name, store, clock, parts);
    node.address = await node.leader.server.app.listen({ port: 0, host: '127.0.0.1' });
    return node;
  }

  /** A broker brings something. */
  async hear(...changes: readonly MergeChange[]): Promise<void> {
    await this.#broker!.take(changes);
  }

  async stop(): Promise<void> {
    await this.leader.stop();
    await this.store.close();
  }

  put(key: string, value: unknown, collection = 'c'): Promise<unknown> {
    return this.request('PUT', `/v1/collections/${collection}/${key}`, value);
  }

  async request(method: string, path: string, body?: unknown): Promise<any> {
    const sent =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const answer = await fetch(`${this.address}${path}`, { method, ...sent });
    const text = await answer.text();
    if (!answer.ok && path !== '/healthz') throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

  /** What it says of its part in the mesh, which is what it is said to say. */
  async status(): Promise<any> {
    const { mesh } = await this.request('GET', '/v1/status');
    assert.deepStrictEqual(meshStatusAnswer.parse(mesh), mesh);
    return mesh;
  }

  /** Another node sends lines of its log. */
  async send(...lines: readonly string[]): Promise<any> {
    const headers = { 'content-type': 'application/x-ndjson' };
    const answer = await fetch(`${this.address}/v1/mesh/changes`, { method: 'POST', body: lines.join('\n'), headers });
    assert.equal(answer.status, 200);
    return answer.json();
  }

  /** What is here, and what is remembered to have been deleted. */
  async contents(): Promise<Readonly<Record<string, unknown>>> {
    const documents: [string, unknown][] = [];
    for (const { name } of await this.store.collections())
      for await (const document of this.store.documents.iterate(name) as AsyncIterable<Document>)
        documents.push([`${name}/${document.key}`, document.value]);
    return Object.fromEntries(documents);
  }

  async tombstones(): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const { key } of this.store.documents.iterate(TOMBSTONES)) keys.push(key);
    return keys;
  }
}

/** The nodes of one test, and what is between them. */
export class Mesh {
  readonly wall = Date.UTC(2026, 0, 1);
  #passedMs = 0;
  readonly #nodes = new Map<string, TestNode>();
  readonly #levels = new Map<string, Level>();
  readonly #cut = new Set<string>();
  readonly #links = new Map<string, NodeLink>();
  /** Answers instead of a node, or does not. */
  instead: (asked: LinkRequest, from: string, to: string) => Promise<LinkAnswer> | null = () => null;

  get now(): number {
    return this.wall + this.#passedMs;
  }

  async start(name: string, options: NodeOptions = {}): Promise<TestNode> {
    const level = this.#levels.get(name) ?? (await createMemoryLevel()).level;
    this.#levels.set(name, level);
    const node = await TestNode.start(name, level, { options, net: this });
    this.#nodes.set(name, node);
    return node;
  }

  /** It comes back with what it had, unless that is lost. */
  async stop(name: string, isLost = false): Promise<void> {
    const node = this.#nodes.get(name)!;
    this.#nodes.delete(name);
    for (const way of this.#links.keys()) if (way.endsWith(` ${name}`)) await this.#drop(way);
    await node.stop();
    if (isLost) this.#levels.delete(name);
  }

  async close(): Promise<void> {
    for (const name of this.#nodes.keys()) await this.stop(name);
  }

  /** Nothing goes from one to the other any more, also what is under way. */
  async cut(from: string, to: string): Promise<void> {
    this.#cut.add(`${from} ${to}`);
    await this.#drop(`${from} ${to}`);
  }

  mend(from: string, to: string): void {
    this.#cut.delete(`${from} ${to}`);
  }

  linkFrom(from: string): OpenLink {
    return (url, options) => {
      const to = new URL(url).hostname;
      const way = `${from} ${to}`;
      const request = async (asked: LinkRequest): Promise<LinkAnswer> => {
        const node = this.#nodes.get(to);
        if (node === undefined || this.#cut.has(way)) throw new Error('connect ECONNREFUSED');
        const link = this.#links.get(way) ?? undiciLink(node.address, options);
        this.#links.set(way, link);
        return this.instead(asked, from, to) ?? link.request(asked);
      };
      return { request, close: () => this.#drop(way) };
    };
  }

  /** Time goes on for all of them, until there is something to see. */
  until<Seen>(what: string, look: () => Seen | Promise<Seen>, stepMs = 200) {
    return until(
      what,
      async () => {
        this.pass(stepMs);
        return look();
      },
      { everyMs: 5 },
    );
  }

  pass(ms: number): void {
    this.#passedMs += ms;
    for (const { clock } of this.#nodes.values()) clock.advance(ms);
  }

  /** All of them have the same. */
  async untilAlike(...nodes: readonly TestNode[]): Promise<Readonly<Record<string, unknown>>> {
    const areAlike = async (): Promise<boolean> => {
      const [first, ...others] = await Promise.all(nodes.map((node) => node.contents()));
      return others.every((other) => isDeepStrictEqual(other, first));
    };
    await this.until('all have the same', areAlike, 500);
    return nodes[0]!.contents();
  }

  async #drop(way: string): Promise<void> {
    const link = this.#links.get(way);
    this.#links.delete(way);
    await link?.close();
  }
}
