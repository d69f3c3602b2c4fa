import type { LinkHeaders } from './node-link.ts';
import { parseOffset } from '@skein/protocol';

/** Code and sentence of a refusal, where its body has them. */
export function parseProblem(body: string): { readonly code?: string; readonly detail?: string } {
  try {
    const { code, detail } = JSON.parse(body) as Record<string, unknown>;
    return { ...(typeof code === 'string' ? { code } : {}), ...(typeof detail === 'string' ? { detail } : {}) };
  } catch {
    return {};
  }
}

/** When a node asks to be asked again. */
export function retryAfterMsOf(headers: LinkHeaders): number | undefined {
  const seconds = parseOffset(String(headers['retry-after']));
  return seconds === undefined ? undefined : seconds * 1000;
}
