/** `/metrics` while the database answers nobody: the page comes in time, says what it still knows, and leaves out what nobody can know. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { startService } from '../../src/main.ts'
import { collectLogLines } from '../support/log-lines.ts'
import { startTestPostgres } from '../support/postgres.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

const ADMIN_KEY = 'an-admin-key-for-metrics-in-an-outage-0123'
/** A scraper waits ten seconds. */
const SCRAPE_TIMEOUT_MS = 5_000

test('a database that freezes costs the page its state, not itself', async () => {
  await using stack = new AsyncDisposableStack()
  const dir = stack.adopt(await mkdtemp(join(tmpdir(), 'metrics-')), (path) => rm(path, { recursive: true, force: true }))
  const postgres = stack.use(await startTestPostgres())
  const line = await startTcpProxy({ path: postgres.socketPath })
  stack.defer(() => line.close())
  const { logStream, lines } = collectLogLines()
  const env = {
    STEWARD_DATA_DIR: join(dir, 'data'),
    STEWARD_LISTEN: '127.0.0.1:0',
    STEWARD_DATABASE_URL: postgres.connectionStringAt(line.port),
    STEWARD_ADMIN_KEY: ADMIN_KEY,
  }
  const service = await startService(loadConfig({ env, cwd: dir }), { logStream })
  stack.defer(() => service.stop())
  // Whatever happens below, the service is stopped with its database back.
  stack.defer(() => line.thaw())

  const scrape = async (): Promise<ReadonlyMap<string, string>> => {
    const answered = await fetch(new URL('/metrics', service.url), {
      headers: { authorization: `Bearer ${ADMIN_KEY}`, connection: 'close' },
      signal: AbortSignal.timeout(SCRAPE_TIMEOUT_MS),
    })
    expect(answered.status).toBe(200)
    const text = await answered.text()
    return new Map([...text.matchAll(/^([a-z]\S*) (\S+)$/gm)].map(([, name = '', value = '']) => [name, value]))
  }
  const whole = (page: ReadonlyMap<string, string>): boolean =>
    page.get('steward_approvals_pending') === '0' && page.get('steward_process_lag_seconds{process="healing"}') === '0'

  await until(async () => whole(await scrape()))
  await writeFile(join(dir, 'data', 'healing.stop'), '')
  line.freeze()
  // Twice, and two at a time: what hangs is not asked again.
  for (let round = 0; round < 2; round++) {
    for (const page of await Promise.all([scrape(), scrape()])) {
      const gone = [...page.keys()].filter((name) =>
        /^steward_(approvals_pending|incidents_open|targets|timers_pending|\w+_lag_seconds\{p)/.test(name),
      )
      expect(gone).toStrictEqual([])
      expect(page.get('steward_figures_readable{source="state"}')).toBe('0')
      expect(page.get('steward_figures_readable{source="lag"}')).toBe('0')
      expect(page.get('steward_healing_stopped{by="file"}')).toBe('1')
      expect(Number(page.get('process_resident_memory_bytes'))).toBeGreaterThan(0)
    }
  }
  expect(lines.filter((each) => each.includes('figures could not be read') && each.includes('"source":"state"'))).toHaveLength(1)
  line.thaw()
  await until(async () => whole(await scrape()), 60_000)
})
