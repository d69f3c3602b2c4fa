import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Routes } from '@skein/http';
import type { SimRequest, SimResponse } from './sim-net.ts';

const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * One request and its answer through a node's own routes: node's own messages on a connection that is none. Everything of
 * it happens in promises and ticks, so that it is over when a world has come to rest, or waits for something in the world.
 */
export function exchange(routes: Routes, request: SimRequest): Promise<SimResponse> {
  return new Promise((resolve, reject) => {
    const connection = new Connection();
    const socket = connection as unknown as Socket;
    const asked = incoming(socket, request);
    const response = new ServerResponse(asked);
    // What is streamed ends with the connection, and is not cut into chunks.
    response.useChunkedEncodingByDefault = false;
    // A world has a time of its own.
    response.sendDate = false;
    response.assignSocket(socket);
    response.once('finish', () => {
      resolve(connection.answer());
      response.detachSocket(socket);
      process.nextTick(() => response.emit('close'));
    });
    connection.once('close', () => reject(new Error('the connection was closed before the answer')));
    routes.routing(asked, response);
  });
}

/** A whole request, all of which has arrived. */
function incoming(socket: Socket, { method, path, headers, body }: SimRequest): IncomingMessage {
  const message = new IncomingMessage(socket);
  message.method = method;
  message.url = path;
  message.httpVersionMajor = 1;
  message.httpVersionMinor = 1;
  message.httpVersion = '1.1';
  const given = { host: 'node', ...headers, ...(body === undefined ? {} : { 'content-length': `${body.length}` }) };
  message.headers = given;
  message.rawHeaders = Object.entries(given).flat();
  if (body !== undefined) message.push(body);
  message.push(null);
  message.complete = true;
  return message;
}

/** Keeps what is written to it. */
class Connection extends Duplex {
  readonly #chunks: Buffer[] = [];

  override _read(): void {
    // Nothing more comes.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }

  /** What has been written, as whoever reads it takes it apart. */
  answer(): SimResponse {
    const bytes = Buffer.concat(this.#chunks);
    const headEnd = bytes.indexOf(HEAD_END);
    const [statusLine, ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(': ');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 2);
    }
    return { status: Number(statusLine!.split(' ')[1]), headers, body: bytes.subarray(headEnd + HEAD_END.length) };
  }
}
