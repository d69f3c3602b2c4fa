import { z } from 'zod';
import type { Keywords, Shape } from './shape.ts';

/** What zod says of whole numbers that have no bounds of their own. */
const NO_BOUNDS: ReadonlySet<unknown> = new Set([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);

interface Converted {
  readonly zodSchema: z.core.$ZodTypes;
  readonly jsonSchema: Record<string, unknown>;
}

/** What zod says that would mean something else in the document, or nothing. */
function tidy({ jsonSchema }: Converted): void {
  if (NO_BOUNDS.has(jsonSchema['maximum'])) delete jsonSchema['maximum'];
  if (NO_BOUNDS.has(jsonSchema['minimum'])) delete jsonSchema['minimum'];
  // Of zod it says that the value is not written to once it is parsed; of OpenAPI, that it may not be sent.
  delete jsonSchema['readOnly'];
  // Text of a query that stands for a number or a switch is described as that: its own pattern holds for text only.
  if (jsonSchema['type'] === 'integer') delete jsonSchema['pattern'];
  if (jsonSchema['type'] === 'boolean') delete jsonSchema['enum'];
}

/**
 * A zod schema as JSON Schema: as what may be sent, which for an answer is what may be read. Objects that do not refuse other
 * members are open, as readers have to take what they do not know.
 */
export function toJsonSchema(schema: z.ZodType): Keywords {
  const { $schema: _, ...keywords } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: 'input',
    unrepresentable: 'any',
    override: tidy,
  });
  return keywords;
}

/** The schema of a shape, with what is to be said of it and of its members. */
export function shapeSchema({ schema, description, members }: Shape): Keywords {
  const keywords = toJsonSchema(schema);
  const properties = keywords['properties'] as Readonly<Record<string, Keywords>> | undefined;
  if (properties === undefined) return { description, ...keywords };
  const described = Object.entries(properties).map(([name, property]) => [
    name,
    { ...property, ...said(members[name]) },
  ]);
  return { description, ...keywords, properties: Object.fromEntries(described) as unknown };
}

function said(member: string | Keywords | undefined): Keywords {
  return typeof member === 'string' ? { description: member } : (member ?? {});
}
