import { nameOf } from '../resolve.ts';
import { inline, markup, prose, type Html } from './html.ts';

/** What the schemas of the document are made of. */
export interface Schema {
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
}

/** A schema of the document, with its members. */
export function schemaView(name: string, schema: Schema): Html {
  const words = `${name} ${Object.keys(schema.properties ?? {}).join(' ')}`.toLowerCase();
  return markup`<details id="schema-${name}" data-words="${words}"><summary><code>${name}</code></summary><div class="inside">
${prose(schema.description ?? '')}${membersView(schema)}${choicesView(schema)}</div></details>
`;
}

function choicesView({ anyOf, oneOf }: Schema): Html {
  const choices = anyOf ?? oneOf ?? [];
  return markup`${choices.map((choice, i) => markup`<h3>${i === 0 ? 'Either' : 'Or'}</h3>${membersView(choice)}`)}`;
}

function membersView({ properties = {}, required = [] }: Schema): Html {
  const rows = Object.entries(properties).map(
    ([name, member]) => markup`<dt>${name}<small>${required.includes(name) ? '' : 'may be left out'}</small></dt>
<dd>${inline(member.description ?? '')} <small class="media">${typeText(member)}</small></dd>`,
  );
  return markup`<dl>${rows}</dl>`;
}

/** What a value may be, in a few words. */
export function typeText(schema: Schema): string {
  const { minimum, maximum, default: preset } = schema;
  const range = minimum !== undefined && maximum !== undefined ? ` ${minimum} to ${maximum}` : '';
  return `${kindText(schema)}${range}${preset === undefined ? '' : `, ${JSON.stringify(preset)} unless given`}`;
}

function kindText(schema: Schema): string {
  const { $ref, type, anyOf, oneOf, items } = schema;
  const choices = anyOf ?? oneOf;
  if ($ref !== undefined) return nameOf({ $ref }) ?? '';
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (choices !== undefined) return choices.map(typeText).join(' | ');
  if (type === 'array') return `array of ${typeText(items ?? {})}`;
  if (type === 'object') return objectText(schema);
  return typeof type === 'object' ? type.join(' | ') : (type ?? 'any JSON');
}

/** The names of its members, and what tells one kind of object from another. */
function objectText({ properties = {}, required = [] }: Schema): string {
  const members = Object.entries(properties).map(([name, member]) => {
    if (member.const !== undefined) return `${name}: ${JSON.stringify(member.const)}`;
    return required.includes(name) ? name : `${name}?`;
  });
  return members.length === 0 ? 'object' : `{ ${members.join(', ')} }`;
}
