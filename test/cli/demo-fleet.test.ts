/** The parts of the demo that show the fleet, against the whole service: three servers from npm, called, killed, misconfigured, switched off, counted. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DemoFleet, openFleet } from '../../src/cli/demo/fleet.ts'
import type { FleetPart } from '../../src/cli/demo/part.ts'
import { brokenServerConfig } from '../../src/cli/demo/parts/broken-server-config.ts'
import { disabledTool } from '../../src/cli/demo/parts/disabled-tool.ts'
import { killedServer } from '../../src/cli/demo/parts/killed-server.ts'
import { npmServers } from '../../src/cli/demo/parts/npm-servers.ts'
import { toolUsage } from '../../src/cli/demo/parts/tool-usage.ts'
import { createScreen } from '../../src/cli/demo/screen.ts'
import { createStewardApi } from '../../src/cli/demo/steward-api.ts'
import { loadConfig } from '../../src/config.ts'
import { startService } from '../../src/main.ts'
import { collectLogLines } from '../support/log-lines.ts'
import { startTestPostgres } from '../support/postgres.ts'

const KEY = 'an-admin-key-for-the-fleet-of-the-demo-0123456789'

const stack = new AsyncDisposableStack()
let play: (part: FleetPart) => ReturnType<FleetPart['run']>
let said = ''
const hear = (text: string | Uint8Array): boolean => {
  said += String(text)
  return true
}

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'demo-fleet-'))
  stack.defer(() => rm(dir, { recursive: true, force: true }))
  const postgres = stack.use(await startTestPostgres())
  const env = {
    STEWARD_DATA_DIR: join(dir, 'data'),
    STEWARD_DATABASE_URL: postgres.connectionString,
    STEWARD_LISTEN: '127.0.0.1:0',
    STEWARD_ADMIN_KEY: KEY,
  }
  const service = await startService(loadConfig({ env, cwd: dir }), { logStream: collectLogLines().logStream })
  stack.defer(() => service.stop())
  const { signal } = new AbortController()
  const screen = createScreen({ stream: { write: hear }, env: {}, askPerson: async () => '' })
  const api = createStewardApi({ url: () => service.url, key: KEY, signal })
  let opened: Promise<DemoFleet> | undefined
  const fleet = () => {
    opened ??= openFleet({ screen, api, key: KEY, signal, url: () => service.url, place: { dir } })
    return opened
  }
  play = (part) => part.run({ screen, api, signal, fleet })
}, 60_000)
afterAll(() => stack.disposeAsync(), 60_000)

test.for([
  { part: npmServers, says: 'tools called' },
  { part: killedServer, says: 'restarted' },
  { part: brokenServerConfig, says: 'undone' },
  { part: disabledTool, says: 'refused' },
  { part: toolUsage, says: 'all counted' },
])('$part.title', { timeout: 120_000 }, async ({ part, says }) => {
  const outcome = await play(part).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${said}`)
  })
  expect(outcome, said).toMatchObject({ says, problems: [] })
})
