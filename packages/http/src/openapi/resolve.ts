import type { OpenApiDocument } from './document.ts';
import type { Keywords } from './shape.ts';

/** What a reference of the document leads to; anything else is what it is. */
export function resolve(document: OpenApiDocument, node: Keywords): Keywords {
  const { $ref } = node;
  if (typeof $ref !== 'string') return node;
  const [kind = '', name = ''] = nameParts($ref);
  const found = document.components[kind]?.[name];
  if (found === undefined) throw new Error(`nothing is at ${$ref}`);
  return found as Keywords;
}

/** The name of what is referred to; undefined where nothing is. */
export function nameOf({ $ref }: Keywords): string | undefined {
  return typeof $ref === 'string' ? nameParts($ref)[1] : undefined;
}

function nameParts(ref: string): readonly string[] {
  return ref.replace('#/components/', '').split('/');
}
