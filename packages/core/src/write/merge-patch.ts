import type { JsonValue } from '@skein/protocol';

type JsonObject = Readonly<Record<string, JsonValue>>;

/** RFC 7396. Members are defined, never assigned, so that `__proto__` is a name like any other. */
export function mergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return patch;
  const merged: Record<string, JsonValue> = {};
  const base = target !== undefined && isObject(target) ? target : {};
  for (const [name, value] of Object.entries(base)) {
    if (!Object.hasOwn(patch, name)) define(merged, name, value);
    else if (patch[name] !== null) define(merged, name, mergePatch(value, patch[name]!));
  }
  for (const [name, value] of Object.entries(patch)) {
    if (value !== null && !Object.hasOwn(base, name)) define(merged, name, mergePatch(undefined, value));
  }
  return merged;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function define(object: Record<string, JsonValue>, name: string, value: JsonValue): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
