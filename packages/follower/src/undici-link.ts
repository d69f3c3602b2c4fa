import { Pool } from 'undici';
import type { LeaderLink, LinkAnswer, LinkOptions, LinkRequest } from './leader-link.ts';

/** The way to a leader over HTTP. */
export function undiciLink(leaderUrl: string, options: LinkOptions): LeaderLink {
  const { connections, timeoutMs, answerBytesMax } = options;
  const pool = new Pool(new URL(leaderUrl).origin, {
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
