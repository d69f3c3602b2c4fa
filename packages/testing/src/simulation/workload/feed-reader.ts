import { isoTime } from '@skein/core';
import type { SimNode } from '../world/sim-node.ts';
import type { SimResponse } from '../world/sim-net.ts';
import { anyNode, type Cast, type Part } from './cast.ts';

const ANSWER_MS = 8000;

interface Page {
  readonly log: string;
  readonly epoch: string;
  readonly since: string;
  readonly next: string;
  readonly head: { readonly offset: number };
  readonly upToDate: boolean;
  readonly tail: number;
  readonly changes: readonly { readonly ts: number }[];
}

/** A consumer of the feed: keeps its position, and goes on with it on whatever node answers. */
export class FeedReader {
  readonly #cast: Cast;
  readonly #part: Part;
  #name: string;
  #next = '0';
  #restarts = 0;
  #isTooLate = false;
  /** When the last change of its last page was committed; undefined where there was none. */
  #timeSeen: number | undefined;

  constructor(cast: Cast, part: Part) {
    this.#cast = cast;
    this.#part = part;
    this.#name = part.name;
  }

  async run(): Promise<void> {
    const { clock, random, isOver } = this.#part;
    const limit = random.pick([1, 5, 100]);
    let node = anyNode(this.#cast, this.#part, 0.5);
    while (!isOver() && !this.#isTooLate) {
      const isAnswered = await this.#ask(node, limit);
      if (isAnswered && this.#timeSeen !== undefined && random.chance(0.1))
        await this.#askForTime(node, this.#timeSeen);
      if (isAnswered && !random.chance(0.1)) continue;
      node = anyNode(this.#cast, this.#part, 0.5);
      await clock.sleep(random.between(50, 600));
    }
  }

  async #ask(node: SimNode, limit: number): Promise<boolean> {
    const { net } = this.#cast;
    const wait = this.#part.random.below(4);
    const path = `/v1/changes?since=${this.#next}&limit=${limit}&wait=${wait}`;
    const request = { method: 'GET', path, headers: { accept: 'application/json' } };
    const { renewals } = node;
    const answer = await net
      .request(this.#part.name, node.name, request, { answerMs: ANSWER_MS })
      .catch(() => undefined);
    if (answer === undefined) return false;
    if (answer.status !== 200) {
      this.#refused(node, answer);
      return false;
    }
    // While the answer was on its way, the node may have gone over to another history.
    const durable = node.renewals === renewals ? node.durableOffset : Infinity;
    this.#take(node, JSON.parse(answer.body.toString()) as Page, durable);
    return true;
  }

  #take(node: SimNode, { log, epoch, since, next, head, upToDate, changes }: Page, durable: number): void {
    const { tell, mark } = this.#cast;
    if (since !== this.#next) {
      mark('a page that was not asked for');
      return;
    }
    tell({
      kind: 'page',
      reader: this.#name,
      node: node.name,
      log,
      epoch,
      since,
      next,
      lines: changes.map((change) => JSON.stringify(change)),
      head: head.offset,
      upToDate,
      durable,
    });
    this.#next = next;
    this.#timeSeen = changes.at(-1)?.ts;
  }

  /** Asks for what was committed at a time of which the node has something, and says where that begins. */
  async #askForTime(node: SimNode, timeMs: number): Promise<void> {
    const { renewals } = node;
    const request = { method: 'GET', path: `/v1/changes?since=${isoTime(timeMs)}&limit=1`, headers: {} };
    const answer = await this.#cast.net
      .request(this.#part.name, node.name, request, { answerMs: ANSWER_MS })
      .catch(() => undefined);
    // It may have gone over to a history that has nothing of then.
    if (answer === undefined || node.renewals !== renewals) return;
    const facts = { kind: 'time-found', reader: this.#name, node: node.name, timeMs } as const;
    if (answer.status === 200) {
      const { log, epoch, since, head, tail } = JSON.parse(answer.body.toString()) as Page;
      this.#cast.mark('a reader began with a time');
      this.#cast.tell({ ...facts, log, epoch, since, head: head.offset, tail });
      return;
    }
    const { code, log, epoch, tail } = JSON.parse(answer.body.toString()) as Page & { readonly code: string };
    if (code === 'compacted') this.#cast.tell({ ...facts, log, epoch, since: null, head: 0, tail });
    else if (!['starting', 'stopping', 'corrupt'].includes(code))
      this.#cast.fail(`the feed of ${node.name} refused ${isoTime(timeMs)} with ${code}`);
  }

  /** It is no follower, so nothing is kept for it; but what it is told must be so. */
  #cameTooLate(node: SimNode, tail: number | undefined): void {
    const offset = Number(this.#next.split('.')[0]);
    if (tail === undefined || offset >= tail - 1)
      this.#cast.fail(`the feed of ${node.name} refused ${this.#next} as compacted, and begins at ${tail}`);
    this.#cast.mark('a reader came too late');
    this.#isTooLate = true;
  }

  /** What it has read is of a history that was left. */
  #beginAnew(): void {
    this.#cast.mark('a reader was told that its history was left');
    this.#name = `${this.#part.name}-${++this.#restarts}`;
    this.#next = '0';
  }

  #refused(node: SimNode, { body }: SimResponse): void {
    const { code, tail } = JSON.parse(body.toString()) as { readonly code: string; readonly tail?: number };
    if (code === 'ahead' && node.role === 'follower') return this.#cast.mark('a reader was ahead of a follower');
    if (code === 'compacted') return this.#cameTooLate(node, tail);
    if (code === 'diverged' && this.#cast.isSet) return this.#beginAnew();
    if (code === 'ahead' && this.#cast.isSet) return;
    const isExplained = ['starting', 'stopping'].includes(code) || (code === 'corrupt' && node.isDamaged);
    if (!isExplained) this.#cast.fail(`the feed of ${node.name} refused ${this.#next} with ${code}`);
  }
}
