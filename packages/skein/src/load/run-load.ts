import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import type { LoadPlan } from './load-plan.ts';
import { RequestMaker, type LoadRequest } from './requests.ts';
import { Tally, type KindResult } from './tally.ts';

export interface LoadResult {
  readonly seconds: number;
  readonly kinds: readonly KindResult[];
  readonly errors: Readonly<Record<string, number>>;
  readonly failures: number;
  /** With a rate: so many requests were due and could not be sent, since all connections were waiting for answers. */
  readonly notSent: number;
}

const ANSWER_MS = 60_000;
/** Whoever refuses is not asked again at once. */
const PAUSE_MS = 10;

/**
 * Asks a node on so many connections at once, each request behind the answer to the last one; with a rate, each when it is
 * due. Then its time counts from there, also when it had to wait for a connection: a client that sent less because answers
 * are late would not see how late they are.
 */
export async function runLoad(
  plan: LoadPlan,
  until: AbortSignal,
  onTally: (tally: Tally) => void,
): Promise<LoadResult> {
  const pool = new Pool(plan.url, { connections: plan.connections, headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS });
  const maker = new RequestMaker(plan);
  const asker = new Asker(pool);
  try {
    // Connections are made, and code is warm, before anything counts.
    await Promise.all(Array.from({ length: plan.connections }, (_, i) => asker.ask(maker.make(i))));
    const tally = new Tally();
    onTally(tally);
    const load = new Load(plan, maker, asker, tally, until);
    await Promise.all(Array.from({ length: plan.connections }, () => load.work()));
    const { errors, failures } = { errors: tally.errors(), failures: tally.failures };
    return { seconds: load.seconds, kinds: tally.results(), errors, failures, notSent: load.notSent };
  } finally {
    await pool.destroy();
  }
}

class Load {
  readonly #plan: LoadPlan;
  readonly #maker: RequestMaker;
  readonly #asker: Asker;
  readonly #tally: Tally;
  readonly #until: AbortSignal;
  readonly #startedAt = performance.now();
  #next = 0;
  #sent = 0;
  #endedAt = 0;

  constructor(plan: LoadPlan, maker: RequestMaker, asker: Asker, tally: Tally, until: AbortSignal) {
    this.#plan = plan;
    this.#maker = maker;
    this.#asker = asker;
    this.#tally = tally;
    this.#until = until;
  }

  /** Until its last answer. */
  get seconds(): number {
    return (this.#endedAt - this.#startedAt) / 1000;
  }

  get notSent(): number {
    const { rate, seconds } = this.#plan;
    const due = rate === null ? 0 : Math.floor(rate * Math.min(seconds, this.seconds));
    return Math.max(0, due - this.#sent);
  }

  /** What one connection does. */
  async work(): Promise<void> {
    const { rate, seconds } = this.#plan;
    const endsAt = this.#startedAt + seconds * 1000;
    for (;;) {
      const i = this.#next++;
      const dueAt = rate === null ? performance.now() : this.#startedAt + (i * 1000) / rate;
      if (dueAt >= endsAt || performance.now() >= endsAt) return;
      // Who is in time waits, and that timers are not exact is no fault of the node.
      const isInTime = performance.now() < dueAt;
      if (isInTime) await sleep(dueAt - performance.now(), undefined, { signal: this.#until }).catch(() => undefined);
      if (this.#until.aborted) return;
      await this.#ask(this.#maker.make(i), isInTime ? performance.now() : dueAt);
    }
  }

  async #ask(request: LoadRequest, since: number): Promise<void> {
    this.#sent++;
    const code = await this.#asker.ask(request);
    this.#endedAt = performance.now();
    if (code === null) {
      this.#tally.answered(request, this.#endedAt - since);
      return;
    }
    this.#tally.failed(code);
    await sleep(PAUSE_MS);
  }
}

class Asker {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Null when it was answered as it should be; else the code of what came instead. */
  async ask({ method, path, headers, body }: LoadRequest): Promise<string | null> {
    try {
      const answer = await this.#pool.request({ method, path, headers, body });
      if (answer.statusCode < 300) {
        await answer.body.dump({ limit: Infinity });
        return null;
      }
      const { code } = JSON.parse(await answer.body.text()) as { readonly code?: string };
      return code ?? `HTTP ${answer.statusCode}`;
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException;
      return code ?? name;
    }
  }
}
