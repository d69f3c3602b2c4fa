import { CommandError } from './command-error.ts';

export interface NodeQuestion {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON text, unless the headers say otherwise. */
  readonly body?: string | Buffer;
  readonly timeoutMs?: number;
}

export interface NodeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Undefined where the answer has no body. */
  readonly json: unknown;
}

const TIMEOUT_MS = 5000;

/** What nodes are asked over; nothing else is answered. */
export function isNodeAddress(text: string): boolean {
  return URL.parse(text)?.protocol === 'http:';
}

/** Asks a node something; whoever does not answer ends the command. */
export async function askNode(url: string, question: NodeQuestion): Promise<NodeAnswer> {
  const { method = 'GET', path, headers = {}, body, timeoutMs = TIMEOUT_MS } = question;
  try {
    const { request } = await import('undici');
    const answer = await request(new URL(path, url), {
      method,
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body }),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, headers: answer.headers, json: text === '' ? undefined : JSON.parse(text) };
  } catch (error) {
    throw new CommandError('unavailable', `${url} does not answer: ${reasonOf(error)}`, error);
  }
}

/** The detail of a refusal. */
export function detailOf({ status, json }: NodeAnswer): string {
  const { detail = `HTTP ${status}` } = (json ?? {}) as { readonly detail?: string };
  return detail;
}

export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ECONNREFUSED' ? 'nothing is listening there' : (message ?? String(error));
}
