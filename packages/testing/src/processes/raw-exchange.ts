import { connect } from 'node:net';

const TIMEOUT_MS = 10_000;

type Parts = readonly (string | Buffer)[];

/** Writes bytes to a node as they are and answers all that comes back until the node closes: what no client would send. */
export function rawExchange(url: string, ...parts: Parts): Promise<string> {
  return exchange(url, parts, false);
}

/** The same, and closes the sending half behind the bytes: a client that breaks off and still listens. */
export function rawBrokenOff(url: string, ...parts: Parts): Promise<string> {
  return exchange(url, parts, true);
}

function exchange(url: string, parts: Parts, endsSending: boolean): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      for (const part of parts) socket.write(part);
      if (endsSending) socket.end();
    });
    const chunks: Buffer[] = [];
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no end of the answer within ${TIMEOUT_MS} ms`)));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.once('error', reject);
    socket.once('close', () => resolve(Buffer.concat(chunks).toString()));
  });
}
