import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { freePort, type Cluster } from '@skein/testing';
import { chromium, type Browser } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const BUILT = fileURLToPath(new URL('../../packages/client/dist/', import.meta.url));

/** Where there is none, tests say so and are skipped; CI installs it, and does without nothing. */
export const hasBrowser = existsSync(CHROMIUM) || process.env['CI'] !== undefined;
if (!hasBrowser) console.warn(`SKIPPED: the tests in a browser need ${CHROMIUM}: apt-get install chromium`);

/** A name that leads to this machine, in this browser; what comes from there is no secure context. */
export const INSECURE_HOST = 'app.test';

export function launch(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [...args, `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`],
  });
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>client</title>
<script type="module">import * as skein from '/client/index.js'; globalThis.skein = skein;</script>`;

/** Serves a page, and the client as it is built, file by file. */
export async function servePage(cluster: Cluster): Promise<number> {
  const port = await freePort();
  const server = createServer((request, response) => {
    const name = /^\/client\/([a-z-]+\.js)$/.exec(request.url ?? '')?.[1];
    if (name === undefined) return response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
    readFile(`${BUILT}${name}`).then(
      (file) => response.writeHead(200, { 'content-type': 'text/javascript' }).end(file),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  cluster.atEnd(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  );
  return port;
}
