import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

/** The command as it is installed. */
export const SKEIN_BIN = fileURLToPath(new URL('../../../skein/bin/skein.js', import.meta.url));

export interface CommandOptions {
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly directory?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /** What is piped in; nothing unless given. */
  readonly input?: string | Buffer | undefined;
}

export interface CommandResult {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `skein` to its end. Nothing of this process's environment is passed on but what a process needs to run. */
export async function runSkein(arguments_: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { environment, directory, timeoutMs = 20_000, input } = options;
  const { exitCode, stdout, stderr } = await execa(process.execPath, [SKEIN_BIN, ...arguments_], {
    env: bareEnvironment(environment),
    extendEnv: false,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    reject: false,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    ...(directory === undefined ? {} : { cwd: directory }),
  });
  return { exitCode, stdout, stderr };
}

/** What any process needs, and what is given. */
export function bareEnvironment(given: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...given };
}
