import { ERRORS, LIMITS, MEDIA_TYPES, type ErrorCode } from '@skein/protocol';
import { ANSWER_HEADERS, EVERY_ANSWER, REQUEST_HEADERS, type AnswerHeader } from './headers.ts';
import { shapeSchema, toJsonSchema } from './json-schema.ts';
import type { Body, Content, OperationText, ParameterText, Query } from './operation.ts';
import { GROUPS } from './operations/all.ts';
import { ANY_REQUEST, problem, problemExample, SENT_CODES } from './problems.ts';
import type { Keywords, Shape } from './shape.ts';

/*
 * OpenAPI 3.1 of all that a node serves. It is put together when somebody asks for it, from the schemas that the routes are checked
 * by and from what is said beside them; no route knows of it.
 */

export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: Keywords;
  readonly servers: readonly Keywords[];
  readonly security: readonly Keywords[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: Readonly<Record<string, Keywords>>;
}

export interface OpenApiOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Keywords[];
  readonly requestBody?: Keywords;
  readonly responses: Readonly<Record<string, Keywords>>;
}

const DESCRIPTION = [
  'A document database: one leader takes writes, followers hold the same documents milliseconds later, and everybody may read the change feed between them.',
  'Every node serves every path; a follower passes writes on to its leader. `HEAD` is served where `GET` is, with the headers alone. Query parameters that are not listed are refused.',
  'Every answer, refusals too, says in `Skein-Role`, `Skein-Node` and `Skein-Epoch` who gave it. A refusal is `application/problem+json` with a stable `code`. Fields, headers, parameters and codes may be added, and none changes its meaning: ignore what you do not know.',
].join('\n\n');

const PATH_PARAMETERS: Readonly<Record<string, Keywords>> = {
  collection: {
    description: 'The name of a collection. Those that begin with `$` are the system’s, and can only be read.',
    schema: { type: 'string', pattern: `^\\$?[A-Za-z0-9_-]{1,${LIMITS.collectionCharsMax}}$` },
    example: 'orders',
  },
  key: {
    description: 'The key of a document, percent-encoded, `/` included.',
    schema: { type: 'string', minLength: 1, maxLength: LIMITS.keyBytesMax },
    example: 'o-1',
  },
  id: {
    description: 'The name a follower gave itself.',
    schema: { type: 'string', pattern: `^[A-Za-z0-9._-]{1,${LIMITS.nodeIdCharsMax}}$` },
    example: 'follower-1',
  },
};

const OPERATIONS = GROUPS.flatMap(({ tag, operations }) => operations.map((operation) => ({ tag, operation })));

export function openApiDocument(version: string): OpenApiDocument {
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  for (const { tag, operation } of OPERATIONS)
    (paths[operation.path] ??= {})[operation.method] = describeOperation(tag, operation);
  return {
    openapi: '3.1.1',
    info: {
      title: 'Skein',
      version,
      summary: 'One leader, any number of followers, and an open change feed.',
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The node that serves this document.' }],
    security: [],
    tags: GROUPS.map(({ tag: name, description }) => ({ name, description })),
    paths,
    components: {
      schemas: Object.fromEntries(shapes().map((one) => [one.name, shapeSchema(one)])),
      parameters: {
        ...named(PATH_PARAMETERS, (name, text) => ({ name, in: 'path', required: true, ...text })),
        ...named(REQUEST_HEADERS, (_, { name, ...text }) => ({ name, in: 'header', ...text })),
      },
      headers: ANSWER_HEADERS,
      examples: named(sentErrors(), (code, { title, remedy }) => ({
        summary: title,
        description: remedy,
        value: problemExample(code as ErrorCode),
      })),
      responses: { AnyRequest: refusals('What any request may be refused with:', ANY_REQUEST) },
    },
  };
}

function describeOperation(tag: string, operation: OperationText): OpenApiOperation {
  const { id, path, summary, description, body } = operation;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => reference('parameters', name!));
  const inHeaders = (operation.headers ?? []).map((name) => reference('parameters', name));
  const parameters = [...inPath, ...queryParameters(operation.query), ...inHeaders];
  return given({
    operationId: id,
    tags: [tag],
    summary,
    description,
    parameters: parameters.length === 0 ? undefined : parameters,
    requestBody: body === undefined ? undefined : requestBody(body),
    responses: responses(operation),
  });
}

