/** What works on this machine: the doctor, the files of settings and faults, and the service itself, started and stopped as a shell does it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LocalServices } from '../../src/cli/local-services.ts'
import { startFakeApi } from './support/fake-api.ts'
import { steward, stewardHere } from './support/run-cli.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'steward-cli-'))
})
afterEach(() => rm(dir, { recursive: true }))

const well: Partial<LocalServices> = {
  tryEmbeddedDatabase: async () => ({ version: '18.4', encoding: 'UTF8', unknownMigrations: [] }),
  askDatabase: async () => ({ version: '13.2', encoding: 'UTF8', unknownMigrations: [] }),
  askEventStore: () => Promise.reject(new Error('nobody there')),
  checkFaults: async () => ({ directory: 'faults', faults: [{ id: 'a.b', service: 'nginx', title: 't' }], problems: [] }),
}

type Finding = Readonly<{ name: string; status: string; says: string; advice?: string }>

describe('doctor', () => {
  const findings = async (
    env: Record<string, string>,
    local = well,
  ): Promise<{ code: number | null; found: (name: string) => Finding | undefined; all: Finding[] }> => {
    const ran = await stewardHere(['doctor', '--json', '--data-dir', join(dir, 'data')], {
      env: { STEWARD_LISTEN: '127.0.0.1:0', ...env },
      local,
    })
    const { findings } = JSON.parse(ran.stdout) as { findings: Finding[] }
    return { code: ran.code, all: findings, found: (name) => findings.find((each) => each.name === name) }
  }

  test('is content with a fresh machine, leaves nothing behind, and every warning says what to do', async () => {
    const { code, all } = await findings({})
    expect(all.filter(({ status }) => status === 'fail')).toEqual([])
    expect(all.filter(({ status, advice }) => status !== 'ok' && advice === undefined)).toEqual([])
    expect(code).toBe(0)
    await expect(stat(join(dir, 'data'))).rejects.toThrow()
  })

  test('fails for a database that is too old and a store that does not answer', async () => {
    const { code, found } = await findings({
      STEWARD_DATABASE_URL: 'postgresql://x@127.0.0.1/x',
      STEWARD_EVENT_STORE: 'esdb://127.0.0.1:1?tls=false',
    })
    expect(code).toBe(1)
    expect(found('database')).toMatchObject({ status: 'fail', says: 'PostgreSQL 13.2' })
    expect(found('event store')).toMatchObject({ status: 'fail', says: expect.stringContaining('nobody there') })
  })

  test.for([
    { rule: 'wrong-major-version', advice: 'Start the release' },
    { rule: 'start-failed', advice: 'from a backup' },
    { rule: 'data-directory-in-use', advice: 'set STEWARD_URL' },
  ])('fails for data that the embedded database cannot use ($rule), and says what to do', async ({ rule, advice }) => {
    const tryEmbeddedDatabase = () => Promise.reject(Object.assign(new Error('so it is'), { rule }))
    const { code, found } = await findings({}, { ...well, tryEmbeddedDatabase })
    expect(code).toBe(1)
    expect(found('database')).toMatchObject({
      status: 'fail',
      says: expect.stringContaining('so it is'),
      advice: expect.stringContaining(advice),
    })
  })

  test('fails for a schema of a newer Steward', async () => {
    const tryEmbeddedDatabase = async () => ({ version: '18.4', encoding: 'UTF8', unknownMigrations: ['0099-later'] })
    const { code, found } = await findings({}, { ...well, tryEmbeddedDatabase })
    expect(code).toBe(1)
    expect(found('database')).toMatchObject({ status: 'fail', says: expect.stringContaining('0099-later') })
  })

  test('takes a data directory that is in use for well where Steward answers', async () => {
    await using api = await startFakeApi()
    const tryEmbeddedDatabase = () => Promise.reject(Object.assign(new Error('in use'), { rule: 'data-directory-in-use' }))
    const { found } = await findings({ STEWARD_URL: api.url, STEWARD_API_KEY: 'k' }, { ...well, tryEmbeddedDatabase })
    expect(found('database')).toMatchObject({ status: 'ok' })
  })

  test('fails for a configuration that is not valid, and names what is wrong', async () => {
    const { code, found } = await findings({ STEWARD_LISTEN: 'nonsense', STEWARD_POLCY: 'x' })
    expect(code).toBe(1)
    expect(found('config')).toMatchObject({ status: 'fail', says: expect.stringContaining('STEWARD_POLICY') })
  })

  test('warns of secrets that others may read, not of the public half of a key', async () => {
    await mkdir(join(dir, 'data', 'secrets'), { recursive: true, mode: 0o700 })
    await writeFile(join(dir, 'data', 'secrets', 'web.pub'), 'x', { mode: 0o644 })
    expect((await findings({})).found('secrets')).toMatchObject({ status: 'ok' })
    await writeFile(join(dir, 'data', 'secrets', 'web.key'), 'x', { mode: 0o644 })
    expect((await findings({})).found('secrets')).toMatchObject({
      status: 'warn',
      says: expect.stringContaining('web.key'),
      advice: expect.stringContaining('chmod 600'),
    })
  })

  test('warns of a file that stops healing, whether Steward runs or not', async () => {
    const path = join(dir, 'data', 'healing.stop')
    await mkdir(join(dir, 'data'), { mode: 0o700 })
    await writeFile(path, '')
    const expected = { status: 'warn', says: `the file ${path} stops it`, advice: expect.stringContaining('Take it away') }
    expect((await findings({})).found('healing')).toMatchObject(expected)
    await using api = await startFakeApi()
    const { showStatus } = await import('../../src/api/routes/system.ts')
    const { example } = showStatus.answer
    api.on('system.status', () => ({ body: { ...example, healing: { stopped: false, stopFile: { path, since: null } } } }))
    const { all } = await findings({ STEWARD_URL: api.url, STEWARD_API_KEY: 'k' })
    expect(all.filter(({ name }) => name === 'healing')).toMatchObject([expected])
  })

  test('asks a Steward that runs, and fails for a host that is lost', async () => {
    await using api = await startFakeApi()
    const { exampleHost } = await import('../../src/api/schemas/host.ts')
    api.on('hosts.list', () => ({
      body: { items: [{ ...exampleHost, reachable: 'lost', lostBecause: 'refused' }], next_cursor: null, position: '1' },
    }))
    const { code, found } = await findings({ STEWARD_URL: api.url, STEWARD_API_KEY: 'k' })
    expect(found('service')).toMatchObject({ status: 'ok' })
    expect(found(`host ${exampleHost.name}`)).toMatchObject({ status: 'fail', says: expect.stringContaining('refused') })
    expect(code).toBe(1)
  })

  test('fails when something else has the port', async () => {
    await using other = await startFakeApi()
    other.on('system.live', () => ({ body: { hello: 'world' } }))
    const { found } = await findings({ STEWARD_URL: other.url })
    expect(found('service')).toMatchObject({ status: 'fail', says: expect.stringContaining('something else') })
  })
})

test('config init writes a file that config check accepts, and never over another', async () => {
  const file = join(dir, 'steward.yaml')
  expect((await steward(['config', 'init', file])).code).toBe(0)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await steward(['config', 'check', file])).code).toBe(0)
  const again = await steward(['config', 'init', file])
  expect(again.code).toBe(1)
  expect(again.stderr).toContain('--force')
})

test('config check names file, line, field and rule', async () => {
  const file = join(dir, 'steward.yaml')
  await writeFile(file, 'listen: "127.0.0.1:1"\nlog:\n  level: loud\n')
  const ran = await steward(['config', 'check', file])
  expect(ran.code).toBe(1)
  expect(ran.stderr).toContain(`${file}:3: log.level: must be debug, info, warn, error or silent`)
})

test('config print masks secrets unless they are asked for, and says where values come from', async () => {
  const env = { STEWARD_ADMIN_KEY: 'canary-0123456789-0123456789-abcdef' }
  const masked = await steward(['config', 'print', '--sources', '--json'], { env })
  expect(masked.stdout).not.toContain('canary')
  expect(JSON.parse(masked.stdout).adminKey).toEqual({ value: '[secret]', source: 'STEWARD_ADMIN_KEY' })
  expect((await steward(['config', 'print', '--reveal'], { env })).stdout).toContain('canary')
})

test('faults check is content with ours, and names file, line, field and rule of a bad one', async () => {
  expect((await steward(['faults', 'check'])).code).toBe(0)
  await writeFile(join(dir, 'bad.yaml'), 'fault: nginx.x\nservice: apache\n')
  const ran = await steward(['faults', 'check', dir])
  expect(ran.code).toBe(1)
  expect(ran.stdout).toMatch(/bad\.yaml:2: service: /)
})

test('up runs the service, shows its first key once, lets commands find it, and ends with 0 at SIGTERM', async () => {
  const dataDir = join(dir, 'data')
  const child = spawn(process.execPath, ['src/cli/main.ts', 'up', '--data-dir', dataDir, '--listen', '127.0.0.1:0'], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  try {
    const told: string[] = []
    let url: string | undefined
    for await (const line of createInterface({ input: child.stderr })) {
      told.push(line)
      url ??= /listens on (\S+)/.exec(line)?.[1]
      if (line.includes('admin.key')) break
    }
    const key = (await readFile(join(dataDir, 'admin.key'), 'utf8')).trim()
    expect(told.join('\n')).toContain(key)
    const env = { STEWARD_URL: url ?? '' }
    const status = await steward(['status', '--json', '--data-dir', dataDir], { env })
    expect(JSON.parse(status.stdout)).toMatchObject({ healing: { stopped: false }, incidents: { open: 0 } })
    expect((await steward(['healing', 'stop', '--reason', 'test', '--data-dir', dataDir], { env })).stdout).toContain('test')
    // Read at once, by another process: the change is there.
    expect(JSON.parse((await steward(['healing', 'status', '--json', '--data-dir', dataDir], { env })).stdout)).toMatchObject({
      stopped: true,
      reason: 'test',
    })
    const replayed = await steward(['replay', 'healing-switch-global', '--json', '--data-dir', dataDir], { env })
    expect(JSON.parse(replayed.stdout).events.map(({ type }: { type: string }) => type)).toEqual(['HealingStopped'])
    expect((await steward(['host', 'list', '--data-dir', join(dir, 'elsewhere')], { env })).code).toBe(4)
    child.stdout.resume()
    child.kill('SIGTERM')
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
  } finally {
    child.kill('SIGKILL')
  }
}, 60_000)

test('up with a bad setting is not understood: every problem at once, exit code 2, nothing made', async () => {
  const ran = await steward(['up', '--listen', 'x', '--namespace', 'Bad Name', '--data-dir', join(dir, 'data')])
  expect(ran.code).toBe(2)
  expect(ran.stderr).toContain('--listen: listen: must be host:port')
  expect(ran.stderr).toContain('--namespace: namespace: must be')
  await expect(stat(join(dir, 'data'))).rejects.toThrow()
})

test('the demo keeps its things below the data directory that it was told, whatever the environment says', async () => {
  const { makePlace } = await import('../../src/cli/demo/place.ts')
  const place = await makePlace({ asked: undefined, dataDir: 'told', cwd: dir, env: { STEWARD_DATA_DIR: 'other' } })
  expect(place.dir).toBe(join(await realpath(dir), 'told', `demo-${place.runId}`))
})
