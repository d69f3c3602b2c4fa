import { spawn, type ChildProcess } from 'node:child_process';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Role } from '@skein/protocol';
import { request } from 'undici';
import { freePort } from './free-port.ts';

export interface NodeSeen {
  readonly position: string;
  readonly offset: number;
  readonly phase: string;
}

export interface DemoNodeSettings {
  /** Asked at each start. */
  readonly flags?: () => readonly string[];
  /** What runs the command; the script that runs now unless given. */
  readonly script?: string;
}

/** A node in a process of its own, as an operator would run it. */
export class DemoNode {
  readonly name: string;
  readonly #role: Role;
  readonly #directory: string;
  readonly #settings: DemoNodeSettings;
  #child: ChildProcess | null = null;
  #port = 0;
  #keepsPort = false;

  constructor(name: string, role: Role, directory: string, settings: DemoNodeSettings = {}) {
    this.name = name;
    this.#role = role;
    this.#directory = directory;
    this.#settings = settings;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** It listens there in each of its lives. */
  takePort(port: number): void {
    this.#port = port;
    this.#keepsPort = true;
  }

  /** Starts the process, on a port that is free now unless it has one, and waits for nothing. */
  async start(): Promise<void> {
    if (!this.#keepsPort) this.#port = await freePort();
    const { flags: ofRole = () => [], script = process.argv[1]! } = this.#settings;
    const log = openSync(this.#logPath, 'a');
    const data = join(this.#directory, this.name);
    const flags = ['--node-id', this.name, '--data', data, '--port', String(this.#port), '--log-level', 'warn'];
    const child = spawn(process.execPath, [script, this.#role, ...flags, ...ofRole()], {
      stdio: ['ignore', 'ignore', log],
      // Ctrl-C is for the demonstration, which stops its nodes itself.
      detached: true,
    });
    closeSync(log);
    child.once('exit', () => {
      if (this.#child === child) this.#child = null;
    });
    this.#child = child;
  }

  /** kill -9: nothing is written, closed or said. Resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  /** How it is; null while it does not answer. */
  async look(): Promise<NodeSeen | null> {
    if (!this.isRunning) return null;
    try {
      const { body } = await request(new URL('/v1/status', this.url), { headersTimeout: 2000, bodyTimeout: 2000 });
      const status = (await body.json()) as StatusAnswer;
      const phase = status.replication?.phase ?? status.state;
      return { position: status.position, offset: Number.parseInt(status.position, 10), phase };
    } catch {
      return null;
    }
  }

  /** The last it said before it ended. */
  lastWords(): string {
    return readFileSync(this.#logPath, 'utf8').trimEnd().split('\n').slice(-3).join('\n');
  }

  get #logPath(): string {
    return join(this.#directory, `${this.name}.log`);
  }
}

interface StatusAnswer {
  readonly position: string;
  readonly state: string;
  readonly replication?: { readonly phase: string };
}
