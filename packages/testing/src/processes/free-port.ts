import { createServer, type Server } from 'node:net';

/*
 * Below the range the kernel takes ports for outgoing connections from (32768 and up), so that a node that was killed can
 * come back to its port: no connection of anybody can have taken it meanwhile.
 */
const PORT_MIN = 10_240;
const PORT_MAX = 32_000;
const BLOCK = 64;
const BLOCKS = Math.floor((PORT_MAX - PORT_MIN) / BLOCK);

/** Ports of ours that nobody has been given. */
let left: Promise<number[]> = Promise.resolve([]);
const tried = new Set<number>();

/**
 * A port nobody listens on, and which no other process that asks here is given: a node that takes a second to start, or is
 * down for a while, would find another test's node there.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const ours = left;
    const port = (await ours).pop();
    if (port !== undefined && (await isFree(port))) return port;
    if (port === undefined && left === ours) left = anotherBlock();
  }
}

/** It is held by listening on its first port, which the kernel gives to one process, and for as long as that lives. */
async function anotherBlock(): Promise<number[]> {
  for (;;) {
    if (tried.size === BLOCKS) throw new Error('the ports of this machine are all taken');
    const index = Math.floor(Math.random() * BLOCKS);
    if (tried.has(index)) continue;
    tried.add(index);
    const first = PORT_MIN + index * BLOCK;
    const holder = await listening(first);
    holder?.unref();
    if (holder !== null) return Array.from({ length: BLOCK - 1 }, (_, i) => first + 1 + i);
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = await listening(port);
  if (server === null) return false;
  await new Promise((resolve) => server.close(resolve));
  return true;
}

function listening(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
