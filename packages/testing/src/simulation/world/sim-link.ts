import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import type { LinkBody, LinkHeaders, LinkRequest, OpenLink } from '@skein/http';
import type { SentResponse, SimNet, SimRequest } from './sim-net.ts';

/** A node's way to another one through the simulated network. What a process that is gone has asked for, nobody hears. */
export function simLink(
  net: SimNet,
  from: string,
  isAlive: () => boolean,
  onAnswer: (answer: SentResponse, request: SimRequest) => void = () => undefined,
): OpenLink {
  return (leaderUrl) => {
    const to = new URL(leaderUrl).hostname;
    const closing = new AbortController();
    // One for each request under way.
    setMaxListeners(0, closing.signal);
    return {
      request: async ({ method, path, headers, body, answerMs, signal }: LinkRequest) => {
        const sent = body === undefined || body === null ? undefined : await readAll(body);
        const signals = signal === undefined ? [closing.signal] : [closing.signal, signal];
        const request = { method, path, headers: oneEach(headers), body: sent };
        const answer = await orNever(isAlive, net.request(from, to, request, { answerMs, signals }));
        onAnswer(answer, request);
        return { status: answer.status, headers: answer.headers, body: bodyOf(answer.body) };
      },
      close: async () => closing.abort(new Error('the link is closed')),
    };
  };
}

/** Settles as the promise does, but never in a process that is gone by then. */
async function orNever<T>(isAlive: () => boolean, promise: Promise<T>): Promise<T> {
  const never = new Promise<never>(() => undefined);
  try {
    const value = await promise;
    return isAlive() ? value : await never;
  } catch (error) {
    if (isAlive()) throw error;
    return never;
  }
}

async function readAll(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function oneEach(headers: LinkHeaders): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}

function bodyOf(bytes: Buffer): LinkBody {
  return Object.assign(Readable.from([bytes], { objectMode: false }), {
    bytes: async () => bytes,
    text: async () => bytes.toString(),
    dump: async () => undefined,
  });
}
