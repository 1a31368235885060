/** Steward as an operator runs it, with the configurations of other programs around: what is a secret in them stays one, and an upgrade has a way back. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/embedded-postgres.ts'
import { loadConfig } from '../../src/config.ts'
import { type Service, startService } from '../../src/main.ts'
import { collectLogLines } from '../support/log-lines.ts'
import { connectClient } from '../support/mcp/clients.ts'
import { until } from '../support/until.ts'
import { createApi, ok } from './support/api.ts'
import { ADMIN_KEY, CAREFUL, layOut } from './support/world.ts'

const TINY = fileURLToPath(new URL('../support/mcp/servers/versioned-server.ts', import.meta.url))

let dir: string
let stack: AsyncDisposableStack
beforeEach(() => {
  stack = new AsyncDisposableStack()
  dir = stack.adopt(mkdtempSync(join(tmpdir(), 'e2e-config-')), (path) => rmSync(path, { recursive: true, force: true }))
})
afterEach(() => stack.disposeAsync())

async function open(env: Readonly<Record<string, string>> = {}) {
  const { env: own, secrets } = layOut(dir, CAREFUL)
  const { logStream, lines } = collectLogLines()
  const service: Service = await startService(loadConfig({ env: { ...own, STEWARD_LOG_LEVEL: 'debug', ...env }, cwd: dir }), { logStream })
  stack.defer(() => service.stop())
  const answers: string[] = []
  const api = createApi(() => service.url, ADMIN_KEY)
  const heard = async (answer: ReturnType<typeof api.get>) => {
    const given = await answer
    answers.push(JSON.stringify(given.body))
    return given
  }
  return {
    service,
    secrets,
    lines,
    answers,
    get: (path: string) => heard(api.get(path)),
    post: (path: string, body?: object) => heard(api.post(path, body)),
  }
}

/** Everything that is in any table of the database, as text. */
async function dump(dataDir: string): Promise<string> {
  await using postgres = await startEmbeddedPostgres({ dataDir })
  const client = new pg.Client({ connectionString: postgres.connectionString })
  await client.connect()
  try {
    const tables = await client.query<{ name: string }>(
      `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
       where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
    )
    const parts: string[] = []
    for (const { name } of tables.rows) {
      const rows = await client.query<{ text: string }>(`select row_to_json(t)::text as text from ${name} t`)
      parts.push(name, ...rows.rows.map(({ text }) => text))
    }
    return parts.join('\n')
  } finally {
    await client.end()
  }
}

/** As it is, in hexadecimal as the database shows bytes, and in Base64 as headers have it. */
const shapesOf = (secret: string): readonly string[] => [
  secret,
  Buffer.from(secret).toString('hex'),
  Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -2),
]

const discovered = z.object({
  candidates: z.array(z.object({ id: z.string(), name: z.string(), digest: z.string(), problems: z.array(z.unknown()) })),
})
const applied = z.object({ outcome: z.string(), done: z.number() })

test('secrets of imported files are in no table, no log line, no answer and no backup; only in their files', async () => {
  const canaries = ['argument', 'option', 'environment', 'header', 'query', 'userinfo', 'path'].map(
    (where) => `CANARY4f5e6d7c8a9b-${where}`,
  )
  const [argument, option, environment, header, query, userinfo, path] = canaries
  const found = join(dir, 'found')
  mkdirSync(join(found, '.cursor'), { recursive: true })
  writeFileSync(
    join(found, 'claude_desktop_config.json'),
    JSON.stringify({
      mcpServers: {
        program: {
          command: 'npx',
          args: ['-y', 'tiny@1.0.0', '--token', argument, `--api-key=${option}`],
          env: { GITHUB_TOKEN: environment },
        },
      },
    }),
  )
  writeFileSync(
    join(found, '.cursor', 'mcp.json'),
    JSON.stringify({
      mcpServers: {
        address: { url: `https://mira:${userinfo}@mcp.invalid/s/${path}/mcp?key=${query}`, headers: { 'X-Api-Key': header } },
        refused: { command: 'sh', args: ['-c', `export TOKEN=${argument}`], env: { TOKEN: environment } },
      },
    }),
  )
  const { service, get, post, lines, answers, secrets } = await open({ STEWARD_DISCOVERY_DIRS: found })
  const { candidates } = await ok(get('/api/v1/discovery/scan'), discovered)
  expect(candidates.map(({ name }) => name).sort()).toStrictEqual(['address', 'program', 'refused'])
  const choices = candidates.map(({ id, digest }) => ({ candidateId: id, digest }))
  await post('/api/v1/discovery/import?preview=true', { choices })
  expect(await ok(post('/api/v1/discovery/import', { choices, reason: 'move' }), applied)).toMatchObject({ outcome: 'partial', done: 2 })
  const backup = await post('/api/v1/config/backup')
  await post('/api/v1/config/validate', { bundle: backup.body ?? {} })
  // What is written by hand into a document is refused, and not repeated either.
  const transport = { kind: 'stdio', command: 'npx', args: ['-y', 'tiny@1.0.0'], env: { API_KEY: environment } }
  expect((await post('/api/v1/config/apply', { servers: [{ name: 'literal', config: { transport } }] })).status).toBe(422)
  for (const each of ['/api/v1/servers?limit=100', '/api/v1/events?limit=100', '/api/v1/commands?limit=100', '/metrics'])
    await get(each).catch(() => undefined)
  await service.stop()

  const everything = [await dump(join(dir, 'data')), ...lines, ...answers].join('\n')
  expect(everything).toContain('ServerRegistered')
  expect(canaries.flatMap(shapesOf).filter((shape) => everything.includes(shape))).toStrictEqual([])
  const files = readdirSync(secrets, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const kept = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8')).join('\n')
  expect(canaries.filter((canary) => !kept.includes(canary) && canary !== userinfo)).toStrictEqual([])
})

