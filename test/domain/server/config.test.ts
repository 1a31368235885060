import { describe, expect, test } from 'vitest'
import packageJson from '../../../package.json' with { type: 'json' }
import { createHasher } from '../../../src/adapters/hash/sha256.ts'
import { BUILT_IN_PACKAGES, builtInConfig, builtInNames } from '../../../src/domain/server/built-in.ts'
import type { Given, HttpTransport, ServerConfig, StdioTransport } from '../../../src/domain/server/config.ts'
import { serverDefaults } from '../../../src/domain/server/config.ts'
import { violationsOfConfig, violationsOfName } from '../../../src/domain/server/config-rules.ts'
import { argvHash, isApproved, judgeExecutable, violationsOfExecutable } from '../../../src/domain/server/executable.ts'
import { statusWords } from '../../../src/domain/server/status-words.ts'
import { config } from './given.ts'

const stdio = (command: string, args: readonly Given[] = [], env: Readonly<Record<string, Given>> = {}): StdioTransport => ({
  ...{ kind: 'stdio', command, args, env },
})
const http = (url: string, headers: Readonly<Record<string, Given>> = {}): HttpTransport => ({ kind: 'http', url, query: {}, headers })
const rules = (changes: Partial<ServerConfig>) =>
  violationsOfConfig({ ...config, ...changes }).map(({ field, rule }) => `${field}: ${rule}`)

describe('what may run', () => {
  test.each([['npx', ['-y', '@modelcontextprotocol/server-filesystem@2026.8.31', '/srv']]])('%s %j is allowed', (command, args) =>
    expect(judgeExecutable(stdio(command, args))).toStrictEqual({ kind: 'allowed' }),
  )

  test.each([
    ['npx', ['-y', '@modelcontextprotocol/server-filesystem'], 'npx-exact-version'],
    ['npx', ['server@latest'], 'npx-exact-version'],
    ['npx', ['server@^1.0.0'], 'npx-exact-version'],
    ['npx', ['--package', 'x@1.0.0', 'server@1.0.0'], 'npx-option'],
    ['npx', ['-c', 'rm -rf /'], 'npx-option'],
    ['npx', ['https://example.org/x.tgz'], 'npx-exact-version'],
    ['npx', [], 'npx-package'],
    ['npx', [{ secret: 'env:PACKAGE' }], 'npx-package'],
    ['node', ['-e', 'process.exit()'], 'code-in-argument'],
    ['node', ['--eval=1', 'x.js'], 'code-in-argument'],
    ['/usr/bin/python3.12', ['-c', 'import os'], 'code-in-argument'],
    ['python3', ["-Ic'import os'"], 'code-in-argument'],
    ['nodejs', ['-pe', '1'], 'code-in-argument'],
    ['node', ['-C', 'dev', '-e', '1'], 'code-in-argument'],
    ['perl', ['-we', '1'], 'code-in-argument'],
    ['python3', ['-cimport os'], 'code-in-argument'],
    ['perl', ['-lne', 'print'], 'code-in-argument'],
    ['sh', ['-c', 'x'], 'shell'],
    ['/usr/bin/env', ['node', 'x'], 'shell'],
    ['docker', ['run', '--privileged', 'image'], 'container-rights'],
    ['docker', ['run', '-v', '/:/host', 'image'], 'container-rights'],
    ['docker', ['run', '-v/:/host', 'image'], 'container-rights'],
    ['docker', ['run', '-itv', '/:/host', 'image'], 'container-rights'],
    ['docker', ['run', '--volumes-from=other', 'image'], 'container-rights'],
    ['podman', ['run', '--mount=type=bind,src=/,dst=/host', 'image'], 'container-rights'],
  ] as const)('%s %j is forbidden: %s', (command, args, rule) =>
    expect(judgeExecutable(stdio(command, args))).toMatchObject({ kind: 'forbidden', rule }),
  )

  test.each(['LD_PRELOAD', 'NODE_OPTIONS', 'PATH', 'STEWARD_RUN', 'npm_config_registry', 'Npm_Config_Registry', 'HOME', 'BASH_ENV'])(
    '%s may not be set',
    (name) =>
      expect(judgeExecutable(stdio('npx', ['server@1.0.0'], { [name]: 'x' }))).toMatchObject({
        kind: 'forbidden',
        rule: 'dangerous-variable',
      }),
  )

  test.each([
    ['/opt/server/bin/server', []],
    ['node', ['/opt/server/main.js']],
    ['docker', ['run', '-i', '--rm', 'mcp/time@sha256:0123']],
    // Behind the script, an option is the script's own.
    ['node', ['/opt/server/main.js', '-p', '8080', '-e', 'production']],
    ['python3', ['-m', 'server', '-c', 'server.toml']],
    ['/tmp/npx', ['-y', 'server@1.0.0']],
  ])('%s %j needs a person', (command, args) => expect(judgeExecutable(stdio(command, args))).toMatchObject({ kind: 'needs-approval' }))
})

test('npx in a directory needs a person: what is installed there, and its .npmrc, say what runs', () =>
  expect(judgeExecutable({ ...stdio('npx', ['server@1.0.0']), workingDirectory: '/tmp/x' })).toMatchObject({ kind: 'needs-approval' }))

