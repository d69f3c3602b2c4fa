import { SkeinError } from './errors.ts';
import { LIMITS } from './limits.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** JSON text as `JSON.stringify` writes it: what Skein stores, hashes and sends. */
export type JsonText = string;

/**
 * Parses a value from outside and proves it can be stored: well-formed, at most 64 levels deep, every number finite.
 * `__proto__` becomes an own property like any other.
 */
export function parseJson(text: string, depthMax: number = LIMITS.jsonDepthMax): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    throw new SkeinError('bad_json', error instanceof Error ? error.message : undefined, {}, error);
  }
  checkJson(value, depthMax);
  return value;
}

/** Depth and numbers of a value that is already parsed. A scalar has depth 0, `[]` has depth 1. */
export function checkJson(value: JsonValue, depthLeft: number): void {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new SkeinError('bad_number');
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (depthLeft === 0) throw new SkeinError('too_deep');
  if (Array.isArray(value)) {
    for (const item of value as readonly JsonValue[]) checkJson(item, depthLeft - 1);
    return;
  }
  for (const key of Object.keys(value)) checkJson((value as Record<string, JsonValue>)[key]!, depthLeft - 1);
}
