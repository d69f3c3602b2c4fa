import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadBundle } from './load.ts';

/*
 * Has V8 compile what a leader and a follower need to start, by starting both, and keeps that beside the bundle: V8 compiles a
 * function when it is called first. A step of the build.
 */
const READY_WITHIN_MS = 60_000;
const LOOKED_EVERY_MS = 50;

const { contents, script, compiled } = loadBundle();
const data = mkdtempSync(join(tmpdir(), 'skein-compiling-'));
process.on('exit', (code) => {
  if (code === 0) writeFileSync(compiled, script.createCachedData());
  rmSync(data, { recursive: true, force: true });
});

const leader = await start('leader');
const body = '{"n":1}';
await fetch(`${leader}/v1/collections/c/k`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body });
const follower = await start('follower', '--leader', leader);
for (const node of [leader, follower]) await (await fetch(`${node}/v1/status`)).text();
process.emit('SIGINT');

async function start(role: string, ...options: readonly string[]): Promise<string> {
  const port = await freePort();
  const settings = ['--port', String(port), '--data', join(data, role), '--log-level', 'error'];
  process.argv.splice(2, Infinity, role, ...settings, ...options);
  void contents.runCommand();
  const url = `http://127.0.0.1:${port}`;
  for (let waitedMs = 0; waitedMs < READY_WITHIN_MS; waitedMs += LOOKED_EVERY_MS) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.status === 200) return url;
    await sleep(LOOKED_EVERY_MS);
  }
  throw new Error(`the ${role} that was started to be compiled is not ready`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
