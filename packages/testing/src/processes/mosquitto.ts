import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

/** Where Debian puts it, which is not on everybody's path. */
const COMMANDS = ['mosquitto', '/usr/sbin/mosquitto'];

/** The command that runs mosquitto; undefined where it is not installed. */
export async function findMosquitto(): Promise<string | undefined> {
  for (const command of COMMANDS) {
    // It has no way to ask for its version that succeeds.
    const { stdout, code } = await execa(command, ['-h'], { reject: false });
    if (code !== 'ENOENT' && stdout.includes('mosquitto version')) return command;
  }
  return undefined;
}

/** Debian's broker as a process of its own, on a port that it keeps. */
export class Mosquitto {
  readonly url: string;
  readonly #command: string;
  readonly #config: string;
  readonly #port: number;
  #process: { kill(signal: 'SIGKILL'): boolean; readonly ended: Promise<unknown> } | null = null;

  private constructor(command: string, config: string, port: number) {
    this.url = `mqtt://127.0.0.1:${port}`;
    this.#command = command;
    this.#config = config;
    this.#port = port;
  }

  /** With lines of configuration beside those that every test needs. */
  static async start(
    command: string,
    directory: string,
    lines: readonly string[] = ['allow_anonymous true'],
  ): Promise<Mosquitto> {
    const port = await freePort();
    const config = join(directory, 'mosquitto.conf');
    // Started by root it would become somebody who may not read what the test has written.
    const common = [`listener ${port} 127.0.0.1`, 'persistence false', 'user root'];
    await writeFile(config, [...common, ...lines, ''].join('\n'));
    const broker = new Mosquitto(command, config, port);
    await broker.start();
    return broker;
  }

  async start(): Promise<void> {
    const child = execa(this.#command, ['-c', this.#config], { stdin: 'ignore', reject: false });
    this.#process = { kill: (signal) => child.kill(signal), ended: child };
    await until('mosquitto listens', () => answers(this.#port));
  }

  /** kill -9: whatever it had is gone. */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#process?.ended;
    this.#process = null;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