const trial = z.object({
  works: z.boolean(),
  digest: z.string().nullable(),
  tools: z.object({ added: z.array(z.object({ name: z.string() })), changed: z.array(z.object({ name: z.string() })) }).nullable(),
  refusal: z.object({ stderrTail: z.string() }).nullable(),
})
const started = z.object({ operationId: z.string() })
const operation = z.object({ state: z.string(), items: z.array(z.object({ rule: z.string().nullable() })) })
const server = z.object({ state: z.string(), run: z.object({ serverVersion: z.string().nullable() }).loose().nullable() })

test('an upgrade shows the difference, lets calls under way end, and comes back by itself from a version that does not last', async () => {
  // In place of the npx of the machine: the same command line, and nothing from any registry.
  const bin = join(dir, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\nexec '${process.execPath}' '${TINY}' "$2"\n`)
  chmodSync(join(bin, 'npx'), 0o755)
  const before = process.env['PATH']
  process.env['PATH'] = `${bin}:${before}`
  stack.defer(() => {
    process.env['PATH'] = before
  })
  const { service, get, post } = await open()
  const { id } = await ok(
    post('/api/v1/servers', { name: 'tiny', transport: { kind: 'stdio', command: 'npx', args: ['-y', 'tiny@1.0.0'] } }),
    z.object({ id: z.string() }),
  )
  const version = async () => {
    const { state, run } = await ok(get(`/api/v1/servers/${id}`), server)
    return state === 'running' ? run?.serverVersion : state
  }
  await until(async () => (await version()) === '1.0.0')
  const path = `/api/v1/servers/${id}/upgrade`
  const ended = async (asked: object) => {
    const { operationId } = await ok(post(path, asked), started)
    let last: z.infer<typeof operation> | undefined
    await until(async () => {
      const answer = await get(`/api/v1/operations/${operationId}`)
      last = answer.status === 200 ? operation.parse(answer.body) : undefined
      return last !== undefined && last.state !== 'running'
    }, 60_000)
    return last
  }

  const looked = await ok(post(`${path}?preview=true`, { version: '2.0.0' }), trial)
  expect(looked).toMatchObject({ works: true, tools: { added: [{ name: 'extra' }], changed: [{ name: 'echo' }] } })
  expect(await version()).toBe('1.0.0')

  await using caller = await connectClient({ url: `${service.url}/mcp/tiny`, key: ADMIN_KEY, era: 'session' })
  const slow = caller.client.callTool({ name: 'slow', arguments: {} })
  expect(await ended({ version: '2.0.0', digest: looked.digest, reason: 'newer' })).toMatchObject({ state: 'succeeded' })
  expect(await slow).toMatchObject({ content: [{ text: '1.0.0' }] })
  expect(await version()).toBe('2.0.0')
  expect(await caller.client.callTool({ name: 'slow', arguments: {} })).toMatchObject({ content: [{ text: '2.0.0' }] })
  // What changed by it waits for a person, like any other change; who decided holds for the very next call.
  const echo = () => caller.client.callTool({ name: 'echo', arguments: {} })
  await expect(echo()).rejects.toMatchObject({ data: { rule: 'tool-quarantined' } })
  const tool = `/api/v1/servers/${id}/tools/echo`
  const { pendingHash } = await ok(get(tool), z.object({ pendingHash: z.string() }))
  expect((await post(`${tool}/approve`, { hash: pendingHash, reason: 'louder is fine' })).status).toBe(200)
  expect(await echo()).toMatchObject({ content: [{ text: '2.0.0' }] })
  expect((await post(`${tool}/disable`, { reason: 'too loud' })).status).toBe(200)
  await expect(echo()).rejects.toMatchObject({ data: { rule: 'tool-disabled' } })

  expect(await ok(post(`${path}?preview=true`, { version: '8.0.0' }), trial)).toMatchObject({
    works: false,
    refusal: { stderrTail: expect.stringContaining('this version is broken') },
  })
  expect(await ended({ version: '3.0.0', reason: 'newest' })).toMatchObject({ state: 'failed', items: [{ rule: 'upgrade-returned' }] })
  await until(async () => (await version()) === '2.0.0')
})
