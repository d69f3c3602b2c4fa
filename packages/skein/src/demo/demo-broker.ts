import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { freePort } from './free-port.ts';

/** mosquitto as a process of this demonstration alone, where it is installed. */
export class DemoBroker {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  static async start(directory: string): Promise<DemoBroker | null> {
    const command = findMosquitto();
    if (command === undefined) return null;
    const port = await freePort();
    const config = join(directory, 'mosquitto.conf');
    const lines = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'persistence false', 'set_tcp_nodelay true'];
    writeFileSync(config, `${lines.join('\n')}\n`);
    const child = spawn(command, ['-c', config], { stdio: 'ignore', detached: true, cwd: directory });
    return new DemoBroker(`mqtt://127.0.0.1:${port}`, child);
  }

  discard(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Where Debian puts it is not on everybody's path. */
function findMosquitto(): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return directories.map((directory) => join(directory, 'mosquitto')).find((path) => existsSync(path));
}
