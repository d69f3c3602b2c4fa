import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { DemoBroker } from './demo-broker.ts';
import { DemoNode } from './demo-node.ts';
import { freePort } from './free-port.ts';

const SKEIN = fileURLToPath(new URL('../../bin/skein.js', import.meta.url));

const WAIT_MS_MAX = 30_000;
const LOOK_EVERY_MS = 5;

/** How nodes reach each other is all that a mesh needs to be told. */
interface Way {
  readonly flagsOf: (peer: () => string) => readonly string[];
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Two nodes that both take writes, and what each has of the other's; nothing of it is left behind. */
export async function runMeshDemo(say: (line: string) => void): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-mesh-'));
  const broker = await DemoBroker.start(directory);
  if (broker === null) say('mosquitto is not installed: the two nodes tail each other’s feeds over HTTP\n');
  else say(`the two nodes meet at mosquitto, ${broker.url}; over HTTP they have what they miss there\n`);
  const way: Way = {
    flagsOf: (peer) => ['--peers', peer(), ...(broker === null ? [] : ['--mqtt-url', broker.url])],
  };
  const demo = new MeshDemo(directory, way, say);
  const discard = (): void => {
    broker?.discard();
    demo.discard();
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', discard);
  try {
    await demo.run();
  } finally {
    await demo.stop();
    process.off('exit', discard);
    discard();
    say('\nboth nodes are stopped, and their directories are gone');
  }
}

class MeshDemo {
  readonly #say: (line: string) => void;
  readonly #a: DemoNode;
  readonly #b: DemoNode;

  constructor(directory: string, { flagsOf }: Way, say: (line: string) => void) {
    const node = (name: string, peer: () => DemoNode): DemoNode => {
      const flags = (): readonly string[] => [...SOON, '--keep-conflicts', ...flagsOf(() => peer().url)];
      return new DemoNode(name, 'mesh', directory, { flags, script: SKEIN });
    };
    this.#say = say;
    this.#a = node('a', () => this.#b);
    this.#b = node('b', () => this.#a);
  }

