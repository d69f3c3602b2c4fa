import type { Clock } from '@skein/core';
import { isEpoch, isNodeId, memberSchema, parsePosition } from '@skein/protocol';
import type { Heard, Member } from '@skein/replication';
import type { NodeLink, OpenLink } from '../link/node-link.ts';

export interface MemberWatchOptions {
  readonly urls: readonly string[];
  readonly openLink: OpenLink;
  readonly clock: Clock;
  /** Told whenever one has answered, with what it had said before; and whether it had been silent since. */
  readonly onHeard: (heard: Heard, before: Heard | null, wasSilent: boolean) => void;
  /** Something is about to change hands: they are asked more often. */
  readonly isUnsettled: () => boolean;
}

const LOOK_EVERY_MS = 1000;
const LOOK_UNSETTLED_EVERY_MS = 150;
const ANSWER_MS = 1500;
const ANSWER_BYTES_MAX = 1024 * 1024;

interface Watched {
  readonly url: string;
  readonly link: NodeLink;
  heard: Heard | null;
  isSilent: boolean;
  /** When the last question was asked that has been answered, or will not be; null before the first. */
  askedAtMs: number | null;
  asking: Promise<Heard | null> | null;
}

/**
 * Asks the other members who they are and how they stand, each at the address it was configured with. What somebody says of
 * himself elsewhere, or of others, makes nobody a member and no epoch known.
 */
export class MemberWatch {
  readonly #options: MemberWatchOptions;
  readonly #watched: readonly Watched[];
  readonly #ending = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: MemberWatchOptions) {
    this.#options = options;
    const { urls, openLink } = options;
    this.#watched = urls.map((url) => {
      const link = openLink(url, { connections: 2, timeoutMs: ANSWER_MS, answerBytesMax: ANSWER_BYTES_MAX });
      return { url, link, heard: null, isSilent: false, askedAtMs: null, asking: null };
    });
  }

  /** What each said when it last answered; one that does not answer is what it was. */
  get heard(): readonly Heard[] {
    return this.#watched.flatMap(({ heard }) => (heard === null ? [] : [heard]));
  }

  /** All that are configured, with who they are as far as that is known. */
  get members(): readonly Member[] {
    return this.#watched.map(({ url, heard }) => ({ url, node: heard?.node ?? null, log: heard?.log ?? null }));
  }

  /** All of them have been asked since then; null before that. */
  get lookedAtMs(): number | null {
    let looked: number | null = Infinity;
    for (const { askedAtMs } of this.#watched) {
      if (askedAtMs === null) return null;
      looked = Math.min(looked, askedAtMs);
    }
    return looked;
  }

  start(): void {
    this.#running = Promise.all(this.#watched.map((watched) => this.#watch(watched)));
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    await Promise.all(this.#watched.map(({ link }) => link.close()));
  }

  /** Asks all of them, now; answers what those say who answer. */
  async look(): Promise<readonly Heard[]> {
    const answers = await Promise.all(this.#watched.map((watched) => this.#askAnew(watched)));
    return answers.filter((heard) => heard !== null);
  }

  /** Asks one, now; null when it does not answer. */
  ask(url: string): Promise<Heard | null> {
    return this.#askAnew(this.#watched.find((watched) => watched.url === url)!);
  }

  linkTo(url: string): NodeLink {
    return this.#watched.find((watched) => watched.url === url)!.link;
  }

  async #watch(watched: Watched): Promise<void> {
    const { clock, isUnsettled } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await this.#ask(watched);
      const pauseMs = isUnsettled() ? LOOK_UNSETTLED_EVERY_MS : LOOK_EVERY_MS;
      await clock.sleep(pauseMs, signal).catch(() => undefined);
    }
  }

  /** A question that is under way may have been answered before this one was to be asked. */
  async #askAnew(watched: Watched): Promise<Heard | null> {
    await watched.asking;
    return this.#ask(watched);
  }

  #ask(watched: Watched): Promise<Heard | null> {
    watched.asking ??= this.#question(watched).finally(() => (watched.asking = null));
    return watched.asking;
  }

  async #question(watched: Watched): Promise<Heard | null> {
    const askedAtMs = this.#options.clock.now();
    const heard = await this.#answerOf(watched, askedAtMs).catch(() => null);
    if (this.#ending.signal.aborted) return null;
    watched.askedAtMs = askedAtMs;
    const { heard: before, isSilent: wasSilent } = watched;
    watched.isSilent = heard === null;
    if (heard === null) return null;
    watched.heard = heard;
    this.#options.onHeard(heard, before, wasSilent);
    return heard;
  }

  async #answerOf({ url, link }: Watched, askedAtMs: number): Promise<Heard | null> {
    const { signal } = this.#ending;
    const request = { method: 'GET', path: '/v1/member', headers: {}, answerMs: ANSWER_MS, signal };
    const { status, body } = await link.request(request);
    const text = await body.text();
    return status === 200 ? heardFrom(url, JSON.parse(text), askedAtMs) : null;
  }
}

/** What a member answered; throws when that is not what a member answers. */
export function heardFrom(url: string, answer: unknown, askedAtMs: number): Heard {
  const { min_replicas: minReplicas, position, ...said } = memberSchema.parse(answer);
  const isReadable = isNodeId(said.node) && said.history.every(({ epoch }) => isEpoch(epoch));
  if (!isReadable) throw new Error('a member answered with what is no node, or no epoch');
  return { ...said, url, position: parsePosition(position), minReplicas, askedAtMs };
}
