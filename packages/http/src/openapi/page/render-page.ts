import { createHash } from 'node:crypto';
import type { OpenApiDocument } from '../document.ts';
import type { Keywords } from '../shape.ts';
import { markup, Html, inline, prose } from './html.ts';
import { codesIn, operationView } from './operation-view.ts';
import { schemaView, type Schema } from './schema-view.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

/** A wedge of geese. */
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M2 13 8 3l6 10" fill="none" stroke="#0b8a8a" stroke-width="2.5" stroke-linecap="round"/></svg>`;

export interface RenderedPage {
  readonly html: string;
  /** What a browser may load for it, which is nothing: all that it needs is in it. */
  readonly policy: string;
}

/** The document as a page for people, made of itself alone. */
export function renderPage(document: OpenApiDocument): RenderedPage {
  const policy = [
    "default-src 'none'",
    `style-src ${hashOf(STYLE)}`,
    `script-src ${hashOf(SCRIPT)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return { html: whole(document).text, policy };
}

function whole(document: OpenApiDocument): Html {
  const { summary, description, version } = document.info;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Skein ${String(version)}: the HTTP interface</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(ICON)}">
<style>${new Html(STYLE)}</style>
</head>
<body>
<header><b>Skein <small>${String(version)}</small></b><input type="search" placeholder="Search, with /" aria-label="Search" hidden><a href="/openapi.json">openapi.json</a></header>
<div class="page">
<nav>${document.tags.map(({ name }) => markup`<a href="#${anchorOf(name)}">${name}</a>`)}<a href="#errors">Errors</a><a href="#schemas">Schemas</a></nav>
<main>
<div class="lead"><h1>${String(summary)}</h1>${prose(String(description))}</div>
<p class="none" hidden>Nothing here has all of these words.</p>
${document.tags.map((tag) => groupView(document, tag))}${errorsView(document)}${schemasView(document)}
</main>
</div>
<script>${new Html(SCRIPT)}</script>
</body>
</html>
`;
}

function groupView(document: OpenApiDocument, { name, description }: OpenApiDocument['tags'][number]): Html {
  const shown = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const views = shown
    .filter(({ operation }) => operation.tags.includes(name))
    .map((one) => operationView(document, one));
  return markup`<section><h2 id="${anchorOf(name)}">${name}</h2>
${prose(description)}${views}</section>
`;
}

/** Every code with what it means and what to do. */
function errorsView({ components }: OpenApiDocument): Html {
  const any = new Set(codesIn(components['responses']!['AnyRequest'] as Keywords));
  const examples = Object.entries(components['examples'] as Readonly<Record<string, Keywords>>);
  const rows = examples
    .map(([code, { summary, description, value }]) => ({ code, summary, description, value: value as Keywords }))
    .toSorted((a, b) => Number(a.value['status']) - Number(b.value['status']));
  return markup`<section><h2 id="errors">Errors</h2>
<p id="any-request">A refusal is <a href="#schema-Problem"><code>application/problem+json</code></a>; programs go by its <code>code</code>. Any request may meet ${inline([...any].map((code) => `\`${code}\``).join(', '))}.</p>
${rows.map(
  ({
    code,
    summary,
    description,
    value,
  }) => markup`<details id="${code}" data-words="${code} ${String(value['status'])} ${String(summary).toLowerCase()}"><summary><b class="method">${String(value['status'])}</b><code>${code}</code><span>${String(summary)}</span></summary><div class="inside">
<p>${inline(String(description))}</p><pre><code>${JSON.stringify(value, null, 2)}</code></pre></div></details>
`,
)}</section>
`;
}

function schemasView({ components }: OpenApiDocument): Html {
  const schemas = Object.entries(components['schemas'] as Readonly<Record<string, Schema>>);
  return markup`<section><h2 id="schemas">Schemas</h2>
<p>Bodies and answers, by name. Members may be added: pass over those you do not know.</p>
${schemas.map(([name, schema]) => schemaView(name, schema))}</section>
`;
}

function anchorOf(tag: string): string {
  return tag.toLowerCase().replaceAll(' ', '-');
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
