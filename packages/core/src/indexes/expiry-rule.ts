import { parseTime } from '../clock.ts';
import type { IndexedDocument } from './index-spec.ts';
import { readField } from './field.ts';

/** When documents of a collection expire: at a time of their own, or so long after they were written. */
export type ExpiryRule = { readonly field: string } | { readonly seconds: number };

/** Undefined for a document that never does. */
export function expiresAtMs(rule: ExpiryRule, { ts, value }: IndexedDocument): number | undefined {
  if ('seconds' in rule) return ts + rule.seconds * 1000;
  const given = readField(value, rule.field);
  if (typeof given === 'number') return given;
  return typeof given === 'string' ? parseTime(given) : undefined;
}

/** Whether a document that has something where its time to expire belongs has a time there. */
export function isExpiryReadable(rule: ExpiryRule, document: IndexedDocument): boolean {
  if ('seconds' in rule) return true;
  const given = readField(document.value, rule.field) ?? null;
  return given === null || expiresAtMs(rule, document) !== undefined;
}
