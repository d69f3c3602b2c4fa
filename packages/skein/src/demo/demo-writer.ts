import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';

const KEYS = 1000;
/** Writes under way at once; with more due, the next one waits. */
const CONNECTIONS = 16;
/** The times of so many writes are kept: enough for what a follower has missed that was away. */
const KEPT = 100_000;

export const DEMO_COLLECTION = 'demo';

/** Writes documents, so many a second, and remembers when each was acknowledged. */
export class DemoWriter {
  readonly #pool: Pool;
  readonly #perSecond: number;
  readonly #ackedAtMs = new Map<number, number>();
  #count = 0;
  #failures = 0;

  constructor(leaderUrl: string, perSecond: number) {
    this.#pool = new Pool(leaderUrl, { connections: CONNECTIONS });
    this.#perSecond = perSecond;
  }

  /** How many have been acknowledged. */
  get count(): number {
    return this.#count;
  }

  get failures(): number {
    return this.#failures;
  }

  /** When a change was acknowledged to who wrote it; undefined when that was long ago, or is still to come. */
  ackedAtMs(offset: number): number | undefined {
    return this.#ackedAtMs.get(offset);
  }

  async run(until: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    const underWay = new Set<Promise<void>>();
    for (let i = 0; !until.aborted; i++) {
      const dueAt = startedAt + (i * 1000) / this.#perSecond;
      const waitMs = dueAt - performance.now();
      if (waitMs > 1) await sleep(waitMs, undefined, { signal: until }).catch(() => undefined);
      if (until.aborted) break;
      const putting = this.#put(i).finally(() => underWay.delete(putting));
      underWay.add(putting);
      if (underWay.size >= CONNECTIONS) await Promise.race(underWay);
    }
    await Promise.all(underWay);
    await this.#pool.close();
  }

  async #put(i: number): Promise<void> {
    try {
      const { statusCode, body } = await this.#pool.request({
        method: 'PUT',
        path: `/v1/collections/${DEMO_COLLECTION}/k-${i % KEYS}`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ n: i, at: new Date().toISOString() }),
      });
      const { position } = (await body.json()) as { readonly position: string };
      if (statusCode >= 300) throw new Error(`HTTP ${statusCode}`);
      this.#note(Number.parseInt(position, 10));
    } catch {
      this.#failures++;
    }
  }

  #note(offset: number): void {
    this.#count++;
    this.#ackedAtMs.set(offset, performance.now());
    if (this.#ackedAtMs.size <= KEPT) return;
    const [oldest] = this.#ackedAtMs.keys();
    this.#ackedAtMs.delete(oldest!);
  }
}
