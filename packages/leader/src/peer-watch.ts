import type { Clock, Identity } from '@skein/core';
import type { NodeLink, OpenLink } from '@skein/http';
import { isNodeId } from '@skein/protocol';
import type { Member } from '@skein/replication';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

export interface PeerWatchOptions {
  readonly urls: readonly string[];
  readonly openLink: OpenLink;
  readonly clock: Clock;
  /** The node that asks: peers are to be on its log, and it is none of them. */
  readonly self: () => Identity;
}

/** How soon one is asked again that has not yet said what is wanted of it, and one that has. */
const ASK_AGAIN_MS = 1000;
const LOOK_EVERY_MS = 10_000;
const ANSWER_MS = 5000;
const ANSWER_BYTES_MAX = 1024 * 1024;

const statusSchema = z.object({ node: z.string().refine(isNodeId), log: z.string().nullable() });

/**
 * Knows who the other members are: each is asked at the address it was configured with. What somebody says of himself
 * elsewhere makes nobody a member.
 */
export class PeerWatch {
  readonly #options: PeerWatchOptions;
  readonly #members: Member[];
  readonly #ending = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: PeerWatchOptions) {
    this.#options = options;
    this.#members = options.urls.map((url) => ({ url, node: null, log: null }));
  }

  /** The others: whoever gives all nodes the same list names each node to itself, too. */
  members(): readonly Member[] {
    const { node: self } = this.#options.self();
    return this.#members.filter(({ node }) => node !== self);
  }

  /** Asks from when the server is ready until it closes. */
  install(app: FastifyInstance): void {
    app.addHook('onReady', async () => {
      this.#running = Promise.all(this.#members.map((_, index) => this.#watch(index)));
    });
    app.addHook('onClose', async () => {
      this.#ending.abort();
      await this.#running;
    });
  }

  async #watch(index: number): Promise<void> {
    const { openLink, clock, self } = this.#options;
    const { url } = this.#members[index]!;
    const { signal } = this.#ending;
    const link = openLink(url, { connections: 1, timeoutMs: ANSWER_MS, answerBytesMax: ANSWER_BYTES_MAX });
    while (!signal.aborted) {
      // One that does not answer is who it was.
      await this.#ask(link, index, signal).catch(() => undefined);
      const isKnown = this.#members[index]!.log === self().log;
      await clock.sleep(isKnown ? LOOK_EVERY_MS : ASK_AGAIN_MS, signal).catch(() => undefined);
    }
    await link.close();
  }

  async #ask(link: NodeLink, index: number, signal: AbortSignal): Promise<void> {
    const request = { method: 'GET', path: '/v1/status', headers: {}, answerMs: ANSWER_MS, signal };
    const { status, body } = await link.request(request);
    const text = await body.text();
    if (status !== 200) return;
    const { node, log } = statusSchema.parse(JSON.parse(text));
    this.#members[index] = { url: this.#members[index]!.url, node, log };
  }
}
