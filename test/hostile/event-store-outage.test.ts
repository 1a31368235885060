/** The whole service over an EventStoreDB server that is not there, goes away, and comes back. Read models stay in PostgreSQL and go on answering. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { loadConfig } from '../../src/config.ts'
import { StoreUnavailable } from '../../src/domain/ports/event-store.ts'
import { type Service, startService } from '../../src/main.ts'
import { startEventStoreDbDouble } from '../support/eventstoredb-double/double.ts'

const ADMIN_KEY = 'an-admin-key-for-an-outage-0123456789'
const silent = () => new Writable({ write: (_chunk, _encoding, done) => done() })

const readiness = z.object({ status: z.string(), missing: z.array(z.string()) })
const status = z.object({
  status: z.string(),
  head: z.string().nullable(),
  checks: z.array(z.object({ name: z.string(), status: z.string() })),
})
const outcome = z.object({ id: z.string() })
const names = z.object({ items: z.array(z.object({ name: z.string() })) })
const refusal = z.object({ error: z.object({ code: z.string() }) })

test('Steward says that its log is away, answers what it knows, loses nothing and repeats nothing', async () => {
  await using stack = new AsyncDisposableStack()
  const dir = stack.adopt(await mkdtemp(join(tmpdir(), 'outage-')), (path) => rm(path, { recursive: true, force: true }))
  const double = stack.use(await startEventStoreDbDouble())
  const env = {
    STEWARD_DATA_DIR: join(dir, 'data'),
    STEWARD_LISTEN: '127.0.0.1:0',
    STEWARD_EVENT_STORE: double.url,
    STEWARD_ADMIN_KEY: ADMIN_KEY,
  }
  const start = (): Promise<Service> => startService(loadConfig({ env, cwd: dir }), { logStream: silent() })

  await double.kill()
  await expect(start()).rejects.toBeInstanceOf(StoreUnavailable)
  await double.start()
  const service = await start()
  stack.defer(() => service.stop())

  const call = async <Body>(path: string, schema: z.ZodType<Body>, post?: { name: string; key: string }) => {
    const headers: Record<string, string> = { authorization: `Bearer ${ADMIN_KEY}` }
    if (post !== undefined) Object.assign(headers, { 'content-type': 'application/json', 'idempotency-key': post.key })
    const body = post === undefined ? {} : { body: JSON.stringify({ name: post.name, role: 'viewer', owner: 'mira' }) }
    const answer = await fetch(new URL(path, service.url), { method: post === undefined ? 'GET' : 'POST', headers, ...body })
    return { status: answer.status, body: schema.parse(await answer.json()) }
  }
  const create = (name: string, key: string) => ({ name, key })
  expect(await call('/api/v1/keys', outcome, create('before', randomUUID()))).toMatchObject({ status: 201 })

  await double.kill()
  expect(await call('/readyz', readiness)).toMatchObject({ status: 503, body: { missing: expect.arrayContaining(['event-store']) } })
  expect(await call('/api/v1/status', status)).toMatchObject({
    status: 200,
    body: { status: 'unhealthy', head: null, checks: expect.arrayContaining([{ name: 'event-store', status: 'unhealthy' }]) },
  })
  expect(await call('/api/v1/keys', names)).toMatchObject({ status: 200, body: { items: [{ name: 'before' }] } })
  const key = randomUUID()
  const refused = await call('/api/v1/keys', refusal, create('during', key))
  expect([503, 504]).toContain(refused.status)
  expect(['STORE_UNAVAILABLE', 'OUTCOME_UNKNOWN']).toContain(refused.body.error.code)

  await double.start()
  await expect.poll(() => call('/readyz', readiness), { timeout: 20_000 }).toMatchObject({ status: 200 })
  const created = await call('/api/v1/keys', outcome, create('during', key))
  expect(created).toMatchObject({ status: 201 })
  expect(await call('/api/v1/keys', outcome, create('during', key))).toMatchObject({ status: 201, body: { id: created.body.id } })
  expect((await call('/api/v1/keys', names)).body.items.map(({ name }) => name).toSorted()).toEqual(['before', 'during'])

  await double.kill()
  await service.stop()
  await double.start()
})
