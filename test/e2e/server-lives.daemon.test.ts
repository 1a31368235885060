/** Managed servers through the ends of Steward itself: asked to stop, and killed. What should run runs again, once, and nothing is left over. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { isRunning } from '../support/is-running.ts'
import { until } from '../support/until.ts'
import { createApi } from './support/api.ts'
import { addServer, running, show } from './support/managed-servers.ts'
import { type StewardProcess, startSteward } from './support/steward-process.ts'

const KEY = 'a-key-of-the-tests-of-managed-servers-0123456789'

async function open() {
  const dir = await mkdtemp(join(tmpdir(), 'server-lives-'))
  let steward: StewardProcess | undefined
  onTestFinished(async () => {
    await steward?.terminate()
    await rm(dir, { recursive: true, force: true })
  })
  const start = async (): Promise<StewardProcess> => {
    steward = await startSteward({ STEWARD_LISTEN: '127.0.0.1:0', STEWARD_DATA_DIR: join(dir, 'data'), STEWARD_ADMIN_KEY: KEY }, dir)
    return steward
  }
  return { start, api: createApi(() => steward?.url ?? '', KEY) }
}

test('SIGTERM ends servers that do not listen within ten seconds, and the next start has them running again, each once', async () => {
  const { start, api } = await open()
  const steward = await start()
  const patient = { stopGraceMs: 120_000 }
  const wanted = await Promise.all(['one', 'two', 'three'].map((name) => addServer(api, name, 'ignores-sigterm', patient)))
  const stopped = await addServer(api, 'four', 'polite', { autoStart: false })
  const before = await Promise.all(wanted.map((id) => running(api, id)))

  expect(await steward.terminate()).toMatchObject({ code: 0 })
  for (const { pid } of before) expect(isRunning(pid)).toBe(false)

  await start()
  const after = await Promise.all(wanted.map((id, index) => running(api, id, { not: before[index]?.runId })))
  expect(new Set(after.map(({ pid }) => pid)).size).toBe(3)
  expect((await show(api, stopped)).state).toBe('stopped')
})

test('after a SIGKILL of Steward its servers are gone, and the next start has new ones', async () => {
  const { start, api } = await open()
  const steward = await start()
  const id = await addServer(api, 'one', 'ignores-sigterm')
  const before = await running(api, id)
  await steward.kill()
  await until(() => !isRunning(before.pid), 2_000)
  await start()
  const after = await running(api, id, { not: before.runId })
  expect(isRunning(after.pid)).toBe(true)
})

test('a server that somebody kills is seen and runs again, without being asked for', async () => {
  const { start, api } = await open()
  await start()
  const id = await addServer(api, 'one', 'polite')
  const before = await running(api, id)
  process.kill(before.pid, 'SIGKILL')
  const after = await running(api, id, { not: before.runId })
  expect(after.pid).not.toBe(before.pid)
})
