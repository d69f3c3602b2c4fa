import { lookup } from 'node:dns/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LIMITS } from '@skein/protocol';
import { answerBrokenRequest } from './cut-off-bodies.ts';

const HEADERS_TIMEOUT_MS = 10_000;
/** Even a bulk load ends within this time, or is cut into several. */
const REQUEST_TIMEOUT_MS = 3_600_000;
/** A connection on which nothing moves for this long is closed; longer than the longest wait a request may ask for. */
const IDLE_TIMEOUT_MS = (LIMITS.waitSecondsMax + 15) * 1000;
const KEEP_ALIVE_MS = 72_000;

/** Whoever answers requests. */
export interface Routes {
  routing(request: IncomingMessage, response: ServerResponse): void;
}

interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** The side of a node that listens. It stays as it is while the roles behind it change. */
export class Front {
  readonly #routes: Routes;
  readonly #servers: Server[] = [];

  constructor(routes: Routes) {
    this.#routes = routes;
  }

  /** Listens, and answers the port; rejects as node:net does. `localhost` is every address that it stands for. */
  async listen({ host, port }: ListenAddress): Promise<number> {
    if (host !== 'localhost') return this.#listenOn({ host, port });
    const [first, ...others] = (await lookup(host, { all: true })).map(({ address }) => address);
    const actual = await this.#listenOn({ host: first!, port });
    // It may be one that this machine does not have.
    for (const other of others) await this.#listenOn({ host: other, port: actual }).catch(() => undefined);
    return actual;
  }

  /** Takes no more connections, and resolves when all answers that are due have been given. */
  async close(): Promise<void> {
    await Promise.all(this.#servers.map(closed));
  }

  async #listenOn(address: ListenAddress): Promise<number> {
    const server = this.#newServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(address, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.#servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  #newServer(): Server {
    const options = {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: LIMITS.headerBytesMax,
      connectionsCheckingInterval: 5000,
    };
    const server = createServer(options, (request, response) => this.#routes.routing(request, response));
    server.setTimeout(IDLE_TIMEOUT_MS);
    server.on('clientError', answerBrokenRequest);
    return server;
  }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
