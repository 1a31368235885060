/** The description of the API: for machines as OpenAPI, for people as a page that asks nothing from third parties. */
import { z } from 'zod'
import { defineStream, type RouteFacts } from '../define-route.ts'
import { script, stylesheet } from '../docs/assets.ts'
import { referencePage } from '../docs/reference-page.ts'
import { none } from '../schemas/common.ts'

const page = {
  method: 'GET',
  tag: 'system',
  permission: 'public',
  kind: 'query',
  rateClass: 'public',
  params: none,
  query: none,
  refusals: [],
} as const satisfies Partial<RouteFacts> & { params: typeof none; query: typeof none }

const content = (mediaType: string) => ({ status: 200, schema: z.string(), example: '', mediaTypes: [mediaType] }) as const

/** Everything of the page comes from here, and nothing may be sent anywhere. */
const PAGE_POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export const showOpenApi = defineStream({
  ...page,
  path: '/openapi.json',
  operation: 'system.openapi',
  summary: 'This description, as OpenAPI 3.1',
  answer: { status: 200, schema: z.record(z.string(), z.unknown()), example: { openapi: '3.1.0' }, mediaTypes: ['application/json'] },
  handle: async (_request, { document }) => Response.json(document()),
})

export const showReference = defineStream({
  ...page,
  path: '/docs',
  operation: 'system.docs',
  summary: 'This description, for people',
  answer: content('text/html'),
  async handle(_request, { document }) {
    const html = await referencePage(document())
    return new Response(html, { headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY } })
  },
})

export const showReferenceStyle = defineStream({
  ...page,
  path: '/docs/reference.css',
  operation: 'system.docs-style',
  summary: 'Style of the reference page',
  answer: content('text/css'),
  handle: async () =>
    new Response(stylesheet(), { headers: { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'max-age=300' } }),
})

export const showReferenceScript = defineStream({
  ...page,
  path: '/docs/reference.js',
  operation: 'system.docs-script',
  summary: 'Script of the reference page',
  answer: content('text/javascript'),
  handle: async () =>
    new Response(script(), { headers: { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'max-age=300' } }),
})

export const documentationRoutes = [showOpenApi, showReference, showReferenceStyle, showReferenceScript]
