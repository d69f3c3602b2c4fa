import type { ErrorCode } from '@skein/protocol';
import type { z } from 'zod';
import type { AnswerHeader, RequestHeader } from './headers.ts';
import type { Shape } from './shape.ts';

/*
 * What the document says of an operation, as data beside the schemas its route is checked by. What a request may be is taken from
 * those schemas; what only a person can say, such as what a parameter is for, is here.
 */

export interface ParameterText {
  readonly description: string;
  readonly example?: unknown;
  /** What holds when it is left out, where its schema does not say. */
  readonly default?: unknown;
  /** It has to be given, though its schema lets it be left out to say so in a better way. */
  readonly required?: true;
}

export interface Query {
  readonly schema: z.ZodType;
  readonly parameters: Readonly<Record<string, ParameterText>>;
}

/** The query of a route, by the schema that checks it: each of its parameters has to be described, and no other may be. */
export function query<Schema extends z.ZodObject>(
  schema: Schema,
  parameters: { readonly [Name in keyof Schema['shape']]: ParameterText },
): Query {
  return { schema, parameters };
}

/** What a body may be in one media type. */
export interface Content {
  /** Left out where JSON Schema has nothing to say of it. */
  readonly shape?: Shape;
  /** Of a text that is no JSON document, such as lines. */
  readonly text?: string;
  readonly examples: Readonly<Record<string, unknown>>;
}

export interface Body {
  readonly required: boolean;
  readonly description?: string;
  readonly content: Readonly<Record<string, Content>>;
}

export interface AnswerText {
  readonly status: number;
  readonly description: string;
  readonly headers?: readonly AnswerHeader[];
  readonly content?: Readonly<Record<string, Content>>;
}

type Method = 'get' | 'head' | 'put' | 'post' | 'patch' | 'delete';

export interface OperationText {
  readonly id: string;
  readonly method: Method;
  /** Its path parameters in braces. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly query?: Query;
  readonly headers?: readonly RequestHeader[];
  readonly body?: Body;
  readonly answers: readonly AnswerText[];
  /** The refusals it may be answered with, beside those any request may meet. */
  readonly errors: readonly ErrorCode[];
}

/** Operations that belong together, under a heading. */
export interface Group {
  readonly tag: string;
  readonly description: string;
  readonly operations: readonly OperationText[];
}

/** One JSON value, with one example of it. */
export function json(of: Shape, example: unknown): Readonly<Record<'application/json', Content>> {
  return { 'application/json': { shape: of, examples: { example } } };
}

/** Text that is not one JSON document. */
export function text(mediaType: string, description: string, example: string): Readonly<Record<string, Content>> {
  return { [mediaType]: { text: description, examples: { example } } };
}
