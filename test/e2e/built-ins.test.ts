/** Servers that come with Steward, as an operator gets them: named in a setting, there at the start, and never to be lost. Beside it, the daily clean-up. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { loadConfig } from '../../src/config.ts'
import { startService } from '../../src/main.ts'
import { collectLogLines } from '../support/log-lines.ts'
import { until } from '../support/until.ts'
import { createApi, ok, refusal } from './support/api.ts'
import { ADMIN_KEY, CAREFUL, layOut } from './support/world.ts'

const serverList = z.object({
  items: z.array(z.object({ id: z.string(), name: z.string(), builtIn: z.boolean(), state: z.string(), enabled: z.boolean() })),
})
const eventList = z.object({ items: z.array(z.object({ data: z.record(z.string(), z.unknown()) })) })

test('the calculator is there at the first start, calculates, cannot be deleted, and stays disabled when it was', async () => {
  await using stack = new AsyncDisposableStack()
  const dir = stack.adopt(mkdtempSync(join(tmpdir(), 'e2e-built-ins-')), (path) => rmSync(path, { recursive: true, force: true }))
  const { env } = layOut(dir, CAREFUL)
  const { logStream } = collectLogLines()
  const config = loadConfig({ env: { ...env, MCP_SERVERS: 'calculator' }, cwd: dir })
  let service = await startService(config, { logStream })
  stack.defer(() => service.stop())
  const api = createApi(() => service.url, ADMIN_KEY)
  const calculator = async () => (await ok(api.get('/api/v1/servers'), serverList)).items.find(({ name }) => name === 'calculator')

  await until(async () => (await calculator())?.state === 'running', 60_000)
  const found = await calculator()
  const path = `/api/v1/servers/${found?.id}`
  expect(found).toMatchObject({ builtIn: true, enabled: true })
  const answer = await api.post(`${path}/tools/calculate/calls`, { arguments: { expression: '6 * 7' } })
  expect(answer).toMatchObject({ status: 200, body: { structuredContent: { value: 42 } } })
  expect(await refusal(api.delete(path, { reason: 'not needed' }))).toMatchObject({ status: 409, code: 'BUILT_IN_SERVER' })

  const cleaned = async () =>
    (await ok(api.get('/api/v1/events?types=EffectSucceeded'), eventList)).items
      .map(({ data }) => data)
      .filter(({ process }) => process === 'housekeeping')
  await until(async () => (await cleaned()).length > 0)
  expect(await cleaned()).toMatchObject([{ result: { kind: 'dropped', rows: { 'tool-calls': 0 } } }])

  await ok(api.post(`${path}/disable`, { reason: 'not needed' }), z.unknown())
  await service.stop()
  service = await startService(config, { logStream })
  // Only an instance that supervises knows that it does not run.
  await until(async () => (await refusal(api.post(`${path}/refresh`))).code === 'SERVER_NOT_RUNNING', 60_000)
  expect(await calculator()).toMatchObject({ enabled: false, state: 'stopped' })
  expect(await cleaned()).toHaveLength(1)
})
