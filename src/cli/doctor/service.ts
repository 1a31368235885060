/** What the doctor sees of the service and of what it stands on: databases, event store, the port, and - through the API - hosts. */
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Config } from '../../config.ts'
import { ApiRefusal } from '../client/api-refusal.ts'
import { fetchList } from '../client/lists.ts'
import { kinds } from '../client/references.ts'
import type { Host, Status } from '../client/shapes.ts'
import { CliError, exitCode } from '../exit-code.ts'
import type { LocalServices } from '../local-services.ts'
import type { Session } from '../session.ts'
import { readable } from '../views/readable.ts'
import { type Finding, fail, ok, reasonOf, rootOf, warn } from './check.ts'

const STORE_PATIENCE_MS = 8_000

export async function checkEventStore(
  { eventStore, namespace, allowInsecureEventStore: allowInsecure }: Config,
  local: LocalServices,
): Promise<Finding> {
  if (eventStore.kind === 'database') return ok('event store', 'in the database')
  try {
    const { head } = await local.askEventStore(
      { url: eventStore.url.reveal(), namespace, allowInsecure },
      AbortSignal.timeout(STORE_PATIENCE_MS),
    )
    return ok('event store', `EventStoreDB answers; ${head === undefined ? 'its log is empty' : `its log ends at ${head}`}`)
  } catch (error) {
    return fail('event store', `EventStoreDB does not answer: ${reasonOf(rootOf(error))}`, 'Check STEWARD_EVENT_STORE: address, TLS, user.')
  }
}

export async function checkFaultFiles(local: LocalServices): Promise<Finding> {
  const { directory, faults, problems } = await local.checkFaults()
  return problems.length === 0
    ? ok('faults', `${faults.length} in ${directory}`)
    : fail('faults', `${problems.length} problems in ${directory}`, '`steward faults check` lists them.')
}

export type Answering = Readonly<{ finding: Finding; isSteward: boolean }>

/** Either Steward answers there already, or it could listen there. */
export async function checkListener(url: string, { listen }: Config): Promise<Answering> {
  try {
    const response = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(3_000), redirect: 'error' })
    const body: unknown = await response.json().catch(() => undefined)
    if (typeof body === 'object' && body !== null && 'status' in body && body.status === 'alive') {
      return { finding: ok('service', `Steward answers at ${url}`), isSteward: true }
    }
    return {
      finding: fail(
        'service',
        `something else answers at ${url}`,
        'Stop it, or choose another address with --listen; then set STEWARD_URL.',
      ),
      isSteward: false,
    }
  } catch {
    return { finding: await checkPort(listen), isSteward: false }
  }
}

async function checkPort({ host, port }: Config['listen']): Promise<Finding> {
  const server = createServer().listen(port, host)
  try {
    await once(server, 'listening')
    return ok('service', `not running; ${host}:${port} is free for it`)
  } catch (error) {
    return fail(
      'service',
      `not running, and ${host}:${port} cannot be taken: ${reasonOf(error)}`,
      'Stop what listens there, or choose another address with --listen.',
    )
  } finally {
    server.close()
  }
}

/** What only a running Steward knows. */
export async function checkRunning(session: Session): Promise<Finding[]> {
  try {
    const client = await session.api()
    const status = await client.get<Status>('/api/v1/status')
    const { items } = await fetchList<Host>(client, kinds.host.path, {}, { all: true })
    return [...status.checks.map(checkOf), ...healingOf(status), ...hostsOf(items)]
  } catch (error) {
    if (error instanceof ApiRefusal || error instanceof CliError) {
      const noKey = error.exitCode === exitCode.auth
      return [
        warn(
          'api',
          `it could not be asked: ${error.message}`,
          noKey ? 'Set STEWARD_API_KEY or STEWARD_API_KEY_FILE.' : (error.advice ?? 'Look at its log.'),
        ),
      ]
    }
    throw error
  }
}

function checkOf({ name, status, says }: Status['checks'][number]): Finding {
  if (status === 'healthy') return ok(name, says)
  return status === 'degraded' ? warn(name, says, 'Look at the log of the service.') : fail(name, says, 'Look at the log of the service.')
}

function healingOf({ healing: { stopped, stopFile } }: Status): Finding[] {
  const advice = '`steward healing status` says by whom and why; `steward healing resume` lets it go on.'
  return [...(stopped ? [warn('healing', 'it is stopped', advice)] : []), ...(stopFile === null ? [] : [stoppedByFile(stopFile.path)])]
}

const stoppedByFile = (path: string): Finding =>
  warn('healing', `the file ${path} stops it`, 'Take it away when healing may go on; the switch alone does not help.')

/** Asked of the disk, when no Steward answers that could say so. */
export async function checkStopFile({ dataDir }: Pick<Config, 'dataDir'>): Promise<Finding[]> {
  const path = join(dataDir, 'healing.stop')
  const found = await stat(path).catch(() => undefined)
  return found === undefined ? [] : [stoppedByFile(path)]
}

function hostsOf(hosts: readonly Host[]): Finding[] {
  if (hosts.length === 0) return [warn('hosts', 'none is registered', '`steward host add --help` tells how to add one.')]
  return hosts.map(({ id, name, address, port, reachable, lostBecause }) => {
    const where = `${address}:${port}`
    if (reachable === 'reachable') return ok(`host ${name}`, `${where} is reached`)
    const advice = `steward host test ${name}`
    return reachable === 'lost'
      ? fail(`host ${name}`, `${where} is lost: ${readable(lostBecause ?? 'unknown', (each) => (each === id ? name : each))}`, advice)
      : warn(`host ${name}`, `${where} was not tried yet`, advice)
  })
}
