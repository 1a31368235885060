/** The description of the API is committed: what changes it changes this file, and is seen in review. */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { describe } from '../../src/api/openapi.ts'
import { allRoutes } from '../../src/api/routes/index.ts'
import { testApi } from './support/test-api.ts'

const document = describe(allRoutes({ publicMetrics: false }), { version: '0.0.0' })

const SNAPSHOT = new URL('./openapi.snapshot.json', import.meta.url)

test('the OpenAPI document is the one that was committed (UPDATE_OPENAPI=1 writes it anew)', () => {
  const text = JSON.stringify(document, undefined, 2)
  if (process.env['UPDATE_OPENAPI'] === '1') writeFileSync(SNAPSHOT, `${text}\n`)
  expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(SNAPSHOT, 'utf8')))
})

test('every reference leads to a schema of the document', () => {
  const text = JSON.stringify(document)
  const references = [...text.matchAll(/"\$ref":"#\/components\/(schemas|responses)\/([^"]+)"/g)]
  expect(references.length).toBeGreaterThan(20)
  const { schemas, responses } = document.components
  const lost = references.filter(([, kind, name = '']) => !Object.hasOwn(kind === 'schemas' ? schemas : responses, name))
  expect(lost).toEqual([])
  expect(text).not.toContain('#/$defs/')
})

test('every parameter of a path is described', () => {
  for (const [path, operations] of Object.entries(document.paths)) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
    for (const { parameters } of Object.values(operations)) {
      expect(parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)).toEqual(names)
    }
  }
})

test('the public address of the installation is told', async () => {
  const response = await testApi({ publicUrl: 'https://steward.example' }).request('/openapi.json', { key: null })
  expect(await response.json()).toMatchObject({ openapi: '3.1.0', servers: [{ url: 'https://steward.example' }] })
})

test('the reference page shows every operation and asks nothing of third parties', async () => {
  const response = await testApi().request('/docs', { key: null })
  const html = await response.text()
  for (const operations of Object.values(document.paths)) {
    for (const { operationId } of Object.values(operations)) expect(html).toContain(`id="${operationId}"`)
  }
  const links = [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map((match) => match[1] ?? '')
  expect(links.filter((link) => !link.startsWith('/') && !link.startsWith('#'))).toEqual([])
  expect(html).not.toMatch(/<script(?! type="module" src="\/docs\/reference.js")|style=|\son\w+=/)
  expect(response.headers.get('content-security-policy')).toContain("script-src 'self'")
})

test('the files of the page have their types', async () => {
  const api = testApi()
  const type = async (path: string) => (await api.request(path, { key: null })).headers.get('content-type')
  expect(await type('/docs/reference.js')).toContain('text/javascript')
  expect(await type('/docs/reference.css')).toContain('text/css')
})
