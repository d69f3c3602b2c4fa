import { SkeinError } from './error.ts';
import type { OpenAnswer } from './requester.ts';

/**
 * The lines of a body as they arrive, at the pace of whoever takes them. A body that breaks off, or on which nothing comes for
 * too long while somebody waits for it, is an error; what came before it were whole lines.
 */
export async function* linesOf(
  { body, limit, url }: OpenAnswer,
  silenceMsMax: number,
): AsyncGenerator<string, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      limit.start(silenceMsMax);
      const { done, value } = await reader.read();
      limit.pause();
      const lines = decoder.decode(value, { stream: !done }).split('\n');
      lines[0] = rest + lines[0];
      rest = lines.pop()!;
      for (const line of lines) if (line !== '') yield line;
      if (done) break;
    }
  } catch (error) {
    throw new SkeinError('unreachable', `the answer of ${url} broke off`, { url, cause: error });
  } finally {
    limit.end();
  }
  if (rest !== '') throw new SkeinError('unreachable', `the answer of ${url} broke off in a line`, { url });
}