/** The parameters of a query, as the schema has them that its route is checked by. */
function queryParameters(query: Query | undefined): readonly Keywords[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = toJsonSchema(query.schema) as {
    readonly properties?: Readonly<Record<string, Keywords>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, keywords]) =>
    queryParameter({ name, keywords, isRequired: required.includes(name) }, query.parameters[name]!),
  );
}

interface QueryParameter {
  readonly name: string;
  readonly keywords: Keywords;
  /** By its schema; a route may ask for more than that. */
  readonly isRequired: boolean;
}

function queryParameter({ name, keywords, isRequired }: QueryParameter, text: ParameterText): Keywords {
  const { description, example, required = isRequired, default: preset = keywords['default'] } = text;
  return given({ name, in: 'query', required, description, schema: given({ ...keywords, default: preset }), example });
}

function requestBody({ required, description, content }: Body): Keywords {
  return given({ required, description, content: contentOf(content) });
}

/** What it is answered with, and by status what it may be refused with. */
function responses({ answers, errors }: OperationText): Readonly<Record<string, Keywords>> {
  const answered = answers.map(({ status, description, headers = [], content }) => [
    status,
    given({
      description,
      headers: headerReferences([...headers, ...EVERY_ANSWER]),
      content: content === undefined ? undefined : contentOf(content),
    }),
  ]);
  const statuses = [...new Set(errors.map((code) => ERRORS[code].status))].toSorted((a, b) => a - b);
  const refused = statuses.map((status) => {
    const codes = [...new Set(errors)].filter((code) => ERRORS[code].status === status);
    return [status, refusals('Refused:', codes)];
  });
  return {
    ...(Object.fromEntries([...answered, ...refused]) as Record<string, Keywords>),
    default: reference('responses', 'AnyRequest'),
  };
}

/** Which codes there are, each with an example. */
function refusals(description: string, codes: readonly ErrorCode[]): Keywords {
  const statuses = new Set(codes.map((code) => ERRORS[code].status));
  const headers: AnswerHeader[] = [];
  if (statuses.has(405)) headers.push('Allow');
  if (statuses.has(421)) headers.push('Skein-Leader');
  if (statuses.has(429) || statuses.has(503) || statuses.has(507)) headers.push('Retry-After');
  return given({
    description: `${description} ${codes.map((code) => `\`${code}\``).join(', ')}.`,
    headers: headers.length === 0 ? undefined : headerReferences(headers),
    content: {
      [MEDIA_TYPES.problem]: {
        schema: reference('schemas', problem.name),
        examples: Object.fromEntries(codes.map((code) => [code, reference('examples', code)])),
      },
    },
  });
}

function contentOf(contents: Readonly<Record<string, Content>>): Keywords {
  return named(contents, (_, { shape, text, examples }) => {
    const ofText = text === undefined ? undefined : { type: 'string', description: text };
    const schema = shape === undefined ? ofText : reference('schemas', shape.name);
    const hasExamples = Object.keys(examples).length > 0;
    return given({ schema, examples: hasExamples ? named(examples, (_name, value) => ({ value })) : undefined });
  });
}

/** Every shape that a body or an answer has, once, by name. */
function shapes(): readonly Shape[] {
  const all = new Map([[problem.name, problem]]);
  for (const { operation } of OPERATIONS) {
    const { body, answers } = operation;
    for (const { content } of [body, ...answers].filter((one) => one !== undefined))
      for (const { shape } of Object.values(content ?? {})) if (shape !== undefined) all.set(shape.name, shape);
  }
  return [...all.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function sentErrors(): Readonly<Record<string, { readonly title: string; readonly remedy: string }>> {
  return Object.fromEntries(SENT_CODES.map((code) => [code, ERRORS[code]]));
}

function headerReferences(names: readonly AnswerHeader[]): Keywords {
  return Object.fromEntries(names.map((name) => [name, reference('headers', name)]));
}

function reference(kind: string, name: string): Keywords {
  return { $ref: `#/components/${kind}/${name}` };
}

function named<Value>(
  values: Readonly<Record<string, Value>>,
  of: (name: string, value: Value) => Keywords,
): Readonly<Record<string, Keywords>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, of(name, value)]));
}

/** Less what is undefined. */
function given<Value extends object>(value: Value): { [Name in keyof Value]: Exclude<Value[Name], undefined> } {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries) as { [Name in keyof Value]: Exclude<Value[Name], undefined> };
}
