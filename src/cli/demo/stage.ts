/** Builds everything the demo plays on, and takes it down in reverse order: the host, the watched database, Steward, and their acquaintance. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DemoFleet, openFleet } from './fleet.ts'
import type { Stage } from './part.ts'
import type { Place } from './place.ts'
import { demoPolicy } from './policy.ts'
import type { Screen } from './screen.ts'
import { openShop, shopSettings } from './shop.ts'
import { makeSlowDisk } from './slow-disk.ts'
import { type Accepted, createStewardApi, Refused, type StewardApi } from './steward-api.ts'
import { createStewardProcess } from './steward-process.ts'
import type { DemoTools, PracticeHost } from './tools.ts'
import { watchTarget } from './watch-target.ts'

export type StageOptions = Readonly<{
  screen: Screen
  place: Place
  tools: DemoTools
  steward: readonly [string, ...string[]]
  yes: boolean
  env: NodeJS.ProcessEnv
  signal: AbortSignal
}>

const PRIVATE_KEY = 'practice-host.key'

export async function buildStage(options: StageOptions, stack: AsyncDisposableStack): Promise<Omit<Stage, 'stack'>> {
  const { screen, place, tools, env, signal, yes } = options
  const { hostDir, dataDir, policyPath, logPath } = place
  await mkdir(hostDir, { mode: 0o700 })
  const disk = await makeSlowDisk(hostDir, env['PATH'] ?? '/usr/bin:/bin')
  const host = await tools.startPracticeHost({ dir: hostDir, env: { PATH: disk.path } })
  stack.defer(() => host.close())
  screen.good(`a host: SSH on ${host.address}:${host.port}, commands run by a real shell in ${hostDir}`)

  const postgres = await screen.during('starting PostgreSQL, the service to watch', () =>
    tools.startPracticePostgres({ dir: join(hostDir, 'postgresql'), settings: shopSettings, signal }),
  )
  stack.defer(() => postgres.stop())
  const shop = stack.use(await openShop(postgres))
  screen.good('a service on it: the bundled PostgreSQL, with a configuration and a log of its own')

  await writeFile(policyPath, demoPolicy, { mode: 0o600 })
  await copyFile(host.privateKeyPath, join(dataDir, 'secrets', PRIVATE_KEY))
  const steward = createStewardProcess({
    command: options.steward,
    ...{ dataDir, policyPath, logPath, env, signal },
    namespace: namespaceOf(place),
    cwd: place.dir,
  })
  stack.defer(() => steward.stop())
  await screen.during('starting Steward', () => steward.start())
  screen.good(`Steward ${steward.url}, process ${steward.pid}, ${whereTheLogIs(env)}, namespace ${namespaceOf(place)}`)

  const key = (await readFile(join(dataDir, 'admin.key'), 'utf8')).trim()
  const api = createStewardApi({ url: () => steward.url, key, signal })
  const hostId = await registerHost(api, host)
  screen.good(`the host is registered; its key was compared first: ${host.hostKey.fingerprint}`)
  const target = await screen.during('looking at PostgreSQL while all is well', () =>
    watchTarget(
      api,
      {
        name: 'shop-db',
        hostId,
        service: 'postgresql',
        logPaths: [postgres.logPath],
        configPaths: [postgres.configPath],
        connection: { kind: 'postgresql', at: { socket: postgres.socket }, database: 'postgres', user: postgres.superuser },
        stateDir: join(hostDir, 'state'),
      },
      signal,
    ),
  )
  screen.good(`PostgreSQL is watched, in mode ${target.mode}; ${target.baselineEntries} files of its good state are recorded`)
  let opened: Promise<DemoFleet> | undefined
  const fleet = (): Promise<DemoFleet> => {
    opened ??= openFleet({ screen, api, key, place, signal, url: () => steward.url })
    return opened
  }
  return { screen, api, steward, shop, fleet, target, hostId, hostDir, slowDiskPath: disk.switchPath, yes, signal }
}

export const namespaceOf = ({ runId }: Place): string => `demo-${runId}`

function whereTheLogIs(env: NodeJS.ProcessEnv): string {
  const isSet = (name: string): boolean => (env[name] ?? '') !== ''
  if (isSet('STEWARD_EVENT_STORE') && env['STEWARD_EVENT_STORE'] !== 'database') return 'log in EventStoreDB'
  return isSet('STEWARD_DATABASE_URL') && env['STEWARD_DATABASE_URL'] !== 'embedded'
    ? 'log in your PostgreSQL'
    : 'log in its own PostgreSQL'
}

/** As a person does it: asks without a key, compares the fingerprint that Steward saw with the host's own, and confirms that one. */
async function registerHost(api: StewardApi, host: PracticeHost): Promise<string> {
  const { address, port, username } = host
  const request = { name: 'practice', address, port, username, privateKey: `file:${PRIVATE_KEY}` }
  try {
    await api.post('/api/v1/hosts', request)
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== 'HOST_KEY_UNCONFIRMED') throw error
    const { fingerprint, hostKey } = error.details
    if (fingerprint !== host.hostKey.fingerprint)
      throw new Error(`Steward saw the host key ${String(fingerprint)}, the host has ${host.hostKey.fingerprint}`)
    return (await api.post<Accepted>('/api/v1/hosts', { ...request, hostKey })).id
  }
  throw new Error('Steward registered a host whose key nobody had confirmed')
}
