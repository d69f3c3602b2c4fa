import type { OpenApiDocument, OpenApiOperation } from '../document.ts';
import { exampleRequest } from '../example-request.ts';
import { EVERY_ANSWER } from '../headers.ts';
import { nameOf, resolve } from '../resolve.ts';
import type { Keywords } from '../shape.ts';
import { curlLine } from './curl.ts';
import { markup, inline, prose, type Html } from './html.ts';
import { typeText, type Schema } from './schema-view.ts';

interface Shown {
  readonly method: string;
  readonly path: string;
  readonly operation: OpenApiOperation;
}

const everywhere: ReadonlySet<string> = new Set(EVERY_ANSWER);

type Contents = Readonly<Record<string, Keywords>>;

/** One operation: what it does, what it takes, what it answers, and how to try it. */
export function operationView(document: OpenApiDocument, shown: Shown): Html {
  const { method, path, operation } = shown;
  const { operationId, summary, description } = operation;
  const words = [method, path, operationId, summary, description ?? '', ...codesOf(operation)].join(' ').toLowerCase();
  return markup`<details id="${operationId}" data-words="${words}"><summary><b class="method ${method}">${method.toUpperCase()}</b><code>${path}</code><span>${summary}</span></summary><div class="inside">
${description === undefined ? null : prose(description)}
<h3>Try it</h3><div class="try"><pre><code>${curlLine(exampleRequest(document, shown))}</code></pre><button type="button" hidden>Copy</button></div>
${parametersView(document, operation)}${bodyView(operation)}<h3>Answers</h3>${answersView(operation)}
<h3>Refusals</h3>${refusalsView(operation)}</div></details>
`;
}

function parametersView(document: OpenApiDocument, { parameters = [] }: OpenApiOperation): Html | null {
  if (parameters.length === 0) return null;
  const rows = parameters.map((one) => {
    const { name, in: place, required, description, schema } = resolve(document, one);
    const isExpected = required === true && place !== 'path';
    return markup`<dt>${String(name)}<small>${String(place)}, ${typeText(schema as Schema)}${isExpected ? ', required' : ''}</small></dt>
<dd>${inline(String(description))}</dd>`;
  });
  return markup`<h3>Parameters</h3><dl>${rows}</dl>`;
}

function bodyView({ requestBody }: OpenApiOperation): Html | null {
  if (requestBody === undefined) return null;
  const { required, description, content } = requestBody;
  return markup`<h3>Body${required === true ? null : markup` (may be left out)`}</h3>
${typeof description === 'string' ? prose(description) : null}${contentView(content as Contents)}`;
}

function answersView({ responses }: OpenApiOperation): Html {
  const answers = Object.entries(responses).filter(
    ([status, response]) => status !== 'default' && !isRefusal(response),
  );
  const rows = answers.map(([status, { description, content, headers = {} }], i) => {
    const own = Object.keys(headers as object).filter((name) => !everywhere.has(name));
    const isAsBefore = JSON.stringify(content) === JSON.stringify(answers[i - 1]?.[1]['content']);
    return markup`<dt>${status}</dt>
<dd>${inline(String(description))}${own.length === 0 ? null : markup` <small class="media">With ${inline(own.map((name) => `\`${name}\``).join(', '))}.</small>`}
${content === undefined || isAsBefore ? null : contentView(content as Contents)}</dd>`;
  });
  return markup`<dl class="answers">${rows}</dl>`;
}

/** What a body may be, by media type, with an example of each. */
function contentView(content: Contents): Html {
  return markup`${Object.entries(content).map(([mediaType, { schema = {}, examples = {} }]) => {
    const name = nameOf(schema as Keywords);
    const { description = '' } = schema as { readonly description?: string };
    const values = Object.values(examples as Readonly<Record<string, { readonly value: unknown }>>);
    return markup`<p class="media"><code>${mediaType}</code> ${name === undefined ? inline(description) : markup`<a href="#schema-${name}">${name}</a>`}</p>
${values.map(({ value }) => markup`<pre><code>${exampleText(value)}</code></pre>`)}`;
  })}`;
}

function exampleText(value: unknown): string {
  return typeof value === 'string' && value.includes('\n') ? value.trimEnd() : JSON.stringify(value, null, 2);
}

function refusalsView({ responses }: OpenApiOperation): Html {
  const refusals = Object.entries(responses).filter(([, response]) => isRefusal(response));
  return markup`${refusals.map(
    ([status, response]) =>
      markup`<div class="codes"><b>${status}</b>${codesIn(response).map((code) => markup`<a href="#${code}">${code}</a>`)}</div>`,
  )}<p class="media">And <a href="#any-request">what any request may meet</a>.</p>`;
}

function codesOf({ responses }: OpenApiOperation): readonly string[] {
  return Object.values(responses).filter(isRefusal).flatMap(codesIn);
}

function isRefusal({ content }: Keywords): boolean {
  return content !== undefined && 'application/problem+json' in (content as Contents);
}

export function codesIn({ content }: Keywords): readonly string[] {
  return Object.keys((content as Contents)['application/problem+json']!['examples'] as object);
}
