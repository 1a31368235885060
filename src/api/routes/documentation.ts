/** The description of the API: for machines as OpenAPI, for people as a page that asks nothing from third parties. */
import { z } from 'zod'
import { defineStream } from '../define-route.ts'
import { referencePage } from '../docs/reference-page.ts'
import { htmlPage, pageFile, pagePolicy } from '../pages.ts'
import { aPublicPage, contentOf } from '../route-shapes.ts'

export const showOpenApi = defineStream({
  ...aPublicPage,
  path: '/openapi.json',
  operation: 'system.openapi',
  summary: 'This description, as OpenAPI 3.1',
  answer: { status: 200, schema: z.record(z.string(), z.unknown()), example: { openapi: '3.1.0' }, mediaTypes: ['application/json'] },
  handle: async (_request, { document }) => Response.json(document()),
})

export const showReference = defineStream({
  ...aPublicPage,
  path: '/docs',
  operation: 'system.docs',
  summary: 'This description, for people',
  answer: contentOf('text/html'),
  handle: async (_request, { document }) => htmlPage(await referencePage(document()), pagePolicy()),
})

const stylesheet = pageFile(new URL('../docs/reference.css', import.meta.url))

export const showReferenceStyle = defineStream({
  ...aPublicPage,
  path: '/docs/reference.css',
  operation: 'system.docs-style',
  summary: 'Style of the reference page',
  answer: contentOf('text/css'),
  handle: async () => stylesheet(),
})

const script = pageFile(new URL('../docs/reference.js', import.meta.url))

export const showReferenceScript = defineStream({
  ...aPublicPage,
  path: '/docs/reference.js',
  operation: 'system.docs-script',
  summary: 'Script of the reference page',
  answer: contentOf('text/javascript'),
  handle: async () => script(),
})

export const documentationRoutes = [showOpenApi, showReference, showReferenceStyle, showReferenceScript]
