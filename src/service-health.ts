/** How the service is, in the words of the health routes. What is not known to be well is not called healthy. */
import { freemem, loadavg, totalmem } from 'node:os'
import type { HealthReport, SystemHealth } from './api/application.ts'
import type { Instant } from './domain/instant.ts'
import type { EventStore } from './domain/ports/event-store.ts'
import type { ReadModels } from './projections/read-models.ts'

export type ServiceHealthOptions = Readonly<{
  version: string
  startedAt: Instant
  store: Pick<EventStore, 'head'>
  readModels: Pick<ReadModels, 'status'>
  /** What of the engine does not work at the moment. */
  trouble: () => readonly string[]
}>

/** A store that answers later than this is not ready. */
const STORE_TIMEOUT_MS = 2_000

export function createServiceHealth({ version, startedAt, store, readModels, trouble }: ServiceHealthOptions): SystemHealth {
  const storeAnswers = async (): Promise<boolean> => {
    const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), STORE_TIMEOUT_MS).unref())
    const asked = store.head().then(
      () => true,
      () => false,
    )
    return Promise.race([asked, late])
  }
  return {
    async readiness() {
      const missing = [
        ...((await storeAnswers()) ? [] : ['event-store']),
        ...(trouble().length === 0 ? [] : ['engine']),
        ...readModels.status().flatMap(({ name, state }) => (state === 'parked' ? [`projection ${name}`] : [])),
      ]
      return { ready: missing.length === 0, missing }
    },
    async report() {
      const answers = await storeAnswers()
      const broken = trouble()
      const behind = readModels.status().filter(({ state, caughtUp }) => state === 'parked' || !caughtUp)
      const parked = behind.filter(({ state }) => state === 'parked')
      const checks: HealthReport['checks'] = [
        { name: 'event-store', status: answers ? 'healthy' : 'unhealthy', says: answers ? 'answers' : 'does not answer' },
        { name: 'engine', status: broken.length === 0 ? 'healthy' : 'unhealthy', says: broken.length === 0 ? 'works' : broken.join('; ') },
        {
          name: 'read-models',
          status: parked.length > 0 ? 'unhealthy' : behind.length > 0 ? 'degraded' : 'healthy',
          says: behind.length === 0 ? 'caught up' : `not caught up: ${behind.map(({ name }) => name).join(', ')}`,
        },
      ]
      const worst = checks.some(({ status }) => status === 'unhealthy')
        ? 'unhealthy'
        : checks.some(({ status }) => status === 'degraded')
          ? 'degraded'
          : 'healthy'
      const total = totalmem()
      const used = total - freemem()
      return {
        status: worst,
        version,
        startedAt,
        checks,
        agents: [{ name: 'engine', status: broken.length === 0 ? 'running' : 'stopped', lastAnalysis: null }],
        resources: {
          cpuPercent: Math.min(100, Math.round(((loadavg()[0] ?? 0) / Math.max(1, navigator.hardwareConcurrency)) * 100)),
          memoryPercent: Math.round((used / total) * 100),
          memoryUsedBytes: used,
          memoryTotalBytes: total,
        },
      }
    },
  }
}
