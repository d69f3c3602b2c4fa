import { SkeinError, type Problem } from './error.ts';
import { HEADERS } from './wire.ts';

/** What a node answered, its body whole. */
export class Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly url: string;

  constructor(response: Response, text: string, url: string) {
    this.status = response.status;
    this.headers = response.headers;
    this.text = text;
    this.url = url;
  }

  json(): unknown {
    try {
      return JSON.parse(this.text);
    } catch (error) {
      throw badAnswer(this.url, 'is not JSON', error);
    }
  }

  /** The version that an ETag names. */
  get version(): string {
    const version = /^(?:W\/)?"([^"]+)"$/.exec(this.headers.get('etag') ?? '')?.[1];
    if (version === undefined) throw badAnswer(this.url, 'names no version');
    return version;
  }
}

export function badAnswer(url: string, what: string, cause?: unknown): SkeinError {
  return new SkeinError('bad_answer', `what answers at ${url} is no node of Skein: its answer ${what}`, { url, cause });
}

/** The refusal that an answer is; what stands between client and node refuses in its own words. */
export function refusalOf({ status, headers, text, url }: Answer): SkeinError {
  const problem = problemOf(text);
  const retryAfterMs = retryAfterMsOf(headers.get('retry-after'));
  if (problem === null) {
    const isPassing = status >= 500 || status === 408 || status === 429;
    const code = isPassing ? 'unreachable' : 'bad_answer';
    // Browsers show nothing of a redirection that is not followed.
    const what = status === 0 ? 'with a redirection' : String(status);
    return new SkeinError(code, `${url} answered ${what}, which is not from a node of Skein`, {
      status,
      url,
      retryAfterMs,
    });
  }
  const { code, detail } = problem;
  const role = headers.get(HEADERS.role) ?? undefined;
  return new SkeinError(code, detail, { status, url, role, problem, retryAfterMs });
}

function problemOf(text: string): (Problem & { readonly code: string; readonly detail: string }) | null {
  try {
    const body = JSON.parse(text) as Problem | null;
    if (typeof body?.['code'] !== 'string') return null;
    const detail = body['detail'] ?? body['title'];
    return { ...body, code: body['code'], detail: typeof detail === 'string' ? detail : '' };
  } catch {
    return null;
  }
}

function retryAfterMsOf(header: string | null): number {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : 0;
}
