import type { Clock } from '@skein/core';
import { HEADERS, isEpoch, isNodeId, type Epoch } from '@skein/protocol';
import { hearingAfter, isReachable, nothingHeard, pingDelayMs, type Hearing } from '@skein/replication';
import type { NodeLink, LinkAnswer, LinkRequest, OpenLink } from '@skein/http';

export interface LeaderHearingOptions {
  readonly clock: Clock;
  readonly leaderUrl: string;
  readonly openLink: OpenLink;
  /** After so much silence the leader is asked whether it is there. */
  readonly pingIntervalMs: number;
  readonly requestTimeoutMs: number;
  /** Told which epoch it answers with. */
  readonly onEpoch: (epoch: Epoch) => void;
}

/** An answer to a ping is a few words. */
const PING_BYTES_MAX = 64 * 1024;

/**
 * Listens whether the leader is there. Every answer on a link opened here is heard; where a poll interval, an open circuit
 * or a rate lets nobody ask for long, it asks for itself. What it asks has nothing to do with replication, and nothing of
 * replication is concluded from the answer.
 */
export class LeaderHearing {
  readonly #options: LeaderHearingOptions;
  readonly #ending = new AbortController();
  readonly #link: NodeLink;
  #hearing: Hearing;
  #running: Promise<void> = Promise.resolve();

  constructor(options: LeaderHearingOptions) {
    const { clock, leaderUrl, requestTimeoutMs } = options;
    this.#options = options;
    this.#hearing = nothingHeard(clock.now());
    this.#link = this.openLink(leaderUrl, {
      connections: 1,
      timeoutMs: requestTimeoutMs,
      answerBytesMax: PING_BYTES_MAX,
    });
  }

  /** A link like any other, whose answers are heard. */
  readonly openLink: OpenLink = (leaderUrl, options) => {
    const link = this.#options.openLink(leaderUrl, options);
    return { request: (request) => this.#listen(link, request), close: () => link.close() };
  };

  start(): void {
    this.#running = this.#run(this.#ending.signal);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    await this.#link.close();
  }

  describe(): { readonly reachable: boolean | null; readonly last_heard_seconds_ago: number | null } {
    const { clock, pingIntervalMs, requestTimeoutMs } = this.#options;
    const nowMs = clock.now();
    const { heardAtMs } = this.#hearing;
    return {
      // To connect and to be answered may take the time limit each; what is silent for longer is not being asked.
      reachable: isReachable(this.#hearing, pingIntervalMs + 2 * requestTimeoutMs, nowMs),
      last_heard_seconds_ago: heardAtMs === null ? null : Math.round((nowMs - heardAtMs) / 100) / 10,
    };
  }

  async #listen(link: NodeLink, request: LinkRequest): Promise<LinkAnswer> {
    try {
      const answer = await link.request(request);
      const node = answer.headers[HEADERS.node];
      // Something on the way may answer for a leader that is not there.
      this.#note(typeof node === 'string' && isNodeId(node));
      const epoch = answer.headers[HEADERS.epoch];
      if (typeof epoch === 'string' && isEpoch(epoch)) this.#options.onEpoch(epoch);
      return answer;
    } catch (error) {
      // A question that was given up says nothing of the leader.
      if (request.signal?.aborted !== true) this.#note(false);
      throw error;
    }
  }

  #note(wasAnswered: boolean): void {
    this.#hearing = hearingAfter(this.#hearing, wasAnswered, this.#options.clock.now());
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, pingIntervalMs } = this.#options;
    while (!signal.aborted) {
      const delayMs = pingDelayMs(this.#hearing, pingIntervalMs, clock.now());
      // Whoever was heard meanwhile is not asked; one that does not answer has been heard not to.
      await (delayMs > 0 ? clock.sleep(delayMs, signal) : this.#ping(signal)).catch(() => undefined);
    }
  }

  async #ping(signal: AbortSignal): Promise<void> {
    const answerMs = this.#options.requestTimeoutMs;
    const { body } = await this.#link.request({ method: 'GET', path: '/livez', headers: {}, answerMs, signal });
    await body.dump();
  }
}
