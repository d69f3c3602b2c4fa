import { LIMITS, SkeinError, type Definition, type JsonText, type JsonValue, type Violation } from '@skein/protocol';
import { isIndexed } from '../indexes/encode-fields.ts';
import { expiresAtMs, isExpiryReadable, type ExpiryRule } from '../indexes/expiry-rule.ts';
import { pointerTo, readField } from '../indexes/field.ts';
import {
  expiryRuleOf,
  indexedFields,
  indexSpecsOf,
  type IndexedDocument,
  type IndexSpec,
} from '../indexes/index-spec.ts';
import { compileSchema, type CheckValue } from './json-schema.ts';

/** A value of JSON text this short has no fields that are too long for an index. */
const SHORT_CHARS = Math.floor(LIMITS.indexedBytesMax / 3) - 100;

/** What the definition of a collection asks of each document that is written, by itself. */
export class Rules {
  readonly definition: Definition;
  readonly specs: readonly IndexSpec[];
  readonly expiry: ExpiryRule | undefined;
  #checkSchema: CheckValue | undefined;

  constructor(definition: Definition) {
    this.definition = definition;
    this.specs = indexSpecsOf(definition);
    this.expiry = expiryRuleOf(definition);
  }

  /** Makes them ready for use, which is work that a node which takes no writes never does; throws when they cannot be used. */
  compile(): void {
    const { schema } = this.definition;
    if (schema !== undefined) this.#checkSchema ??= compileSchema(schema);
  }

  get hasUnique(): boolean {
    return this.specs.some((spec) => spec.kind === 'fields' && spec.unique);
  }

  /** Every document is as they want it. */
  get asksNothing(): boolean {
    return this.definition.schema === undefined && this.specs.length === 0;
  }

  violationsOf(document: IndexedDocument, valueChars = Infinity): readonly Violation[] {
    this.compile();
    const found = [...(this.#checkSchema?.(document.value) ?? [])];
    if (valueChars > SHORT_CHARS)
      for (const spec of this.specs) if (isTooLong(spec, document)) found.push(tooLong(spec));
    if (this.expiry !== undefined && !isExpiryReadable(this.expiry, document))
      found.push(unreadableExpiry(this.expiry));
    return found.slice(0, LIMITS.violationsMax);
  }

  isExpired(document: () => IndexedDocument, nowMs: number): boolean {
    if (this.expiry === undefined) return false;
    const atMs = expiresAtMs(this.expiry, document());
    return atMs !== undefined && atMs <= nowMs;
  }
}

/** Throws the first that a value breaks. It is parsed for that, once, and only if there is anything to hold it to. */
export function checkAgainst(rules: readonly Rules[], valueText: JsonText, ts: number): void {
  const demanding = rules.filter(({ asksNothing }) => !asksNothing);
  if (demanding.length === 0) return;
  const value = JSON.parse(valueText) as JsonValue;
  for (const one of demanding) {
    const violations = one.violationsOf({ ts, value }, valueText.length);
    if (violations.length > 0) throw invalidDocument(violations);
  }
}

function invalidDocument(violations: readonly Violation[]): SkeinError {
  const { path, message } = violations[0]!;
  const others = violations.length === 1 ? '' : `, and ${violations.length - 1} more`;
  return new SkeinError('invalid_document', `${path === '' ? 'the document' : path} ${message}${others}`, {
    violations,
  });
}

/** All its fields are there, and yet it has no entry. */
function isTooLong(spec: IndexSpec, document: IndexedDocument): boolean {
  if (spec.kind !== 'fields' || indexedFields(spec, document) !== undefined) return false;
  return spec.fields.every((field) => isIndexed(readField(document.value, field)));
}

function tooLong(spec: IndexSpec): Violation {
  const path = spec.kind === 'fields' ? pointerTo(spec.fields[0]!) : '';
  return {
    path,
    rule: 'indexes',
    message: `is too long for the index ${spec.name}, which takes ${LIMITS.indexedBytesMax} bytes of a document`,
  };
}

function unreadableExpiry(rule: ExpiryRule): Violation {
  const path = 'field' in rule ? pointerTo(rule.field) : '';
  return { path, rule: 'ttlField', message: 'is neither an RFC 3339 time nor milliseconds since 1970' };
}
