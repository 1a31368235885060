import { expect, test } from 'vitest'
import type { ServerTransport } from '../../../src/domain/server/config.ts'
import { literalSecrets } from '../../../src/domain/server/literal-secrets.ts'

const fieldsOf = (transport: ServerTransport, allowed?: readonly string[]) => literalSecrets(transport, allowed).map(({ field }) => field)
const stdio = (given: Partial<Extract<ServerTransport, { kind: 'stdio' }>>) =>
  ({ kind: 'stdio', command: 'npx', args: [], env: {}, ...given }) as const
const http = (given: Partial<Extract<ServerTransport, { kind: 'http' }>>) =>
  ({ kind: 'http', url: 'https://mcp.example/', query: {}, headers: {}, ...given }) as const

test('a literal under the name of a secret is found, wherever it stands', () => {
  expect(fieldsOf(stdio({ env: { BRAVE_API_KEY: 'x', DB_PASSWORD: 'y', KEY: 'z', KEYBOARD: 'qwerty', MODE: 'fast' } }))).toEqual([
    'transport.env.BRAVE_API_KEY',
    'transport.env.DB_PASSWORD',
    'transport.env.KEY',
  ])
  expect(fieldsOf(http({ headers: { Authorization: 'abc', 'X-Team': 'ops' }, query: { access_token: 'abc' } }))).toEqual([
    'transport.query.access_token',
    'transport.headers.Authorization',
  ])
})

test('a literal with the shape of a secret is found under any name', () => {
  expect(fieldsOf(http({ headers: { 'X-Custom': 'Bearer abcdefgh12345' } }))).toEqual(['transport.headers.X-Custom'])
  expect(fieldsOf(http({ url: 'https://me:hunter2@mcp.example/' }))).toEqual(['transport.url'])
  expect(fieldsOf(http({ url: 'https://mcp.example/?api_key=hunter2' }))).toEqual(['transport.url'])
  expect(fieldsOf(stdio({ args: ['postgres://u:secretword@db/x'] }))).toEqual(['transport.args.0'])
})

test('an argument behind the flag of a secret is one', () => {
  expect(fieldsOf(stdio({ args: ['--token', 'abc', '--api-key=def', '--root', '/srv', '--key', '--verbose'] }))).toEqual([
    'transport.args.1',
    'transport.args.2',
  ])
})

test('references, empty values and what is allowed by its field are none', () => {
  expect(fieldsOf(stdio({ env: { TOKEN: { secret: 'file:t' }, API_KEY: '' }, args: ['--token', { secret: 'env:T' }] }))).toEqual([])
  expect(fieldsOf(stdio({ env: { GITHUB_TOKEN: 'none' } }), ['transport.env.GITHUB_TOKEN'])).toEqual([])
})

test('the finding tells how to make a reference, and never the value', () => {
  const [found] = literalSecrets(stdio({ env: { TOKEN: 'hunter2' } }))
  expect(found?.says).toContain('{"secret": "file:NAME"}')
  expect(found?.says).not.toContain('hunter2')
})
