import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { cpuSecondsOf } from './machine.ts';

const STOP_MS_MAX = 20_000;
const SKEIN = fileURLToPath(new URL('../bin/skein.js', import.meta.resolve('skein')));

/** A process that a bench has started, and what it says. */
export class Actor {
  readonly #process: ChildProcess;
  readonly #said: unknown[] = [];
  #listener: (() => void) | undefined;
  #isStopping = false;
  #hasEnded = false;

  constructor(process: ChildProcess, name: string) {
    this.#process = process;
    process.on('message', (message) => {
      this.#said.push(message);
      this.#listener?.();
    });
    process.once('exit', (code, signal) => {
      if (!this.#isStopping && code !== 0) this.#said.push(new Error(`${name} ended early: ${signal ?? code}`));
      // What it said last may still be on its way.
      if (process.connected) process.once('disconnect', () => this.#end());
      else this.#end();
    });
  }

  get pid(): number {
    return this.#process.pid!;
  }

  tell(message: string): void {
    this.#process.send(message);
  }

  /** What the process says next. */
  async hear<Message>(): Promise<Message> {
    while (this.#said.length === 0) {
      if (this.#hasEnded) throw new Error('a process ended before it said what was expected');
      await new Promise<void>((resolve) => {
        this.#listener = resolve;
      });
    }
    const said = this.#said.shift();
    if (said instanceof Error) throw said;
    return said as Message;
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    this.#isStopping = true;
    if (exitCode !== null || signalCode !== null) return;
    const force = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS_MAX);
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await ended;
    clearTimeout(force);
  }

  #end(): void {
    this.#hasEnded = true;
    this.#listener?.();
  }
}

/** A node of Skein, run as a user runs it. */
export interface StagedNode {
  readonly url: string;
  readonly actor: Actor;
}

/** The processes and directories of one bench. All are gone once it has been cleared, whatever happened. */
export class Stage {
  readonly #nodeFlags: readonly string[];
  readonly #actors = new Set<Actor>();
  readonly #directories = new Set<string>();

  /** The flags are given to every process; `--cpu-prof` is one that helps. */
  constructor(nodeFlags: readonly string[]) {
    this.#nodeFlags = nodeFlags;
  }

  directory(): string {
    const directory = mkdtempSync(join(tmpdir(), 'skein-bench-'));
    this.#directories.add(directory);
    return directory;
  }

  /** Starts one of the modules in `processes`, with its arguments as JSON. */
  start(name: string, given: object): Actor {
    const path = fileURLToPath(new URL(`./processes/${name}.js`, import.meta.url));
    const execArgv = [...this.#nodeFlags];
    return this.#keep(fork(path, [JSON.stringify(given)], { execArgv, serialization: 'advanced' }), name);
  }

  /** Starts `skein leader` or `skein follower` on a free port and waits until it listens. */
  async node(
    role: 'leader' | 'follower',
    flags: readonly string[] = [],
    data: string = this.directory(),
  ): Promise<StagedNode> {
    const own = ['--data', data, '--port', '0', '--log-level', 'info'];
    const args = [...this.#nodeFlags, SKEIN, role, ...own, ...flags];
    const process_ = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const actor = this.#keep(process_, role);
    const url = await addressSaid(process_);
    if (url === undefined) throw new Error(`skein ${role} did not start`);
    return { url, actor };
  }

  async stop(actor: Actor): Promise<void> {
    await actor.stop();
    this.#actors.delete(actor);
  }

  async clear(): Promise<void> {
    await Promise.all([...this.#actors].map((actor) => actor.stop()));
    for (const directory of this.#directories) rmSync(directory, { recursive: true, force: true });
  }

  #keep(child: ChildProcess, name: string): Actor {
    const actor = new Actor(child, name);
    this.#actors.add(actor);
    return actor;
  }
}

const LOG_LEVEL_INFO = 30;

/**
 * The address a node logs once it listens; undefined when it ends without. Goes on reading, and passes on what is worse
 * than information.
 */
function addressSaid(child: ChildProcess): Promise<string | undefined> {
  const lines = createInterface({ input: child.stderr! });
  return new Promise((resolve) => {
    lines.on('line', (line) => {
      const url = /"url":"([^"]+)"/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
      else if (!line.startsWith(`{"level":${LOG_LEVEL_INFO},`)) process.stderr.write(`${line}\n`);
    });
    lines.on('close', () => resolve(undefined));
  });
}

const QUIET_MS = 500;
const QUIET_MS_MAX = 20_000;

/** Waits until a process has next to nothing to do: LevelDB compacts for a while after a load. */
export async function quiet(actor: Actor): Promise<void> {
  for (let waitedMs = 0; waitedMs < QUIET_MS_MAX; waitedMs += QUIET_MS) {
    const before = cpuSecondsOf(actor.pid);
    await sleep(QUIET_MS);
    if (!(cpuSecondsOf(actor.pid) - before > 0.03)) return;
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
