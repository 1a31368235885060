/** `steward server`: logs that are followed over outages, many servers at once, and decisions taken back. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { showServerHealth } from '../../src/api/routes/server-health.ts'
import { exampleOperation } from '../../src/api/schemas/operation.ts'
import { exampleServer } from '../../src/api/schemas/server.ts'
import { runCli } from '../../src/cli/run-cli.ts'
import { until } from '../support/until.ts'
import { type FakeAnswer, type FakeApi, startFakeApi } from './support/fake-api.ts'
import { fakeProcess, stewardHere } from './support/run-cli.ts'
import { ID } from './support/verbs.ts'

let api: FakeApi
let env: Record<string, string>
beforeEach(async () => {
  api = await startFakeApi()
  env = { STEWARD_URL: api.url, STEWARD_API_KEY: 'sk_test' }
})
afterEach(() => api[Symbol.asyncDispose]())

const refusal = (status: number, code: string): FakeAnswer => ({ status, body: { error: { code, message: code, details: {} } } })
const log = (cursor: string, lines: readonly (readonly [runId: string, text: string])[]): FakeAnswer => ({
  body: { items: lines.map(([runId, text]) => ({ runId, text })), next_cursor: cursor },
})

describe('server logs --follow', () => {
  test('goes on behind the last line, over an outage and over a new life, and no line comes twice', async () => {
    const answers = [
      log('a:1', [['a', 'one']]),
      log('a:2', [['a', 'two']]),
      refusal(500, 'INTERNAL'),
      refusal(500, 'INTERNAL'),
      log('b:1', [['b', 'three']]),
    ]
    api.on('servers.logs', () => answers.shift() ?? log('b:1', []))
    const { context, stdout, stderr, send } = fakeProcess({ env })
    let [out, notes] = ['', '']
    stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk
    })
    stderr.setEncoding('utf8').on('data', (chunk: string) => {
      notes += chunk
    })
    const ended = runCli(['server', 'logs', ID, '-f', '-n', '1'], context)
    await until(() => out.includes('three'))
    send('SIGINT')
    // Whoever ends it has seen enough.
    expect(await ended).toBe(0)
    expect(out).toBe('one\ntwo\nthree\n')
    expect(notes.match(/going on behind the last line/g)).toHaveLength(1)
    expect(notes).toContain('It was started anew.')
    const asked = api.asked.filter(({ operation }) => operation === 'servers.logs').map(({ query }) => query['cursor'] ?? query['limit'])
    expect(asked.slice(0, 5)).toEqual(['1', 'a:1', 'a:2', 'a:2', 'a:2'])
  })

  test('ends with the reason when the server is not there any more', async () => {
    const answers = [log('a:1', [['a', 'one']])]
    api.on('servers.logs', () => answers.shift() ?? refusal(404, 'NOT_FOUND'))
    const ran = await stewardHere(['server', 'logs', ID, '-f'], { env })
    expect(ran).toMatchObject({ code: 1, stdout: 'one\n' })
    expect(ran.stderr).toContain('There is no server')
  })
})

describe('many servers at once', () => {
  const bulk = { ...exampleOperation, kind: 'servers-stop', subject: '1 server', result: null }
  const progress = { total: 1, completed: 1, succeeded: 1, failed: 0, unknown: 0, current: [] }

  test('are looked at, asked about once, and followed to the end', async () => {
    api.on('operations.show', () => ({ body: { ...bulk, state: 'succeeded', progress, items: [] } }))
    const words = ['server', 'stop', '--state', 'running', '--reason', 'new disk']
    const ran = await stewardHere(words, { env, columns: 100, types: 'y\n' })
    expect(ran.code).toBe(0)
    expect(ran.stderr).toContain('Stop 1 server?')
    expect(api.asked.map(({ operation }) => operation)).toEqual(['servers.bulk-preview', 'servers.bulk', 'operations.show'])
    expect(api.asked[1]?.body).toEqual({ filter: { state: 'running' }, reason: 'new disk' })
    expect(api.misunderstood).toEqual([])
  })

  test('are left alone by a no, and by a filter that fits none', async () => {
    const words = ['server', 'stop', '--all', '--reason', 'new disk']
    expect((await stewardHere(words, { env, columns: 100, types: 'n\n' })).code).toBe(1)
    api.on('servers.bulk-preview', () => ({ body: { items: [], rule: null } }))
    const none = await stewardHere([...words, '--yes'], { env })
    expect(none).toMatchObject({ code: 1 })
    expect(none.stderr).toContain('no server fits')
    expect(api.asked.map(({ operation }) => operation)).not.toContain('servers.bulk')
  })

  test('end with 3 when a part of it failed', async () => {
    api.on('operations.show', () => ({
      body: { ...bulk, state: 'partly', progress: { ...progress, total: 2, completed: 2, failed: 1 }, items: [] },
    }))
    expect((await stewardHere(['server', 'stop', '--all', '--reason', 'x', '--yes'], { env })).code).toBe(3)
  })

  test.for([
    { words: ['server', 'stop'], says: 'which servers?' },
    { words: ['server', 'stop', 'files', '--all'], says: 'not both' },
    { words: ['server', 'stop', '--all'], says: '--reason is needed' },
    { words: ['server', 'stop', '--all', '--reason', 'x'], says: 'nobody can be asked' },
  ])('$words is not understood: $says', async ({ words, says }) => {
    const ran = await stewardHere(words, { env })
    expect(ran.code).toBe(2)
    expect(ran.stderr).toContain(says)
  })
})

describe('server undo', () => {
  test('takes back the last decision, shown before', async () => {
    const ran = await stewardHere(['server', 'undo', ID, '--yes', '--reason', 'wrong one'], { env })
    expect(ran.code).toBe(0)
    expect(ran.stderr).toContain('callTimeoutMs: 30000 -> 60000')
    expect(api.asked.map(({ operation, query }) => [operation, query['preview']])).toEqual([
      ['servers.history', undefined],
      ['commands.undo', 'true'],
      ['commands.undo', undefined],
      ['servers.show', undefined],
    ])
  })

  test('takes back nothing that Steward decided itself', async () => {
    api.on('servers.history', () => ({
      body: {
        items: [
          {
            type: 'ServerDisabled',
            revision: '1',
            position: '1',
            at: '2026-11-21T10:30:00.000Z',
            by: 'steward',
            reason: null,
            commandId: null,
            tool: null,
            changes: [],
          },
        ],
        next_cursor: null,
        position: '1',
      },
    }))
    const ran = await stewardHere(['server', 'undo', ID, '--yes'], { env })
    expect(ran.code).toBe(2)
    expect(ran.stderr).toContain('made by Steward itself')
  })
})

test('what is wrong with a server is shown with what to do: facts, limits, patience, the last end, and what it wrote', async () => {
  api.on('servers.show', () => ({
    body: {
      ...exampleServer,
      ...{ state: 'error', health: 'unhealthy', enabled: false, disabledBecause: 'failures', desired: 'stopped' },
      healthFacts: { live: false, ready: false, capable: false, says: 'it has ended' },
      ...{ failedStarts: 3, crashes: 2, lastExit: { how: 'gone', code: 1, signal: null } },
      failure: { reason: 'exited', says: 'code 1', stderrTail: 'no such directory', at: '2026-11-21T10:30:00.000Z' },
      config: { ...exampleServer.config, limits: { memoryBytes: 1_048_576 * 512 } },
    },
  }))
  const { stdout, code } = await stewardHere(['server', 'show', ID], { env })
  expect(code).toBe(0)
  for (const part of [
    'does not live, does not answer',
    'limits kept by cgroup-v2',
    'memory 512 MiB',
    '3 of 3 failed starts in a row, 2 of 10 crashes',
    'by itself, code 1',
    'no such directory',
    'steward server logs files',
    'steward server enable files',
  ])
    expect(stdout).toContain(part)
})

test('names alone are for shells and scripts', async () => {
  expect((await stewardHere(['server', 'list', '--names'], { env })).stdout).toBe('files\n')
  expect((await stewardHere(['tool', 'list', '--names'], { env })).stdout).toBe('files.read_file\n')
  expect(JSON.parse((await stewardHere(['tool', 'list', '--names', '--json'], { env })).stdout)).toEqual(['files.read_file'])
})

const exampleHealth = showServerHealth.answer.example

const preview = (refused: boolean) => ({
  ...{ preview: true, id: ID, wouldRecord: refused ? [] : [{ type: 'ServerStartRequested', data: {} }], changes: [] },
  refusal: refused ? { code: 'SERVER_DISABLED', message: 'The server is disabled.', facts: {} } : null,
})

describe('what a person is told', () => {
  test('a dry run that would be refused says why, and ends with 1', async () => {
    api.on('servers.start', () => ({ body: preview(true) }))
    const refused = await stewardHere(['server', 'start', ID, '--dry-run'], { env })
    expect(refused.code).toBe(1)
    expect(refused.stdout).toContain('Would be refused: SERVER_DISABLED')
    api.on('servers.start', () => ({ body: preview(false) }))
    expect(await stewardHere(['server', 'start', ID, '--dry-run'], { env })).toMatchObject({
      ...{ code: 0, stdout: 'Would record: ServerStartRequested\n' },
    })
  })

  test('an undo is offered where there is a way back, and not for a restart', async () => {
    expect((await stewardHere(['server', 'stop', ID], { env })).stdout).toContain('Undo: steward command undo')
    expect((await stewardHere(['server', 'restart', ID], { env })).stdout).not.toContain('Undo')
  })

  test('a tool that a server does not have is not told as a missing server', async () => {
    api.on('tools.show', () => refusal(404, 'NOT_FOUND'))
    const { code, stderr } = await stewardHere(['tool', 'show', 'files.nope'], { env })
    expect(code).toBe(1)
    expect(stderr).toContain('files has no tool nope. (TOOL_UNKNOWN)')
    expect(stderr).toContain('steward tool list --server files')
  })

  test('a moment before there was a server is told by the name that was given', async () => {
    api.on('servers.show', () => refusal(404, 'NOT_FOUND'))
    const { code, stderr } = await stewardHere(['server', 'show', 'files', '--at', '3'], { env })
    expect(code).toBe(1)
    expect(stderr).toContain('there was no server files at 3')
  })

  test('health tells what the server takes, and ends with 1 when it is not well', async () => {
    const well = await stewardHere(['server', 'health', 'files'], { env })
    expect(well.code).toBe(0)
    expect(well.stdout).toMatch(/memory +50 MiB\nprocessor +3\.2 % of one, 81\.4 s in all/)
    api.on('servers.health', () => ({ body: { ...exampleHealth, status: 'error', state: 'error', health: 'unhealthy' } }))
    expect((await stewardHere(['server', 'health', 'files'], { env })).code).toBe(1)
  })

  test('an approval shows all that it is of: the program, each argument by itself, and the directory', async () => {
    const args = ['serve', 'a b', 'one\nargument 9: --safe', { secret: 'file:token' }]
    const asking = (more: object) => ({
      ...exampleServer,
      executable: { verdict: 'needs-approval', says: 'not known', argvHash: 'b'.repeat(64), approved: false },
      config: { ...exampleServer.config, transport: { kind: 'stdio', command: '/opt/files/run', args, env: {}, ...more } },
    })
    api.on('servers.show', () => ({ body: asking({ workingDirectory: '/srv/files' }) }))
    const words = ['server', 'approve', ID, '--reason', 'ours', '--yes']
    const { code, stderr } = await stewardHere(words, { env })
    expect(code).toBe(0)
    expect(stderr.split('\n')).toEqual(
      expect.arrayContaining([
        'program: /opt/files/run',
        'argument 1: serve',
        'argument 2: a b',
        'argument 4, a secret: <file:token>',
        'directory: /srv/files',
      ]),
    )
    expect(stderr).toContain('argument 3: one')
    expect(stderr).not.toMatch(/^ *argument 9/m)
    api.on('servers.show', () => ({ body: asking({}) }))
    expect((await stewardHere(words, { env })).stderr).toContain('directory: the home of the account that Steward runs as')
  })

  test('a program that needs no approval is not approved', async () => {
    const { code, stderr } = await stewardHere(['server', 'approve', 'files', '--reason', 'x', '--yes'], { env })
    expect(code).toBe(2)
    expect(stderr).toContain('files needs no approval')
    expect(api.asked.some(({ operation }) => operation === 'servers.approve-executable')).toBe(false)
  })
})
