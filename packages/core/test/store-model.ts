import type { JsonValue, Version } from '@skein/protocol';
import type { Condition, Operation, Transaction } from '../src/write/operation.ts';

export interface ModelDocument {
  readonly value: JsonValue;
  readonly version: Version;
}

/** What a transaction comes to: its changes, or the code of its refusal. */
export type ModelOutcome =
  | { readonly kind: 'done'; readonly changes: readonly ModelChange[] }
  | { readonly kind: 'refused'; readonly code: string; readonly operation: number };

interface ModelChange {
  readonly created: boolean;
  readonly version: Version;
  readonly valueText: string | undefined;
}

interface Refusal {
  readonly code: string;
}

/** What a store promises, as plainly as it can be said: a map, a number, and one transaction after the other. */
export class StoreModel {
  documents: ReadonlyMap<string, ModelDocument> = new Map();
  head = 0;
  readonly epoch: string;

  constructor(epoch: string) {
    this.epoch = epoch;
  }

  commit({ operations }: Transaction): ModelOutcome {
    const documents = new Map(this.documents);
    const changes: ModelChange[] = [];
    for (const [i, operation] of operations.entries()) {
      const id = `${operation.collection}/${operation.key}`;
      const before = documents.get(id);
      const after = apply(operation, before);
      if (typeof after === 'object' && after !== null && 'code' in after) {
        return { kind: 'refused', code: after.code, operation: i };
      }
      const version = `${this.head + i + 1}.${this.epoch}`;
      if (after === undefined) documents.delete(id);
      else documents.set(id, { value: after.value, version });
      const valueText = after === undefined ? undefined : JSON.stringify(after.value);
      changes.push({ created: before === undefined && after !== undefined, version, valueText });
    }
    this.documents = documents;
    this.head += operations.length;
    return { kind: 'done', changes };
  }
}

/** The value an operation leaves, undefined for none, or why it is refused. */
function apply(operation: Operation, before: ModelDocument | undefined): { value: JsonValue } | undefined | Refusal {
  if (!holds(operation.condition ?? {}, before)) return { code: 'precondition_failed' };
  const old = before?.value;
  switch (operation.op) {
    case 'put':
      return { value: JSON.parse(operation.valueText) as JsonValue };
    case 'expire':
      return { code: 'not_found' };
    case 'delete':
      return before === undefined ? { code: 'not_found' } : undefined;
    case 'patch':
      return { value: mergeByTheBook(old, operation.patch) };
    case 'increment':
      if (old !== undefined && typeof old !== 'number') return { code: 'wrong_type' };
      return { value: (old ?? 0) + operation.by };
    case 'append':
    case 'prepend':
      if (old !== undefined && typeof old !== 'string') return { code: 'wrong_type' };
      return { value: operation.op === 'append' ? (old ?? '') + operation.text : operation.text + (old ?? '') };
  }
}

function holds({ ifMatch, ifNoneMatch }: Condition, before: ModelDocument | undefined): boolean {
  const isListed = (list: '*' | readonly string[]): boolean =>
    before !== undefined && (list === '*' || list.some((version) => version === before.version));
  return (ifMatch === undefined || isListed(ifMatch)) && (ifNoneMatch === undefined || !isListed(ifNoneMatch));
}

/** The pseudocode of RFC 7396, section 2, line by line. */
export function mergeByTheBook(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return patch;
  const merged: Record<string, JsonValue> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergeByTheBook(merged[name], value);
  }
  return merged;
}

function isObject(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
