import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import { fetchDigest, type DigestSource } from '@skein/http';
import {
  digestPinSchema,
  formatPosition,
  HEADERS,
  parseEtagList,
  ROLES,
  type DigestBy,
  type Position,
  type Role,
  type Version,
} from '@skein/protocol';
import { Pool, type Dispatcher } from 'undici';
import { z } from 'zod';
import { CommandError } from '../cli/command-error.ts';
import type { DocumentName, Holding, VerifySource } from './verify-source.ts';

const CONNECTIONS = 8;
/** Longer than a node holds back an answer. */
const ANSWER_MS_MAX = 30_000;
/** The first digests of a large store take minutes. */
const FIRST_PASS_MS_MAX = 3_600_000;
const WAIT_SECONDS = 10;

const problemSchema = z.looseObject({ code: z.string() });

/** A running node, asked over HTTP. */
export class NodeSource implements VerifySource {
  readonly url: string;
  readonly #pool: Pool;

  constructor(url: string) {
    this.url = url;
    this.#pool = new Pool(new URL(url).origin, {
      connections: CONNECTIONS,
      pipelining: 1,
      headersTimeout: ANSWER_MS_MAX,
      bodyTimeout: ANSWER_MS_MAX,
    });
  }

  async role(): Promise<Role | undefined> {
    const { headers, body } = await this.#request({ method: 'GET', path: '/livez' });
    await body.dump();
    return ROLES.find((role) => role === headers[HEADERS.role]);
  }

  async digest(by: DigestBy): Promise<DigestSource> {
    const ask = (path: string): Promise<unknown> => this.#ask(path);
    // A root that is asked for by itself may be one that others were told seconds before.
    const { position } = digestPinSchema.parse(await ask(`/v1/digest?by=${by}&min=now`));
    return fetchDigest(ask, by, position);
  }

  async versionAt(position: Position, { collection, key }: DocumentName): Promise<Version | null | undefined> {
    const path = `/v1/collections/${collection}/${encodeURIComponent(key)}`;
    const headers = { [HEADERS.minPosition]: formatPosition(position), prefer: `wait=${WAIT_SECONDS}` };
    const { statusCode, headers: answered, body } = await this.#request({ method: 'HEAD', path, headers });
    await body.dump();
    if (statusCode === 404) return null;
    const versions = statusCode === 200 ? parseEtagList(String(answered['etag'])) : [];
    return versions === '*' ? undefined : versions[0];
  }

  /** As the feed answers whoever would go on from there. */
  async holds(position: Position): Promise<Holding> {
    const path = `/v1/changes?since=${formatPosition(position)}&limit=1`;
    const answer = await this.#request({ method: 'GET', path });
    const text = await textOf(answer);
    if (answer.statusCode === 200) return 'yes';
    const code = codeOf(text);
    if (code === 'ahead') return 'ahead';
    return code === 'diverged' ? 'no' : 'unknown';
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  /** Asks again for as long as the node is still making its first digests, or has too much to read for others. */
  async #ask(path: string): Promise<unknown> {
    const deadline = performance.now() + FIRST_PASS_MS_MAX;
    for (;;) {
      const answer = await this.#request({ method: 'GET', path, headers: { 'accept-encoding': 'gzip' } });
      const text = await textOf(answer);
      if (answer.statusCode === 200) return JSON.parse(text) as unknown;
      const code = codeOf(text);
      if ((code !== 'starting' && code !== 'overloaded') || performance.now() > deadline)
        throw new CommandError('unavailable', `${this.url} answers ${answer.statusCode} ${code}`);
      await sleep(1000 * Number(answer.headers['retry-after'] ?? 1));
    }
  }

  async #request(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#pool.request(options);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = code === 'ECONNREFUSED' ? 'nothing is listening there' : message;
      throw new CommandError('unavailable', `${this.url} cannot be reached: ${reason}`, error);
    }
  }
}

async function textOf({ headers, body }: Dispatcher.ResponseData): Promise<string> {
  const bytes = Buffer.from(await body.arrayBuffer());
  return (headers['content-encoding'] === 'gzip' ? await promisify(gunzip)(bytes) : bytes).toString();
}

function codeOf(text: string): string {
  try {
    return problemSchema.parse(JSON.parse(text)).code;
  } catch {
    return '(no code)';
  }
}
