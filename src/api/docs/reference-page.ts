/** The reference page: the OpenAPI document as HTML. Complete without its script; every text is escaped by the template. */
import { html } from 'hono/html'
import type { JsonSchema, OpenApiDocument, Operation, Parameter } from '../openapi-document.ts'

type Entry = Readonly<{ path: string; method: string; operation: Operation }>

export async function referencePage(document: OpenApiDocument): Promise<string> {
  const entries = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  const groups = document.tags.map(({ name }) => ({ name, entries: entries.filter(({ operation }) => operation.tags.includes(name)) }))
  const page = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${document.info.title} API</title>
        <link rel="icon" href="/page/icon.svg" />
        <link rel="stylesheet" href="/page/theme.css" />
        <link rel="stylesheet" href="/docs/reference.css" />
        <script type="module" src="/docs/reference.js"></script>
      </head>
      <body>
        <div class="layout">
          <nav aria-label="Contents">
            <h1>${document.info.title} <span class="tagline">${document.info.version}</span></h1>
            <input id="search" type="search" placeholder="Find an operation" aria-label="Find an operation" hidden />
            ${groups.map(({ name }) => html`<a href="#${name}">${name}</a>`)} <a href="#schemas">schemas</a>
            <a href="/openapi.json">openapi.json</a>
            <a href="/">fleet</a>
          </nav>
          <main>
            <p>${document.info.description}</p>
            <p class="tagline">Send your key with every request: <code>Authorization: Bearer KEY</code>.</p>
            <p id="none" hidden>No operation fits.</p>
            ${groups.map(({ name, entries }) => html`<section data-tag="${name}"><h2 id="${name}">${name}</h2>${entries.map((entry) => article(entry, document))}</section>`)}
            <section>
              <h2 id="schemas">schemas</h2>
              ${Object.entries(document.components.schemas).map(
                ([name, schema]) => html`<details id="schema-${name}"><summary><code>${name}</code></summary>${code(schema)}</details>`,
              )}
            </section>
          </main>
        </div>
      </body>
    </html>`
  return String(page)
}

const article = ({ path, method, operation }: Entry, { components }: OpenApiDocument) => html`<article
  id="${operation.operationId}"
  data-find="${method} ${path} ${operation.operationId} ${operation.summary}"
>
  <details>
    <summary>
      <span class="method ${method}">${method}</span><code>${path}</code>
      <span class="say">${operation.summary}</span>
    </summary>
    <div class="body">
      ${operation.description === undefined ? '' : html`<p>${operation.description}</p>`}
      <p class="tagline">
        ${operation.security.length === 0 ? 'Needs no key.' : html`Needs <code>${operation['x-permission']}</code>.`}
        ${operation['x-alias-of'] === undefined ? '' : html`Served by <a href="#${operation['x-alias-of']}">${operation['x-alias-of']}</a>.`}
      </p>
      ${operation.parameters.length === 0 ? '' : html`<h4>Parameters</h4><table>${operation.parameters.map(parameterRow)}</table>`}
      ${operation.requestBody === undefined ? '' : html`<h4>Body</h4>${code(bodySchema(operation.requestBody))}`}
      <h4>Answers</h4>
      <table>
        ${Object.entries(operation.responses).map(([status, response]) => {
          const answer = resolved(response, components.responses)
          return html`<tr><td><code>${status}</code></td><td>${lines(answer)}${exampleOf(answer)}</td></tr>`
        })}
      </table>
    </div>
  </details>
</article>`

const parameterRow = ({ name, in: place, required, description, schema }: Parameter) => html`<tr>
  <td><code>${name}</code></td>
  <td class="tagline">${place}${required ? ', required' : ''}</td>
  <td>${description ?? ''} ${kindOf(schema)}</td>
</tr>`

const SHARED = '#/components/responses/'

const resolved = (response: JsonSchema, shared: Readonly<Record<string, JsonSchema>>): JsonSchema => {
  const reference = response['$ref']
  return typeof reference === 'string' ? (shared[reference.slice(SHARED.length)] ?? {}) : response
}

const kindOf = (schema: JsonSchema): string => {
  const values = schema['enum']
  if (Array.isArray(values)) return values.map(String).join(' | ')
  return typeof schema['default'] === 'number' || typeof schema['default'] === 'string' ? `default ${schema['default']}` : ''
}

const lines = ({ description }: JsonSchema) =>
  String(description)
    .split('\n')
    .map((line) => html`<div>${line}</div>`)

const exampleOf = ({ content }: JsonSchema) => {
  const example = at(at(content, 'application/json'), 'example')
  return example === undefined ? '' : code(example)
}

const bodySchema = ({ content }: JsonSchema): unknown => at(at(content, 'application/json'), 'schema')

const at = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined

const code = (value: unknown) => html`<pre><code>${JSON.stringify(value, undefined, 2)}</code></pre>`
