import { expect, test } from 'vitest'
import { looksSecret } from '../../../src/domain/discovery/looks-secret.ts'

test.each([
  ['anything at all', 'API_KEY'],
  ['word', 'DB_PASSWORD'],
  ['word', 'SORT_KEY'],
  ['ghp_abcdefghijklmnopqrst', undefined],
  ['x7Kd92mQpL0v', undefined],
  ['3f2504e0-4f89-11d3-9a0c-0305e82c3301', undefined],
  ['aBcDeFgHiJkLmN', undefined],
  ['postgres://mira:hunter@db/app', undefined],
  ['https://word@example.com', undefined],
  ['host=db password=word', undefined],
  ['https://example.com/mcp?key=word', undefined],
  ['Bearer abcdefgh', 'X-Whatever'],
])('%s under the name %s is a secret', (value, name) => expect(looksSecret(value, name)).toBe(true))

test.each([
  ['true', 'USE_AUTH'],
  ['production', 'NODE_ENV'],
  ['/home/mira/projects/site-2', undefined],
  ['@modelcontextprotocol/server-github@2025.4.8', undefined],
  ['https://mcp.example.com/v1/mcp', undefined],
  ['postgres://mira@db:5432/app', undefined],
  ['127.0.0.1:8080', 'LISTEN'],
  ['--read-only', undefined],
  ['en_US.UTF8', 'LANG'],
  ['', 'API_KEY'],
])('%s under the name %s is none', (value, name) => expect(looksSecret(value, name)).toBe(false))
