// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how fault files refer to things.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { catalogue, findAction } from '../../../src/domain/catalogue/catalogue.ts'
import { ParamsRefused } from '../../../src/domain/catalogue/common/params.ts'
import type { TargetInventory } from '../../../src/domain/catalogue/inventory.ts'
import { absolutePath, hostAndPort, targetPaths } from '../../../src/domain/catalogue/inventory.ts'
import { ReferenceMalformed } from '../../../src/domain/catalogue/reference.ts'
import { type RemedyContext, resolveRemedy } from '../../../src/domain/catalogue/remedies.ts'
import { denyAll } from '../../../src/domain/policy.ts'
import type { Json } from '../../../src/domain/ports/json.ts'
import type { BaselineEntry } from '../../../src/domain/target/events.ts'

const target: TargetInventory = {
  targetId: 't1',
  name: 'web',
  hostId: 'h1',
  service: 'nginx',
  logPaths: ['/var/log/nginx/error.log'],
  configPaths: ['/etc/nginx/nginx.conf'],
  stateDir: '/var/lib/steward',
  connection: {
    kind: 'nginx',
    roots: ['/srv/www'],
    backends: [{ address: '127.0.0.1:9000', control: { kind: 'systemd', unit: 'app.service' } }],
  },
}

const directory = (path: string): BaselineEntry => ({ path, kind: 'directory', mode: '0755', uid: 0, gid: 0 })
const file = (path: string): BaselineEntry => ({ path, kind: 'file', mode: '0644', uid: 0, gid: 0 })
const entries: readonly BaselineEntry[] = [
  { ...file('/etc/nginx/nginx.conf'), sha256: 'a'.repeat(64) },
  directory('/srv/www'),
  directory('/srv/www/docs'),
  file('/srv/www/docs/page.html'),
  { ...file('/srv/www/link'), kind: 'symlink', linkTarget: '/etc' },
  file('/srv/www/link/passwd'),
  file('/srv/www/gap/page.html'),
  directory('/srv'),
]
const context: RemedyContext = {
  target,
  policy: { ...denyAll, ceilings: { 'nginx.descriptors': 8_192 } },
  baseline: new Map(entries.map((entry) => [entry.path, entry])),
  hints: { path: '/srv/www/docs/page.html', upstream: '127.0.0.1:9000' },
}

const resolve = (value: Json, more: Partial<RemedyContext> = {}) =>
  resolveRemedy({ action: 'x.y', params: { it: value } }, { ...context, ...more })

