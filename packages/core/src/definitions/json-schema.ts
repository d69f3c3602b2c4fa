import { LIMITS, SkeinError, type Definition, type JsonValue, type Violation } from '@skein/protocol';
import addFormats from 'ajv-formats';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';

export type CheckValue = (value: JsonValue) => readonly Violation[];

const NOTHING_WRONG: readonly Violation[] = [];

/** A JSON Schema 2020-12 as a function that lists what a value breaks. A schema that cannot be used is refused. */
export function compileSchema(schema: NonNullable<Definition['schema']>): CheckValue {
  const validate = compile(schema);
  return (value) => (validate(value) ? NOTHING_WRONG : violationsOf(validate.errors ?? []));
}

/** Unknown keywords are annotations to JSON Schema, and values are what was sent: nothing is filled in or converted. */
const OPTIONS = { allErrors: true, strict: false, logger: false } as const;

/** What says whether a schema is one: made when the first comes by, for that takes longer than to compile most schemas. */
let schemas: Ajv2020 | undefined;

/** A compiler of its own for each schema: what one declares by `$id` is not to be found by another. */
function compile(schema: NonNullable<Definition['schema']>): ValidateFunction {
  schemas ??= new Ajv2020(OPTIONS);
  try {
    if (schemas.validateSchema(schema) !== true) throw new Error(schemas.errorsText(schemas.errors));
    const compiler = new Ajv2020({ ...OPTIONS, meta: false, validateSchema: false });
    addFormats.default(compiler);
    const validate = compiler.compile(schema as object);
    // One that refers to itself without end shows by whatever it is asked.
    for (const value of [null, 0, '', [], {}]) validate(value);
    return validate;
  } catch (error) {
    // The library calls what it was given `data`.
    const reason = (error instanceof Error ? error.message : String(error)).replaceAll(/\bdata(?=[/ ])/g, 'schema');
    throw new SkeinError('bad_definition', `the schema cannot be used: ${reason}`, {}, error);
  }
}

function violationsOf(errors: readonly ErrorObject[]): readonly Violation[] {
  return errors.slice(0, LIMITS.violationsMax).map(({ instancePath, keyword, message = 'is not allowed', params }) => ({
    path: instancePath,
    rule: keyword,
    message: sentenceOf(message, params),
  }));
}

/** The library's sentence, with what it leaves to its parameters. */
function sentenceOf(message: string, params: Readonly<Record<string, unknown>>): string {
  if (typeof params['additionalProperty'] === 'string') return `${message}: '${params['additionalProperty']}'`;
  if (typeof params['unevaluatedProperty'] === 'string') return `${message}: '${params['unevaluatedProperty']}'`;
  return Array.isArray(params['allowedValues']) ? `${message}: ${JSON.stringify(params['allowedValues'])}` : message;
}
