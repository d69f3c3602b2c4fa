import { createServer } from 'node:net';

/*
 * Below the range the kernel takes ports for outgoing connections from (32768 and up), so that a node that was killed can
 * come back to its port: no connection of anybody can have taken it meanwhile.
 */
const PORT_MIN = 10_240;
const PORT_MAX = 32_000;

const given = new Set<number>();

/** A port nobody listens on, never given twice by this process. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORT_MIN + Math.floor(Math.random() * (PORT_MAX - PORT_MIN));
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
