import { leadingRefusal } from '@skein/core';
import { heardFrom, type NodeLink } from '@skein/http';
import { planRestore, type Heard } from '@skein/replication';
import { restoreStore, takeBackup } from 'skein';
import { simLink } from '../world/sim-link.ts';
import type { SimNode } from '../world/sim-node.ts';
import type { Cast, Part } from './cast.ts';
import { MemoryBackup } from './memory-backup.ts';

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

  /** Takes a backup of one node, and after a while has another one lose all that it has and go on from the backup. */
  async restore(node: SimNode, backupOf: SimNode, afterMs: number): Promise<void> {
    // Whatever was written behind the backup may be lost.
    if (!this.#acceptsLoss) return;
    const backup = await this.#backup(backupOf);
    if (backup === undefined) return;
    const { clock, random } = this.#part;
    await clock.sleep(afterMs);
    const askedAtMs = clock.now();
    const plan = planRestore({ ...(await backup.describe()), ...(await this.#hear(node)) });
    if (plan.kind !== 'begin') return this.#cast.mark(`a backup was not restored: ${plan.kind}`);
    const { counter, mayBeLost } = plan;
    const begun = { node: node.name, clock, randomness: (count: number) => random.bytes(count), counter, mayBeLost };
    await node.restore((level) => restoreStore(backup, { level, ...begun }), askedAtMs);
    this.#cast.mark('a node was restored from a backup');
  }

  /** Undefined where none could be had. */
  async #backup({ name, store }: SimNode): Promise<MemoryBackup | undefined> {
    const headBefore = store?.facts.head;
    const backup = new MemoryBackup();
    try {
      const { position } = await takeBackup(this.#linkTo(name), backup, {
        clock: this.#part.clock,
        linesMax: this.#part.random.pick([2, 20, 5000]),
      });
      const documents = backup.documents();
      if (headBefore !== undefined) this.#cast.tell({ kind: 'backed-up', node: name, headBefore, position, documents });
      return backup;
    } catch {
      this.#cast.mark('a backup could not be taken');
      return undefined;
    }
  }

  /** What the other nodes say of themselves, each asked until it answers, for some time. */
  async #hear(restored: SimNode): Promise<{ readonly heard: readonly Heard[]; readonly silent: readonly string[] }> {
    const others = this.#cast.nodes.filter((node) => node !== restored);
    const answers = await Promise.all(others.map(({ name }) => this.#ask(name)));
    return {
      heard: answers.filter((answer) => answer !== null),
      silent: others.filter((_, i) => answers[i] === null).map(({ name }) => name),
    };
  }

  async #ask(name: string): Promise<Heard | null> {
    const request = { method: 'GET', path: '/v1/member', headers: {}, answerMs: 1000 };
    for (let tries = 0; tries < 3; tries++) {
      try {
        const { status, body } = await this.#linkTo(name).request(request);
        if (status === 200) return heardFrom(`http://${name}`, JSON.parse(await body.text()), 0);
      } catch {
        await this.#part.clock.sleep(300);
      }
    }
    return null;
  }

  #linkTo(name: string): NodeLink {
    const url = `http://${name}`;
    return simLink(this.#cast.net, this.#part.name, () => true)(url, { connections: 1, timeoutMs: ANSWER_MS });
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
