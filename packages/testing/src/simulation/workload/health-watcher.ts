import type { Scheduler } from '../world/scheduler.ts';
import type { SimNode } from '../world/sim-node.ts';
import { SILENCE_MS_MAX } from '../world/sim-process.ts';
import { lateMsMaxOf, type Cast, type Part } from './cast.ts';

/** Looks at what nodes say of themselves, beside what is so. */
export class HealthWatcher {
  readonly #cast: Cast;
  readonly #part: Part;
  readonly #scheduler: Scheduler;

  constructor(cast: Cast, part: Part, scheduler: Scheduler) {
    this.#cast = cast;
    this.#part = part;
    this.#scheduler = scheduler;
  }

  async run(): Promise<void> {
    const { clock, random, isOver } = this.#part;
    const { nodes, isCalm } = this.#cast;
    while (!isOver()) {
      await clock.sleep(random.between(100, isCalm() ? 5000 : 900));
      for (const node of nodes) this.#look(node);
      const followers = nodes.filter(({ role }) => role === 'follower');
      if (followers.length > 0) await this.#askStatus(random.pick(followers));
    }
  }

  async #askStatus(node: SimNode): Promise<void> {
    const request = { method: 'GET', path: '/v1/status', headers: {} };
    const answer = await this.#cast.net
      .request(this.#part.name, node.name, request, { answerMs: 1000 })
      .catch(() => null);
    if (answer?.status !== 200) return;
    const { replication } = JSON.parse(answer.body.toString()) as {
      readonly replication?: { readonly circuit: string };
    };
    if (replication?.circuit === 'open') this.#cast.mark('the circuit was opened');
  }

  #look(node: SimNode): void {
    const { tell, mark, fail } = this.#cast;
    const { store } = node;
    // A process that is held says nothing.
    if (store === undefined || this.#scheduler.isDazed(node.name)) return;
    const health = node.health();
    if (health === null) return;
    if (store.state === 'corrupt' && !node.isDamaged)
      fail(`${node.name} says it is corrupt, and nothing had damaged it: ${store.failure}`);
    if (store.state === 'corrupt') mark('damage was found by a read');
    if (store.state === 'ready' && store.failures > 0) mark('a store came back from a failed write');
    if (store.state === 'poisoned') mark('a poisoned store was seen');
    if (node.role === 'follower' && !health.connected) mark('a follower knew that it was cut off');
    tell({
      kind: 'health',
      node: node.name,
      role: node.role,
      atMs: this.#scheduler.nowMs,
      health,
      isStoreReady: store.state === 'ready',
      appliedOffset: store.facts.head.offset,
      lastContact: node.lastContact,
      lateMsMax: lateMsMaxOf(node, this.#cast),
      silenceMsMax: SILENCE_MS_MAX,
    });
  }
}
