import type { OpenApiDocument, OpenApiOperation } from './document.ts';
import { resolve } from './resolve.ts';
import type { Keywords } from './shape.ts';

/** A request as somebody would make it who tries an operation for the first time. */
export interface ExampleRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly contentType: string | null;
  readonly body: string | null;
}

/** Made of the examples of an operation: with what has to be given, and nothing else. */
export function exampleRequest(
  document: OpenApiDocument,
  { method, path, operation }: { readonly method: string; readonly path: string; readonly operation: OpenApiOperation },
): ExampleRequest {
  const parameters = (operation.parameters ?? []).map((one) => resolve(document, one));
  const required = parameters.filter(({ required: isRequired }) => isRequired === true);
  const filled = required
    .filter((one) => one['in'] === 'path')
    .reduce((left, { name, example }) => left.replace(`{${String(name)}}`, encodeURIComponent(String(example))), path);
  const query = required
    .filter((one) => one['in'] === 'query')
    .map(({ name, example }) => `${String(name)}=${encodeURIComponent(String(example))}`);
  const body = bodyOf(operation);
  return {
    method: method.toUpperCase(),
    path: query.length === 0 ? filled : `${filled}?${query.join('&')}`,
    contentType: body?.mediaType ?? null,
    body: body === null ? null : typeof body.value === 'string' ? body.value : JSON.stringify(body.value),
  };
}

/** JSON where it may be that: it fits on one line. */
function bodyOf({ requestBody }: OpenApiOperation): { readonly mediaType: string; readonly value: unknown } | null {
  if (requestBody === undefined) return null;
  const content = requestBody['content'] as Readonly<Record<string, Keywords>>;
  const mediaType = 'application/json' in content ? 'application/json' : Object.keys(content)[0]!;
  const examples = content[mediaType]!['examples'] as Readonly<Record<string, { readonly value: unknown }>>;
  return { mediaType, value: Object.values(examples)[0]!.value };
}
