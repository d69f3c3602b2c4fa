import type { Readable } from 'node:stream';
import { Agent } from 'undici';

export type RequestHeaders = Readonly<Record<string, string>>;
type Body = string | Buffer | Readable | undefined;

export interface RequestParts {
  readonly body?: Body;
  readonly headers?: RequestHeaders | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a node answered. */
export class Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly bytes: Buffer;

  constructor(status: number, headers: Answer['headers'], bytes: Buffer) {
    this.status = status;
    this.headers = headers;
    this.bytes = bytes;
  }

  get text(): string {
    return this.bytes.toString();
  }

  // Tests look into bodies of every shape; what they find there is what they are about.
  get json(): any {
    return JSON.parse(this.text);
  }

  /** The values of NDJSON lines. */
  get lines(): any[] {
    return this.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown);
  }
}

/**
 * Real HTTP to one node. Paths go out as they are given, `..` and all; nothing is retried, so what a test sees is what
 * happened.
 */
export class Client {
  readonly url: string;
  readonly #agent: Agent;

  constructor(url: string) {
    this.url = url;
    this.#agent = new Agent({ pipelining: 1, headersTimeout: 90_000, bodyTimeout: 90_000 });
  }

  async request(method: string, path: string, { body, headers, signal }: RequestParts = {}): Promise<Answer> {
    const answer = await this.#agent.request({
      origin: this.url,
      path,
      method,
      headers: headers ?? {},
      body: body ?? null,
      ...(signal === undefined ? {} : { signal }),
    });
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    return new Answer(answer.statusCode, answer.headers as Answer['headers'], bytes);
  }

  get(path: string, headers?: RequestHeaders): Promise<Answer> {
    return this.request('GET', path, { headers });
  }

  put(path: string, value: unknown, headers?: RequestHeaders): Promise<Answer> {
    return this.request('PUT', path, withJson(value, headers));
  }

  patch(path: string, value: unknown, headers?: RequestHeaders): Promise<Answer> {
    return this.request('PATCH', path, withJson(value, headers));
  }

  post(path: string, value?: unknown, headers?: RequestHeaders): Promise<Answer> {
    return this.request('POST', path, value === undefined ? { headers } : withJson(value, headers));
  }

  delete(path: string, headers?: RequestHeaders): Promise<Answer> {
    return this.request('DELETE', path, { headers });
  }

  /** Lines of keys and values, as one body. */
  load(collection: string, documents: readonly unknown[], headers?: RequestHeaders): Promise<Answer> {
    return this.request('POST', `/v1/collections/${collection}`, {
      body: documents.map((document) => `${JSON.stringify(document)}\n`).join(''),
      headers: { 'content-type': 'application/x-ndjson', ...headers },
    });
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

function withJson(value: unknown, headers: RequestHeaders | undefined): RequestParts {
  return { body: JSON.stringify(value), headers: { 'content-type': 'application/json', ...headers } };
}
