import type { Platform } from '../src/platform.ts';

export interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly atMs: number;
}

/** What is answered to a request; an Error is what `fetch` rejects with. */
export type Answerer = (sent: Sent, count: number) => Response | Error | Promise<Response>;

/** A platform whose time passes at once when nothing else is to be done, and whose network is a function. */
export class FakePlatform implements Platform {
  readonly sent: Sent[] = [];
  readonly #answer: Answerer;
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  #nowMs = 0;
  #ids = 0;
  #isTicking = false;

  constructor(answer: Answerer) {
    this.#answer = answer;
  }

  now(): number {
    return this.#nowMs;
  }

  random(): number {
    return 0.999;
  }

  id(): string {
    return `id-${++this.#ids}`;
  }

  later(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    this.#tick();
    return () => this.#timers.delete(timer);
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const { method = 'GET', headers, body, signal } = init;
    const sent = { url, method, headers: headersOf(headers), body: body as string | null, atMs: this.#nowMs };
    this.sent.push(sent);
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
    });
    aborted.catch(() => undefined);
    const answer = await Promise.race([this.#answer(sent, this.sent.length), aborted]);
    if (answer instanceof Error) throw answer;
    return answer;
  };

  /** The next timer, once all that follows from what has happened has happened. */
  #tick(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    setTimeout(() => {
      this.#isTicking = false;
      const next = [...this.#timers].toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) return;
      this.#timers.delete(next);
      this.#nowMs = next.atMs;
      next.callback();
      if (this.#timers.size > 0) this.#tick();
    }, 5);
  }
}

export function headersOf(headers: RequestInit['headers']): Sent['headers'] {
  return Object.fromEntries(new Headers(headers));
}

export const never = new Promise<never>(() => undefined);

export function json(body: unknown, init: ResponseInit = {}): Response {
  return new Response(JSON.stringify(body), init);
}

export function problem(
  status: number,
  code: string,
  more: object = {},
  headers: Record<string, string> = {},
): Response {
  return json({ code, detail: `it is ${code}`, status, ...more }, { status, headers });
}
