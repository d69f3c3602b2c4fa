import { HEADERS } from '@skein/protocol';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';

const WINDOW_MS = 1000;
const WAIT_SECONDS = 5;
const PAUSE_MS = 100;

interface Sample {
  readonly atMs: number;
  readonly lagMs: number;
}

/**
 * Measures how late a follower is as a reader sees it: between the moment in which whoever wrote was told so, and the one in
 * which the follower's own feed has the change.
 */
export class LagMeter {
  readonly #urlOf: () => string | null;
  readonly #ackedAtMs: (offset: number) => number | undefined;
  #since = 0;
  #samples: Sample[] = [];

  constructor(urlOf: () => string | null, ackedAtMs: (offset: number) => number | undefined) {
    this.#urlOf = urlOf;
    this.#ackedAtMs = ackedAtMs;
  }

  /** The median of the last second; null when nothing came. */
  lagMs(nowMs: number): number | null {
    this.#samples = this.#samples.filter(({ atMs }) => nowMs - atMs < WINDOW_MS);
    const sorted = this.#samples.map(({ lagMs }) => lagMs).toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? null;
  }

  async run(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      const url = this.#urlOf();
      if (url === null || !(await this.#ask(url, until)))
        await sleep(PAUSE_MS, undefined, { signal: until }).catch(() => undefined);
    }
  }

  async #ask(url: string, signal: AbortSignal): Promise<boolean> {
    const query = `since=${this.#since}&wait=${WAIT_SECONDS}&limit=5000`;
    try {
      const { statusCode, headers, body } = await request(new URL(`/v1/changes?${query}`, url), { signal });
      await body.dump();
      const next = Number.parseInt(String(headers[HEADERS.next]), 10);
      if (statusCode !== 200 || Number.isNaN(next)) return false;
      this.#note(next, performance.now());
      return true;
    } catch {
      return false;
    }
  }

  #note(next: number, nowMs: number): void {
    for (let offset = this.#since + 1; offset <= next; offset++) {
      // The answer to whoever wrote may still be on its way when the change is here.
      const ackedAtMs = this.#ackedAtMs(offset) ?? nowMs;
      this.#samples.push({ atMs: nowMs, lagMs: nowMs - ackedAtMs });
    }
    this.#since = Math.max(this.#since, next);
  }
}
