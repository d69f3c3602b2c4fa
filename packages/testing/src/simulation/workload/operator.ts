import { leadingRefusal } from '@skein/core';
import type { SimNode } from '../world/sim-node.ts';
import type { Cast, Part } from './cast.ts';

const ANSWER_MS = 9000;
const LOOK_MS = 700;
/** How long a set may take to find itself again before somebody intervenes. */
const PATIENCE_LOOKS = 4;

/** Somebody who promotes and demotes nodes, now and then without need, and in the end until one of them leads. */
export class Operator {
  readonly #cast: Cast;
  readonly #part: Part;
  /** They may give up what was acknowledged; nobody else ever does. */
  readonly #acceptsLoss: boolean;

  constructor(cast: Cast, part: Part, acceptsLoss: boolean) {
    this.#cast = cast;
    this.#part = part;
    this.#acceptsLoss = acceptsLoss;
  }

  async promote(node: string, wanted: { readonly acceptLoss: boolean; readonly handOver: boolean }): Promise<void> {
    const acceptLoss = wanted.acceptLoss && this.#acceptsLoss;
    const leader = wanted.handOver ? this.#cast.nodes.find(({ role }) => role === 'leader') : undefined;
    const from = leader === undefined ? {} : { from: `http://${leader.name}` };
    const done = await this.#post(node, '/v1/admin/promote', { acceptLoss, ...from });
    if (done === undefined) return;
    this.#cast.mark(done['mayBeLost'] === null ? 'a node was promoted' : 'a node was promoted with a loss accepted');
    if (leader !== undefined) this.#cast.mark('a leader handed over');
  }

  async demote(node: string): Promise<void> {
    if ((await this.#post(node, '/v1/admin/demote', {})) !== undefined) this.#cast.mark('a leader was demoted');
  }

  /** Somebody claims that a candidate asks for a promise, which it does not. */
  async claim(node: string, candidate: string): Promise<void> {
    const given = await this.#post(node, '/v1/promises', { counter: 50, candidate });
    if (given !== undefined) this.#cast.fail(`${node} promised what ${candidate} had not asked for`);
  }

  /** Until one of them leads, and may. */
  async insist(): Promise<void> {
    const { clock, random, isOver } = this.#part;
    let looks = 0;
    while (!isOver()) {
      await clock.sleep(LOOK_MS);
      looks = this.#cast.nodes.some(mayLead) ? 0 : looks + 1;
      if (looks < PATIENCE_LOOKS) continue;
      this.#cast.mark('a set without a leader was given one');
      await this.promote(random.pick(this.#cast.nodes).name, {
        acceptLoss: looks > PATIENCE_LOOKS + 2,
        handOver: false,
      });
    }
  }

  async #post(node: string, path: string, body: object): Promise<Readonly<Record<string, unknown>> | undefined> {
    const headers = { 'content-type': 'application/json' };
    const request = { method: 'POST', path, headers, body: Buffer.from(JSON.stringify(body)) };
    const answer = await this.#cast.net
      .request(this.#part.name, node, request, { answerMs: ANSWER_MS })
      .catch(() => undefined);
    if (answer === undefined) return undefined;
    const said = JSON.parse(answer.body.toString()) as Readonly<Record<string, unknown>>;
    if (answer.status === 200) return said;
    if (said['code'] === 'internal')
      this.#cast.fail(`${path} was answered with an internal error: ${answer.body.toString()}`);
    this.#cast.mark(`an operator was refused: ${String(said['code'])}`);
    return undefined;
  }
}

function mayLead({ role, store, isUp }: SimNode): boolean {
  return isUp && role === 'leader' && store !== undefined && leadingRefusal(store.facts) === undefined;
}
