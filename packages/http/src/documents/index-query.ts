import { isIndexed, type IndexedValue, type IndexQuery } from '@skein/core';
import { SkeinError, type JsonValue } from '@skein/protocol';

interface QueryTexts {
  readonly prefix?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
  readonly reverse: boolean;
}

/** What a query asks of an index: values of its fields, in lists. */
export function indexQuery({ prefix, from, to, ...rest }: QueryTexts): IndexQuery & Pick<QueryTexts, 'limit'> {
  return { ...rest, prefix: valuesOf('prefix', prefix), from: valuesOf('from', from), to: valuesOf('to', to) };
}

function valuesOf(name: string, text: string | undefined): readonly IndexedValue[] | undefined {
  if (text === undefined) return undefined;
  let values: JsonValue;
  try {
    values = JSON.parse(text) as JsonValue;
  } catch (error) {
    throw new SkeinError('bad_query', `${name}: is no JSON list of values, such as ["ann",10]`, {}, error);
  }
  if (Array.isArray(values) && (values as readonly JsonValue[]).every(isIndexed))
    return values as readonly IndexedValue[];
  throw new SkeinError('bad_query', `${name}: is no list of null, booleans, numbers and strings, such as ["ann",10]`);
}
