import {
  checkJson,
  isSkeinError,
  LIMITS,
  SkeinError,
  type JsonText,
  type JsonValue,
  type Version,
} from '@skein/protocol';
import type { Made } from '../document.ts';
import type { IndexedDocument } from '../indexes/index-spec.ts';
import { mergePatch } from './merge-patch.ts';
import type { Condition, Operation } from './operation.ts';

/** A document as an operation finds it. */
export interface Current {
  readonly version: Version;
  /** When it was written. */
  readonly ts: number;
  valueText(): JsonText;
  /** In a mesh: the stamp of the change that it is of, and what that was written over. */
  made(): Made | undefined;
}

/** As an index looks at it. */
export function indexedOf(current: Current): IndexedDocument {
  return { ts: current.ts, value: parse(current) };
}

/**
 * What an operation makes of the document it finds: the JSON text to store, or undefined to delete it. Refusals are
 * thrown with their code.
 */
export function planOperation(
  operation: Operation,
  current: Current | undefined,
  valueBytesMax: number,
): JsonText | undefined {
  if (operation.condition !== undefined) checkCondition(operation, operation.condition, current);
  const valueText = nextValue(operation, current);
  if (valueText !== undefined) checkSize(valueText, valueBytesMax);
  return valueText;
}

function nextValue(operation: Operation, current: Current | undefined): JsonText | undefined {
  switch (operation.op) {
    case 'put':
      return operation.valueText;
    case 'delete':
    case 'expire':
      if (current === undefined) throw new SkeinError('not_found', undefined, where(operation));
      return undefined;
    case 'patch':
      return patched(operation.patch, current);
    case 'increment':
      return JSON.stringify(incremented(operation, currentOr(current, 0)));
    case 'append':
      return JSON.stringify(textOf(operation, current) + operation.text);
    case 'prepend':
      return JSON.stringify(operation.text + textOf(operation, current));
  }
}

function patched(patch: JsonValue, current: Current | undefined): JsonText {
  const merged = mergePatch(current === undefined ? undefined : parse(current), patch);
  checkJson(merged, LIMITS.jsonDepthMax);
  return JSON.stringify(merged);
}

function incremented(operation: Operation & { op: 'increment' }, value: JsonValue): number {
  if (typeof value !== 'number') throw wrongType(operation, 'a number', value);
  const sum = value + operation.by;
  if (!Number.isFinite(sum)) throw new SkeinError('bad_number', 'the sum is out of range', where(operation));
  return sum;
}

function textOf(operation: Operation, current: Current | undefined): string {
  const value = currentOr(current, '');
  if (typeof value !== 'string') throw wrongType(operation, 'a string', value);
  return value;
}

function currentOr(current: Current | undefined, absent: JsonValue): JsonValue {
  return current === undefined ? absent : parse(current);
}

function parse(current: Current): JsonValue {
  return JSON.parse(current.valueText()) as JsonValue;
}

function checkCondition(operation: Operation, condition: Condition, current: Current | undefined): void {
  const { ifMatch, ifNoneMatch } = condition;
  if (ifMatch !== undefined && !matches(ifMatch, current)) throw clash(operation, current);
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, current)) throw clash(operation, current);
}

function matches(wanted: '*' | readonly Version[], current: Current | undefined): boolean {
  if (current === undefined) return false;
  return wanted === '*' || wanted.includes(current.version);
}

function checkSize(valueText: JsonText, valueBytesMax: number): void {
  // UTF-8 needs at most three bytes a UTF-16 unit, so a short value need not be measured.
  if (valueText.length * 3 > valueBytesMax && Buffer.byteLength(valueText) > valueBytesMax) {
    throw new SkeinError('too_large', `the value would be over ${valueBytesMax} bytes`);
  }
}

function clash(operation: Operation, current: Current | undefined): SkeinError {
  const version = current?.version ?? null;
  const detail = version === null ? 'the document does not exist' : `the document is at version ${version}`;
  return new SkeinError('precondition_failed', detail, { ...where(operation), version });
}

function wrongType(operation: Operation, wanted: string, value: JsonValue): SkeinError {
  const found = value === null ? 'null' : Array.isArray(value) ? 'an array' : `of type ${typeof value}`;
  return new SkeinError('wrong_type', `${operation.op} needs ${wanted}; the document is ${found}`, where(operation));
}

function where(operation: Operation): { readonly collection: string; readonly key: string } {
  return { collection: operation.collection, key: operation.key };
}

/** A refusal inside a transaction says which operation it was. */
export function withIndex(index: number, error: unknown): unknown {
  if (!isSkeinError(error)) return error;
  return new SkeinError(error.code, error.message, { ...error.details, operation: index }, error);
}