describe('a parameter', () => {
  test.each<[Json, Json]>([
    ['literal', 'literal'],
    [4_096, 4_096],
    [
      ['idle', '${target.name}'],
      ['idle', 'web'],
    ],
    [{ deep: '${target.configPaths[0]}' }, { deep: '/etc/nginx/nginx.conf' }],
    ['${policy.ceilings[nginx.descriptors]}', 8_192],
    ['${hint.upstream}', '127.0.0.1:9000'],
    ['${target.backend(hint.upstream)}', { address: '127.0.0.1:9000', control: { kind: 'systemd', unit: 'app.service' } }],
    ['${baseline.contents}', [{ path: '/etc/nginx/nginx.conf', sha256: 'a'.repeat(64), mode: '0644', uid: 0, gid: 0 }]],
    ['${baseline.at(hint.path)}', { path: '/srv/www/docs/page.html', mode: '0644', uid: 0, gid: 0 }],
  ])('%j', (value, expected) => {
    expect(resolve(value)).toEqual({ kind: 'resolved', params: { it: expected } })
  })

  test('the way leads from the served root down, and not from above it', () => {
    const way = resolve('${baseline.way(hint.path)}')
    expect(way.kind === 'resolved' && way.params['it']).toMatchObject([
      { path: '/srv/www' },
      { path: '/srv/www/docs' },
      { path: '/srv/www/docs/page.html', mode: '0644' },
    ])
  })

  test.each([
    ['through a link', '/srv/www/link/passwd'],
    ['to a link', '/srv/www/link'],
    ['over a gap', '/srv/www/gap/page.html'],
    ['outside of every root', '/etc/nginx/nginx.conf'],
    ['to the root itself', '/srv/www'],
    ['that climbs', '/srv/www/docs/../docs/page.html'],
    ['that nobody recorded', '/srv/www/docs/other.html'],
    ['that is relative', 'srv/www/docs/page.html'],
  ])('a way %s is missing, not made up', (_what, path) => {
    const reference = '${baseline.way(hint.path)}'
    expect(resolve(reference, { hints: { path } })).toEqual({ kind: 'missing', parameter: 'it', reference })
  })

  test('what is missing is named; with a question mark it is left out', () => {
    expect(resolve('${policy.sessions.users}')).toEqual({ kind: 'missing', parameter: 'it', reference: '${policy.sessions.users}' })
    expect(resolve('${policy.sessions.users?}')).toEqual({ kind: 'resolved', params: {} })
    expect(resolve('${baseline.limits[redis.maxmemory]?}', { limits: { 'redis.maxmemory': 7 } })).toEqual({
      kind: 'resolved',
      params: { it: 7 },
    })
  })

  test('inherited properties lead nowhere', () => {
    for (const name of ['constructor', '__proto__', 'toString']) {
      for (const root of ['target', 'hint', 'policy.ceilings']) expect(resolve(`\${${root}.${name}}`).kind).toBe('missing')
    }
  })

  test.each(['/etc/${hint.path}', '${hint.path}/x', '${env.HOME}', '${target.}', '${}', '${hint.a}${hint.b}', '${target.name'])(
    'words around a reference, or one that cannot be read: %s',
    (text) => {
      expect(() => resolve(text)).toThrow(ReferenceMalformed)
    },
  )
})

