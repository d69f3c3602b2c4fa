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

/** The side of a node that listens. It stays as it is while the roles behind it change. */
export class Front {
  readonly #server: Server;

  constructor(routes: Routes) {
    const options = {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: LIMITS.headerBytesMax,
      connectionsCheckingInterval: 5000,
    };
    this.#server = createServer(options, (request, response) => routes.routing(request, response));
    this.#server.setTimeout(IDLE_TIMEOUT_MS);
    this.#server.on('clientError', answerBrokenRequest);
  }

  /** Listens, and answers the port; rejects as node:net does. */
  listen({ host, port }: { readonly host: string; readonly port: number }): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Takes no more connections, and resolves when all answers that are due have been given. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeIdleConnections();
    });
  }
}
