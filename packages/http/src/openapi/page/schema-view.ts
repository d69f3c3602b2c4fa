import { nameOf } from '../resolve.ts';
import type { Keywords } from '../shape.ts';
import { html, inline, prose, type Html } from './html.ts';

/** A schema of the document, with its members. */
export function schemaView(name: string, schema: Keywords): Html {
  const { description = '' } = schema as { readonly description?: string };
  const words = `${name} ${Object.keys(propertiesOf(schema)).join(' ')}`.toLowerCase();
  return html`<details id="schema-${name}" data-words="${words}"><summary><code>${name}</code></summary><div class="inside">
${prose(description)}${membersView(schema)}${choicesView(schema)}</div></details>
`;
}

function choicesView(schema: Keywords): Html | null {
  const choices = (schema['anyOf'] ?? schema['oneOf']) as readonly Keywords[] | undefined;
  if (choices === undefined) return null;
  return html`${choices.map((choice, i) => html`<h3>${i === 0 ? 'Either' : 'Or'}</h3>${membersView(choice)}`)}`;
}

function membersView(schema: Keywords): Html | null {
  const required = new Set((schema['required'] ?? []) as readonly string[]);
  const members = Object.entries(propertiesOf(schema));
  if (members.length === 0) return null;
  return html`<dl>${members.map(
    ([name, member]) => html`<dt>${name}<small>${required.has(name) ? '' : 'may be left out'}</small></dt>
<dd>${inline(String(member['description'] ?? ''))} <small class="media">${typeText(member)}</small></dd>`,
  )}</dl>`;
}

function propertiesOf(schema: Keywords): Readonly<Record<string, Keywords>> {
  return (schema['properties'] ?? {}) as Readonly<Record<string, Keywords>>;
}

/** What a value may be, in a few words. */
export function typeText(schema: Keywords): string {
  const name = nameOf(schema);
  if (name !== undefined) return name;
  const { type, const: only, enum: values, items, minimum, maximum, default: preset } = schema;
  const choices = (schema['anyOf'] ?? schema['oneOf']) as readonly Keywords[] | undefined;
  const text =
    only !== undefined
      ? JSON.stringify(only)
      : Array.isArray(values)
        ? values.map((value) => JSON.stringify(value)).join(' | ')
        : choices !== undefined
          ? choices.map(typeText).join(' | ')
          : type === 'array'
            ? `array of ${typeText((items ?? {}) as Keywords)}`
            : type === 'object'
              ? objectText(schema)
              : [type ?? 'any JSON'].flat().join(' | ');
  const range = minimum !== undefined && maximum !== undefined ? ` ${String(minimum)} to ${String(maximum)}` : '';
  return `${text}${range}${preset === undefined ? '' : `, ${JSON.stringify(preset)} unless given`}`;
}

/** The names of its members, and what tells one kind of object from another. */
function objectText(schema: Keywords): string {
  const required = new Set((schema['required'] ?? []) as readonly string[]);
  const members = Object.entries(propertiesOf(schema)).map(([name, member]) => {
    if (member['const'] !== undefined) return `${name}: ${JSON.stringify(member['const'])}`;
    return required.has(name) ? name : `${name}?`;
  });
  return members.length === 0 ? 'object' : `{ ${members.join(', ')} }`;
}
