import { Pool } from 'undici';
import type { NodeLink, LinkAnswer, LinkOptions, LinkRequest } from './node-link.ts';

/** The way to another node over HTTP. */
export function undiciLink(url: string, options: LinkOptions): NodeLink {
  const { connections, timeoutMs, answerBytesMax } = options;
  const pool = new Pool(new URL(url).origin, {
    connections,
    pipelining: 1,
    connect: { timeout: timeoutMs },
    bodyTimeout: timeoutMs,
    ...(answerBytesMax === undefined ? {} : { maxResponseSize: answerBytesMax }),
  });
  return {
    async request({ method, path, headers, body = null, answerMs, signal }: LinkRequest): Promise<LinkAnswer> {
      const answer = await pool.request({
        method,
        path,
        headers,
        body,
        headersTimeout: answerMs,
        ...(signal === undefined ? {} : { signal }),
      });
      return { status: answer.statusCode, headers: answer.headers, body: answer.body };
    },
    close: () => pool.destroy(),
  };
}