test('an approval is of one program with its arguments in one directory', () => {
  const hash = createHasher()
  const approved = argvHash({ ...stdio('node', ['main.js']), workingDirectory: '/opt/server' }, hash)
  expect(argvHash({ ...stdio('node', ['main.js'], { LEVEL: '1' }), workingDirectory: '/opt/server' }, hash)).toBe(approved)
  for (const other of [
    stdio('node', ['main.js']),
    { ...stdio('node', ['main.js']), workingDirectory: '/tmp/x' },
    { ...stdio('node', ['main.js', '-v']), workingDirectory: '/opt/server' },
    { ...stdio('/tmp/node', ['main.js']), workingDirectory: '/opt/server' },
  ])
    expect(argvHash(other, hash)).not.toBe(approved)
})

test('a configuration is approved when a person has approved what it starts; an address starts nothing', () => {
  const hash = createHasher()
  const transport = stdio('node', ['main.js'])
  const approvedArgv = new Set([argvHash(transport, hash)])
  expect(isApproved({ approvedArgv }, { transport }, hash)).toBe(true)
  expect(isApproved({ approvedArgv }, { transport: stdio('node', ['other.js']) }, hash)).toBe(false)
  expect(isApproved({ approvedArgv }, { transport: http('https://example.org/mcp') }, hash)).toBe(false)
})

test('a value that may come from a file is not repeated', () =>
  expect(JSON.stringify(judgeExecutable(stdio('docker', ['run', '--mount=type=bind,src=/CANARY'])))).not.toContain('CANARY'))

describe('what a registration must be', () => {
  test('a good one breaks no rule', () => {
    expect(violationsOfConfig(config)).toStrictEqual([])
    expect(['a', 'everything', 'a-b_c9'].flatMap(violationsOfName)).toStrictEqual([])
  })

  test.each(['', 'A', '-a', 'a-', 'a b', 'a/b', 'a.b', 'ä', 'x'.repeat(65)])('%j is no name', (name) =>
    expect(violationsOfName(name)).toMatchObject([{ field: 'name', rule: 'server-name' }]),
  )

  test('every broken rule is named with its field, all at once', () =>
    expect(rules({ displayName: '', maxFailures: 11, callTimeoutMs: Number.NaN, limits: { memoryBytes: 1 } })).toStrictEqual([
      ...['displayName: length', 'callTimeoutMs: range', 'maxFailures: range', 'limits.memoryBytes: range'],
    ]))

  test.each([
    [stdio(''), 'transport.command: length'],
    [stdio('bin/server'), 'transport.command: relative-path'],
    [stdio('npx', ['a\0b']), 'transport.args.0: nul'],
    [{ ...stdio('npx'), workingDirectory: 'srv' }, 'transport.workingDirectory: absolute-path'],
    [http('not a url'), 'transport.url: url'],
    [http('wss://example.org/mcp'), 'transport.url: websocket'],
    [http('ftp://example.org'), 'transport.url: scheme'],
    [http('https://user:pass@example.org/mcp'), 'transport.url: credentials'],
    [http('https://example.org/mcp?key=1'), 'transport.url: query'],
    [http('https://example.org/mcp#a'), 'transport.url: fragment'],
    [http('https://example.org/mcp', { Host: 'x' }), 'transport.headers.Host: own-header'],
    [http('https://example.org/mcp', { 'a b': 'x' }), 'transport.headers.a b: name-of-header'],
  ] as const)('%j breaks %s', (transport, rule) => expect(rules({ transport })).toStrictEqual([rule]))
})

test('every word of the documents is derived from intent, state and health', () => {
  expect(statusWords({ enabled: true, state: 'running', health: 'healthy' })).toStrictEqual({
    ...{ management: 'running', toolServer: 'enabled', dashboard: 'ok' },
  })
  expect(statusWords({ enabled: true, state: 'running', health: 'degraded' }).dashboard).toBe('unhealthy')
  expect(statusWords({ enabled: true, state: 'maintenance', health: 'unknown' })).toStrictEqual({
    ...{ management: 'stopped', toolServer: 'disabled', dashboard: 'unknown' },
  })
  expect(statusWords({ enabled: false, state: 'error', health: 'unhealthy' })).toStrictEqual({
    ...{ management: 'error', toolServer: 'disabled', dashboard: 'error' },
  })
})

test('a built-in server keeps the rules of all servers, and its package is the one that is tested here', () => {
  const places = { calculator: { command: '/opt/node', args: ['/opt/steward/calculator.ts'] }, filesDir: '/var/lib/steward/files' }
  for (const name of builtInNames) {
    const builtIn = builtInConfig(name, places, serverDefaults)
    expect([...violationsOfName(name), ...violationsOfConfig(builtIn), ...violationsOfExecutable(builtIn)]).toStrictEqual([])
  }
  const { devDependencies } = packageJson
  const tested = ['@modelcontextprotocol/server-everything', '@modelcontextprotocol/server-filesystem'] as const
  expect(Object.values(BUILT_IN_PACKAGES)).toStrictEqual(tested.map((name) => `${name}@${devDependencies[name]}`))
})
