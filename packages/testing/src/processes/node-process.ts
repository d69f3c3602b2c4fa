import { servedPath } from '@skein/core';
import type { Health, Role } from '@skein/protocol';
import { execa } from 'execa';
import { Client } from './client.ts';
import { bareEnvironment, SKEIN_BIN } from './command.ts';
import { sampleOf } from './metrics-text.ts';
import { HopelessError, until, type Patience } from './until.ts';

/** Options of the command, by name; `true` is a flag without a value. */
export type Flags = Readonly<Record<string, string | number | true>>;

export interface NodeSettings {
  readonly role: Role;
  readonly data: string;
  readonly port: number;
  readonly flags: Flags;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** A command that runs the node as its child, such as strace, in its first life. */
  readonly wrapper?: readonly string[] | undefined;
}

export interface ProcessEnd {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

const START_MS_MAX = 30_000;
const STOP_MS_MAX = 20_000;

/**
 * A node as an operator runs it: a process of its own on a port and a directory that it keeps, through as many lives as a
 * test gives it.
 */
export class NodeProcess {
  readonly url: string;
  readonly data: string;
  readonly client: Client;
  readonly #settings: NodeSettings;
  #end: Promise<ProcessEnd> | null = null;
  #isRunning = false;
  /** Somebody has made it end, has waited for it, or was told of it. */
  #isEndKnown = false;
  #childPid = 0;
  #log = '';

  constructor(settings: NodeSettings) {
    this.#settings = settings;
    this.data = settings.data;
    this.url = `http://127.0.0.1:${settings.port}`;
    this.client = new Client(this.url);
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** What this life of the node has written to stderr. */
  get log(): string {
    return this.#log;
  }

  /** Of the node itself, also when a wrapper runs it. */
  get pid(): number {
    const told = /"pid":(\d+)/.exec(this.#log);
    return told === null ? this.#childPid : Number(told[1]);
  }

  /** Directory of the database it serves. */
  database(): Promise<string> {
    return servedPath(this.data);
  }

  /** Starts the process and waits until it answers; flags given here count for this life only. */
  async start(flags?: Flags): Promise<void> {
    this.launch(flags);
    await until(`${this.#settings.role} at ${this.url} answers`, () => this.#isAnswering(), {
      timeoutMs: START_MS_MAX,
    });
  }

  /** Starts the process and waits for nothing. */
  launch(flags: Flags = {}): void {
    if (this.#isRunning) throw new Error('the node is running');
    const { environment } = this.#settings;
    const wrapper = this.#end === null ? (this.#settings.wrapper ?? []) : [];
    const [file, ...parts] = [...wrapper, process.execPath, SKEIN_BIN, ...this.#arguments(flags)];
    const child = execa(file!, parts, {
      env: bareEnvironment(environment),
      extendEnv: false,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
      buffer: false,
      reject: false,
    });
    this.#log = '';
    this.#childPid = child.pid ?? 0;
    this.#isRunning = true;
    this.#isEndKnown = false;
    child.stderr.on('data', (chunk: Buffer) => {
      this.#log += chunk.toString();
    });
    this.#end = child.then(({ exitCode, signal }) => {
      this.#isRunning = false;
      return { exitCode, signal };
    });
  }

  /** kill -9. Nothing is written, closed or said. */
  async kill(): Promise<void> {
    if (!this.#isRunning) return;
    process.kill(this.pid, 'SIGKILL');
    await this.ended();
  }

  /** SIGTERM, and the end it leads to. */
  async stop(): Promise<ProcessEnd> {
    if (this.#isRunning) process.kill(this.pid, 'SIGTERM');
    return this.ended();
  }

  async restart(flags?: Flags): Promise<void> {
    await this.stop();
    await this.start(flags);
  }

  /** SIGSTOP: still there, and silent. */
  pause(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  /** Resolves when the process is gone. */
  async ended(): Promise<ProcessEnd> {
    if (this.#end === null) throw new Error('the node was never started');
    this.#isEndKnown = true;
    const end = this.#end;
    let known: ProcessEnd | undefined;
    void end.then((ended) => {
      known = ended;
    });
    return until(`${this.url} has ended`, () => known, { timeoutMs: STOP_MS_MAX });
  }

  /** The process is gone and so are our connections to it. Leaves nothing behind, and throws when it had ended by itself. */
  async dispose(): Promise<void> {
    const hasGone = this.#end !== null && !this.#isRunning && !this.#isEndKnown;
    await this.kill().catch(() => undefined);
    if (this.#isRunning) process.kill(this.#childPid, 'SIGKILL');
    await this.client.close().catch(() => undefined);
    if (hasGone)
      throw new Error(`the node at ${this.url} ended by itself: ${JSON.stringify(await this.#end)} ${this.#log}`);
  }

  async status(): Promise<any> {
    return (await this.client.get('/v1/status')).json;
  }

  async health(): Promise<Health> {
    return (await this.client.get('/healthz')).json as Health;
  }

  /** One sample of /metrics; undefined when it is not there. */
  async metric(name: string): Promise<number | undefined> {
    return sampleOf((await this.client.get('/metrics')).text, name);
  }

  async head(): Promise<number> {
    return (await this.status()).head.offset as number;
  }

  /** Waits until this node has at least what the other has now. */
  async caughtUpWith(other: NodeProcess, patience?: Patience): Promise<void> {
    const offset = await other.head();
    await until(`${this.url} is at ${offset}`, async () => (await this.head()) >= offset, patience);
  }

  async ready(patience?: Patience): Promise<void> {
    await until(`${this.url} is ready`, async () => (await this.client.get('/healthz')).status === 200, patience);
  }

  async #isAnswering(): Promise<boolean> {
    if (!this.#isRunning) {
      this.#isEndKnown = true;
      throw new HopelessError(`the node ended at its start: ${this.#log}`);
    }
    return (await this.client.get(this.#settings.role === 'follower' ? '/livez' : '/readyz')).status === 200;
  }

  #arguments(flags: Flags): readonly string[] {
    const { role, data, port } = this.#settings;
    const all: Flags = { data, port, ...this.#settings.flags, ...flags };
    const parts = Object.entries(all).flatMap(([name, value]) =>
      value === true ? [`--${name}`] : [`--${name}`, String(value)],
    );
    return [role, ...parts];
  }
}