  async run(): Promise<void> {
    const [a, b] = [this.#a, this.#b];
    // Each is told where the other will be.
    for (const node of [a, b]) node.takePort(await freePort());
    for (const node of [a, b]) await node.start();
    for (const node of [a, b]) {
      await this.#until(`${node.name} is ready`, async () => (await ask(node, 'GET', '/readyz')).status === 200);
      this.#say(`node ${node.name} takes writes at ${node.url}`);
    }
    await this.#meet();
    await this.#bothDirections();
    await this.#conflict();
    await this.#killed();
    for (const node of [this.#a, this.#b]) await this.#tellWays(node);
  }

  async stop(): Promise<void> {
    for (const node of [this.#a, this.#b]) await node.kill();
  }

  discard(): void {
    for (const node of [this.#a, this.#b]) void node.kill();
  }

  /** What is written before a node hears of it is had a minute later; a demonstration does not wait for that. */
  async #meet(): Promise<void> {
    for (const [from, to] of [
      [this.#a, this.#b],
      [this.#b, this.#a],
    ] as const) {
      await this.#until(`${to.name} hears ${from.name}`, async () => {
        await ask(from, 'PUT', `/v1/collections/hello/${from.name}`, new Date().toISOString());
        await sleep(LOOK_EVERY_MS * 10);
        return (await ask(to, 'GET', `/v1/collections/hello/${from.name}`)).status === 200;
      });
    }
  }

  async #bothDirections(): Promise<void> {
    const [a, b] = [this.#a, this.#b];
    await this.#step(a, 'PUT', 'orders/o-1', { total: 42 }, '{"total":42}');
    await this.#step(b, 'PATCH', 'orders/o-1', { paid: true }, '{"total":42,"paid":true}');
    await this.#step(a, 'POST', 'counters/visits/increment', { by: 5 }, '5');
    await this.#step(b, 'POST', 'counters/visits/decrement', { by: 2 }, '3');
    await this.#step(b, 'POST', 'notes/n-1/append', { text: 'from b' }, '"from b"');
    await this.#step(a, 'POST', 'notes/n-1/prepend', { text: 'a, ' }, '"a, from b"');
    await this.#step(a, 'DELETE', 'orders/o-1', undefined, null);
  }

  /** Both write to one key, neither having seen the other's write: the later one stays, on both. */
  async #conflict(): Promise<void> {
    const [a, b] = [this.#a, this.#b];
    this.#say('\nboth write orders/o-2 at once');
    await Promise.all([a, b].map((node) => ask(node, 'PUT', '/v1/collections/orders/o-2', { by: node.name })));
    await this.#until('both have the same', async () => {
      const [here, there] = await Promise.all([a, b].map((node) => valueOf(node, 'orders/o-2')));
      return here === there;
    });
    this.#say(`  both have  ${await valueOf(a, 'orders/o-2')}`);
    for (const node of [a, b]) {
      const lost = await ask(node, 'GET', `/v1/collections/$conflicts/${encodeURIComponent('orders/o-2')}`);
      if (lost.status === 200) this.#say(`  ${node.name} has kept what lost  ${lost.text}`);
    }
  }

  async #killed(): Promise<void> {
    const [a, b] = [this.#a, this.#b];
    this.#say('\nnode b is killed (kill -9), and a goes on taking writes');
    await b.kill();
    await ask(a, 'PUT', '/v1/collections/orders/o-3', { while: 'b was away' });
    await b.start();
    const startedAt = performance.now();
    await this.#until('b has it', async () => (await valueOf(b, 'orders/o-3')) !== null);
    this.#say(`  b is back, and has it ${Math.round(performance.now() - startedAt)} ms after it was started`);
  }

  async #tellWays(node: DemoNode): Promise<void> {
    const { text } = await ask(node, 'GET', '/v1/status');
    const { merged } = (JSON.parse(text) as { mesh: { merged: Record<string, { taken: number; known: number }> } })
      .mesh;
    const ways = Object.entries(merged).filter(([, { taken, known }]) => taken + known > 0);
    const told = ways.map(([way, { taken, known }]) => `${way}: ${taken} new, ${known} known already`);
    this.#say(`\nwhat came to ${node.name}, by way of  ${told.join('; ')}`);
  }

  async #step(node: DemoNode, method: Method, what: string, body: unknown, becomes: string | null): Promise<void> {
    const other = node === this.#a ? this.#b : this.#a;
    const said = body === undefined ? '' : ` ${JSON.stringify(body)}`;
    this.#say(`\n${method} ${what}${said} at ${node.name}`);
    const path = `/v1/collections/${what}`;
    const { status, text } = await ask(node, method, path, body);
    if (status >= 300) throw new Error(`${node.name} answers ${status}: ${text}`);
    const startedAt = performance.now();
    const document = what.split('/').slice(0, 2).join('/');
    await this.#until(`${other.name} has it`, async () => (await valueOf(other, document)) === becomes);
    const has = becomes ?? 'nothing under that key any more';
    this.#say(`  ${other.name} has  ${has}  (${Math.round(performance.now() - startedAt)} ms later)`);
  }

  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + WAIT_MS_MAX;
    while (!(await isSo())) {
      for (const node of [this.#a, this.#b])
        if (!node.isRunning) throw new Error(`node ${node.name} has ended: ${node.lastWords()}`);
      if (performance.now() > deadline) throw new Error(`not within ${WAIT_MS_MAX / 1000} s: ${what}`);
      await sleep(LOOK_EVERY_MS);
    }
  }
}

/** A demonstration waits for nobody. */
const SOON = ['--backoff-base', '50ms', '--backoff-max', '500ms', '--compare-interval', '1s'];

type Method = 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE';

/** The value of a document as text; null when there is none. */
async function valueOf(node: DemoNode, document: string): Promise<string | null> {
  const { status, text } = await ask(node, 'GET', `/v1/collections/${document}`);
  return status === 200 ? text : null;
}

async function ask(node: DemoNode, method: Method, path: string, value?: unknown): Promise<Answer> {
  const json =
    value === undefined ? {} : { body: JSON.stringify(value), headers: { 'content-type': 'application/json' } };
  try {
    const { statusCode, body } = await request(new URL(path, node.url), { method, ...json });
    return { status: statusCode, text: await body.text() };
  } catch (error) {
    // It has not begun to listen.
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return { status: 503, text: '' };
    throw error;
  }
}
