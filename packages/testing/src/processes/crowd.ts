import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What each of a crowd does: reads a stream of events, or waits for a page. */
export interface CrowdPlan {
  readonly url: string;
  readonly readers: number;
  readonly path: string;
  readonly accept: string;
  /** What is looked at of an answer begins with the first of these and ends with the second; then its reader has had enough. */
  readonly wanted: readonly [begin: string, end: string];
}

/** What the readers got: each text once, with how many got it. */
export type CrowdResult = readonly { readonly text: string; readonly readers: number }[];

/** Very many readers in a process of their own, each with a connection of its own. */
export class Crowd {
  readonly #process;
  readonly #result: Promise<CrowdResult>;

  constructor(plan: CrowdPlan) {
    this.#process = fork(fileURLToPath(new URL('./crowd-process.js', import.meta.url)), [JSON.stringify(plan)]);
    this.#result = once(this.#process, 'message').then(([result]) => result as CrowdResult);
    // Whoever waits for it is told.
    this.#result.catch(() => undefined);
  }

  /** Resolves when every reader has had enough. */
  result(): Promise<CrowdResult> {
    const ended = once(this.#process, 'exit').then(([code]) => {
      throw new Error(`the crowd ended with ${String(code)}`);
    });
    return Promise.race([this.#result, ended]);
  }

  close(): void {
    this.#process.kill('SIGKILL');
  }
}