describe('parameters of actions', () => {
  const kept = [{ path: '/etc/nginx/nginx.conf', sha256: 'a'.repeat(64), mode: '0644', uid: 0, gid: 0 }]
  const root = { path: '/srv/www', mode: '0755', uid: 0, gid: 0 }

  test.each<[string, unknown, string, string]>([
    ['nginx.restore-config', { configPath: '-c', stateDir: '/x', files: kept }, 'configPath', 'must be absolute'],
    [
      'nginx.restore-config',
      { configPath: '/etc/../x', stateDir: '/x', files: kept },
      'configPath',
      'must be canonical: no "..", ".", "//" or trailing "/"',
    ],
    ['nginx.restore-config', { configPath: '/a\nb', stateDir: '/x', files: kept }, 'configPath', 'must not hold control characters'],
    ['nginx.restore-config', { configPath: '/a', stateDir: '/x', files: kept, command: 'rm' }, 'params', 'Unrecognized key: "command"'],
    ['nginx.restore-permission', { way: [root, { ...root, path: '/etc/shadow' }] }, 'way', 'must lead down step by step'],
    [
      'nginx.restore-permission',
      { way: [root, { ...root, path: '/srv/www/.git' }] },
      'way',
      'must not name a dotfile, a key or another secret',
    ],
    ['nginx.raise-descriptor-limit', { configPath: '/a', limit: '4096; }' }, 'limit', 'Invalid input: expected number, received string'],
    [
      'nginx.restart-backend',
      { backend: { address: '127.0.0.1:9000', control: { kind: 'systemd', unit: '--now' } } },
      'backend.control.unit',
      'must be the name of a unit',
    ],
    [
      'postgresql.terminate-sessions',
      { users: ['app'], states: ['asleep'], minIdleMs: 0, max: 1 },
      'states.0',
      'Invalid option: expected one of "idle"|"idle in transaction"|"idle in transaction (aborted)"|"active"',
    ],
    [
      'postgresql.terminate-sessions',
      { users: ['app'], states: ['idle'], minIdleMs: 0, max: 1_000 },
      'max',
      'Too big: expected number to be <=100',
    ],
    ['redis.raise-maxmemory', { ceilingBytes: -1 }, 'ceilingBytes', 'Too small: expected number to be >=0'],
  ])('%s refuses %j', (id, input, field, rule) => {
    let refusal: unknown
    try {
      findAction(id)?.bind(input)
    } catch (error) {
      refusal = error
    }
    if (!(refusal instanceof ParamsRefused)) throw new Error(`not refused: ${String(refusal)}`)
    expect(refusal).toMatchObject({ action: id, field, rule })
  })

  test('nothing but its own refusal ever comes out of a bind', () => {
    fc.assert(
      fc.property(fc.constantFrom(...catalogue), fc.anything(), (action, input) => {
        try {
          action.bind(input)
        } catch (error) {
          expect(error).toBeInstanceOf(ParamsRefused)
        }
      }),
    )
  })

  test('whatever a host answers, judging it never throws', () => {
    const bound = [
      findAction('nginx.restore-config')?.bind({ configPath: '/a', stateDir: '/x', files: kept }),
      findAction('nginx.restore-permission')?.bind({ way: [root, { ...root, path: '/srv/www/a' }] }),
      findAction('nginx.raise-descriptor-limit')?.bind({ configPath: '/a', limit: 4_096 }),
      findAction('nginx.restart-backend')?.bind({ backend: { address: '[::1]:80', control: { kind: 'sysv', name: 'app' } } }),
      findAction('postgresql.terminate-sessions')?.bind({ users: [], states: ['idle'], minIdleMs: 0, max: 1 }),
      findAction('postgresql.end-blocker')?.bind({ users: [], states: ['idle'], minIdleMs: 0, max: 1, minWaitMs: 100 }),
      findAction('postgresql.restore-config')?.bind({ stateDir: '/x', files: kept }),
      findAction('redis.raise-maxmemory')?.bind({}),
      findAction('redis.restore-directory-mode')?.bind({ directory: root }),
      findAction('server.restart')?.bind({ serverId: 's-1' }),
      findAction('server.disable')?.bind({ serverId: 's-1' }),
      findAction('server.restore-configuration')?.bind({ serverId: 's-1' }),
      findAction('server.raise-memory-limit')?.bind({ serverId: 's-1', ceilingBytes: 1_000 }),
    ].flatMap((each) => each ?? [])
    expect(bound).toHaveLength(catalogue.length)
    const text = fc.record({
      kind: fc.constant('text' as const),
      exitCode: fc.constantFrom(0, 1, 3, 124),
      stdout: fc.string(),
      stderr: fc.string(),
    })
    const rows = fc.record({
      kind: fc.constant('rows' as const),
      rows: fc.array(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean()))),
    })
    const value = fc.record({ kind: fc.constant('value' as const), value: fc.oneof(fc.string(), fc.constant(null), fc.array(fc.string())) })
    fc.assert(
      fc.property(fc.constantFrom(...bound), fc.oneof(text, rows, value), (action, output) => {
        expect(['unknown', 'does-not-hold']).toContain(action.precondition.judge(output).kind)
        expect(action.given(output) === undefined).toBe(action.precondition.judge(output).kind === 'unknown')
      }),
    )
  })
})

describe('an inventory', () => {
  test.each(['/', '/a', '/a b/c', '/ü/x'])('%s is a path', (path) => expect(absolutePath.safeParse(path).success).toBe(true))
  test.each(['', 'a', '/a/', '//a', '/a/../b', '/./a', '/a\0', '/a\u007f'])('%j is none', (path) =>
    expect(absolutePath.safeParse(path).success).toBe(false),
  )
  test.each(['127.0.0.1:80', 'app.internal:8069', '[::1]:65535'])('%s is an address', (text) =>
    expect(hostAndPort.safeParse(text).success).toBe(true),
  )
  test.each(['-x:80', 'a:0', 'a:65536', 'a', ':80', '::1:80', 'a b:80'])('%j is none', (text) =>
    expect(hostAndPort.safeParse(text).success).toBe(false),
  )

  test('a secret itself is refused where a reference belongs', () => {
    const connection = { kind: 'redis', at: { host: '127.0.0.1', port: 6379 }, password: 'hunter2' }
    const result = targetPaths.safeParse({ logPaths: [], configPaths: [], stateDir: '/x', connection })
    expect(result.error?.issues).toMatchObject([
      { path: ['connection', 'password'], message: expect.stringContaining('a secret itself is never stored') },
    ])
  })
})
