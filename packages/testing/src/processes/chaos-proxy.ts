import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './free-port.ts';

/** What happens to connections. Bytes are counted in the direction of answers, from when the fault is set. */
export type Fault =
  | { readonly kind: 'none' }
  /** Connections are reset, and so is every new one. */
  | { readonly kind: 'refuse' }
  /** Connections stay open and nothing comes through any more. */
  | { readonly kind: 'blackhole' }
  /** Once: the connection is cut behind that many bytes. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** Once: the lowest bit of that byte is another. */
  | { readonly kind: 'flip'; readonly atByte: number };

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

/** Stands between a node and whoever asks it. What it passes, it passes in order. */
export class ChaosProxy {
  readonly url: string;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  #fault: Fault = { kind: 'none' };
  #bytes = 0;
  /** How often a fault that happens once has happened. */
  happened = 0;

  static async to(target: string): Promise<ChaosProxy> {
    const port = await freePort();
    const proxy = new ChaosProxy(target, port);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    return proxy;
  }

  private constructor(target: string, port: number) {
    this.url = `http://127.0.0.1:${port}`;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#link(client, new URL(target)));
  }

  set(fault: Fault): void {
    this.#fault = fault;
    this.#bytes = 0;
    if (fault.kind === 'refuse') this.#breakAll();
    for (const { client, server } of this.#links) {
      if (fault.kind === 'blackhole') {
        client.pause();
        server.pause();
      } else {
        client.resume();
        server.resume();
      }
    }
  }

  async close(): Promise<void> {
    this.#breakAll();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  #link(client: Socket, target: URL): void {
    if (this.#fault.kind === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: Number(target.port), host: target.hostname, allowHalfOpen: true });
    const link = { client, server };
    this.#links.add(link);
    const drop = (): void => {
      this.#links.delete(link);
      client.destroy();
      server.destroy();
    };
    pass(client, server, (bytes) => server.write(bytes));
    pass(server, client, (bytes) => this.#answer(bytes, client, drop));
    for (const socket of [client, server]) socket.on('error', drop).on('close', drop);
    if (this.#fault.kind === 'blackhole') {
      client.pause();
      server.pause();
    }
  }

  /** Passes bytes of an answer on, unless they are the ones the fault is about. */
  #answer(bytes: Buffer, client: Socket, drop: () => void): boolean {
    const at = this.#bytes;
    this.#bytes += bytes.length;
    const fault = this.#fault;
    if (fault.kind === 'cut' && this.#bytes >= fault.afterBytes) {
      this.#done();
      client.write(bytes.subarray(0, Math.max(0, fault.afterBytes - at)), drop);
      return true;
    }
    if (fault.kind === 'flip' && this.#bytes > fault.atByte) {
      this.#done();
      bytes[fault.atByte - at]! ^= 1;
    }
    return client.write(bytes);
  }

  #done(): void {
    this.#fault = { kind: 'none' };
    this.happened++;
  }

  #breakAll(): void {
    for (const { client, server } of this.#links) {
      client.resetAndDestroy();
      server.destroy();
    }
    this.#links.clear();
  }
}

/** Everything from one socket to another, at the pace of the slower one. */
function pass(from: Socket, to: Socket, write: (bytes: Buffer) => boolean): void {
  from.on('data', (bytes) => {
    if (write(bytes)) return;
    from.pause();
    to.once('drain', () => from.resume());
  });
  from.on('end', () => to.end());
}
