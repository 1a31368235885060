import { expect, test } from 'vitest'
import { createHasher } from '../../../src/adapters/hash/sha256.ts'
import { type BundleContent, openBundle, sealBundle } from '../../../src/domain/configuration/bundle.ts'
import { readServers } from '../../../src/domain/configuration/read-servers.ts'
import type { ServerConfig } from '../../../src/domain/server/config.ts'
import { config } from '../server/given.ts'

const hash = createHasher()
const content = (changes: Partial<BundleContent> = {}): BundleContent => ({
  ...{ schema: 'mcp-steward/configuration', schemaVersion: 1 },
  ...{ log: { logId: 'log-1', namespace: 'test', position: '42' }, exportedAt: '2026-11-21T10:00:00.000Z' },
  servers: [{ name: 'files', enabled: true, config }],
  ...changes,
})
const sealed = (changes: Partial<BundleContent> = {}) => JSON.parse(JSON.stringify(sealBundle(content(changes), hash)))
const opened = (value: unknown, acceptForeign = false) => openBundle(value, { hash, logId: 'log-1', acceptForeign })
const problemsOf = (value: unknown, acceptForeign = false) => {
  const result = opened(value, acceptForeign)
  return result.kind === 'bundle' ? [] : result.problems.map(({ path, rule }) => `${path} ${rule}`)
}

test('what was sealed is opened as it was, whatever the order of its members', () => {
  expect(opened(sealed())).toStrictEqual({ kind: 'bundle', foreign: false, bundle: sealBundle(content(), hash) })
  const reversed = Object.fromEntries(Object.entries(sealed()).reverse())
  expect(opened(reversed)).toMatchObject({ kind: 'bundle' })
})

test('any change is found, wherever it is made', () => {
  const walk = (value: unknown, path: readonly string[]): readonly (readonly string[])[] =>
    typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([name, each]) => walk(each, [...path, name])) : [path]
  const places = walk(sealed(), [])
  expect(places.length).toBeGreaterThan(25)
  for (const place of places) {
    const changed = sealed()
    const last = place.at(-1) ?? ''
    const holder = place.slice(0, -1).reduce((value, step) => value[step], changed)
    holder[last] =
      typeof holder[last] === 'number' ? holder[last] + 1 : typeof holder[last] === 'boolean' ? !holder[last] : `${holder[last]}x`
    expect(problemsOf(changed), place.join('.')).not.toStrictEqual([])
  }
})

test.each([
  [null, 'bundle type'],
  [[], 'bundle type'],
  [{ hello: 'world' }, 'schema not-a-bundle'],
  [{ ...sealed(), schemaVersion: 2 }, 'schemaVersion schema-version'],
  [{ ...sealed(), checksum: 'sha256:00' }, 'checksum checksum-missing'],
  [{ ...sealed(), exportedAt: 'later' }, 'checksum checksum-mismatch'],
  [{ ...sealed(), more: 1 }, 'more unknown-member'],
  [sealed({ log: { logId: 'log-2', namespace: 'test', position: '1' } }), 'log.logId foreign-bundle'],
  [sealed({ log: { logId: 'log-1', namespace: 'test', position: '-1' } }), 'log.position position'],
])('%j is refused: %s', (value, problem) => expect(problemsOf(value)).toContain(problem))

const described = (changes: object) => ({ name: 'files', config: { transport: config.transport, ...changes } })
const rules = (value: unknown) => readServers(value, { literals: 'refused' }).problems.map(({ path, rule }) => `${path} ${rule}`)

test('a described server takes the defaults for what it does not say', () => {
  expect(readServers([described({})], { literals: 'refused' })).toStrictEqual({
    problems: [],
    servers: [{ name: 'files', enabled: false, config: { ...config, displayName: 'files' } satisfies ServerConfig }],
  })
})

test.each([
  ['x', 'servers type'],
  [[7], 'servers.0 type'],
  [[{ name: 'files' }], 'servers.0.config type'],
  [[described({}), described({})], 'servers.1.name name-twice'],
  [[{ ...described({}), name: 'No!' }], 'servers.0.name server-name'],
  [[{ ...described({}), enabled: 'yes' }], 'servers.0.enabled type'],
  [[described({ callTimeout: 5 })], 'servers.0.config.callTimeout unknown-member'],
  [[described({ callTimeoutMs: '5' })], 'servers.0.config.callTimeoutMs type'],
  [[described({ callTimeoutMs: 5 })], 'servers.0.config.callTimeoutMs range'],
  [[described({ isolation: 'none' })], 'servers.0.config.isolation choice'],
  [[described({ limits: { cpu: 1 } })], 'servers.0.config.limits.cpu unknown-member'],
  [[described({ toolPolicy: { quarantine: 'x' } })], 'servers.0.config.toolPolicy.quarantine choice'],
  [[described({ transport: { kind: 'sse' } })], 'servers.0.config.transport.kind choice'],
  [[described({ transport: { kind: 'stdio', command: 'sh' } })], 'servers.0.config.transport.command shell'],
  [
    [described({ transport: { kind: 'http', url: 'https://e.com', headers: { A: { secret: 'http:x' } } } })],
    'servers.0.config.transport.headers.A.secret reference',
  ],
  [[described({ transport: { ...config.transport, env: { API_KEY: 'word' } } })], 'servers.0.config.transport.env.API_KEY literal-secret'],
  [
    [described({ transport: { ...config.transport, args: ['-y', 'x@1.2.3', '--token', 'word'] } })],
    'servers.0.config.transport.args.3 literal-secret',
  ],
])('%j is a problem at its path: %s', (value, problem) => expect(rules(value)).toContain(problem))
