/**
 * A world to break and heal: a real sshd, a service started as production starts it, a key for its administrator and one for a second person.
 * Everything goes through the HTTP API. One world per test file; each test registers a target of its own. It leaves nothing behind.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { loadConfig } from '../../../src/config.ts'
import { startService } from '../../../src/main.ts'
import { collectLogLines } from '../../support/log-lines.ts'
import { type Sshd, startSshd } from '../../support/sshd.ts'
import {
  type Api,
  createApi,
  type Event,
  event,
  type Incident,
  incident,
  incidentSummary,
  ok,
  outcome,
  page,
  type Target,
  target,
} from './api.ts'

export const ADMIN_KEY = 'an-admin-key-for-end-to-end-tests-0123456789'

/** Short window, no hourly budget; nothing runs alone unless a test says so. */
export const CAREFUL = 'window: 1s\nactionsPerHostPerHour: 1000\n'

export type WorldOptions = Readonly<{ policy?: string; env?: Readonly<Record<string, string>> }>

export type Registration = Readonly<{
  name: string
  service: 'nginx' | 'postgresql' | 'redis'
  logPaths: readonly string[]
  configPaths?: readonly string[]
  connection?: object
  mode?: 'observe' | 'propose' | 'act'
}>

export type Registered = Readonly<{ id: string; stateDir: string }>

export interface World extends AsyncDisposable {
  readonly dir: string
  readonly sshd: Sshd
  readonly hostId: string
  readonly admin: Api
  /** A second person, who may approve. */
  readonly bob: Api
  /** Registers, and waits until its logs are followed and its baseline is recorded. */
  register(registration: Registration): Promise<Registered>
  target(id: string): Promise<Target>
  /** Waits until the target is as asked. */
  untilTarget(id: string, holds: (target: Target) => boolean): Promise<Target>
  /** As it is, or as far as `minPosition` at least. */
  incident(id: string, minPosition?: string): Promise<Incident>
  incidents(targetId: string): Promise<readonly z.infer<typeof incidentSummary>[]>
  retire(targetId: string): Promise<void>
  /** Waits for an incident of this fault on this target that is none of `after`. */
  opened(targetId: string, faultId: string, after?: readonly string[]): Promise<Incident>
  /** Waits until the incident is in one of these states. */
  reaches(id: string, ...states: readonly string[]): Promise<Incident>
  incidentIs(id: string, holds: (incident: Incident) => boolean): Promise<Incident>
  /** A person asks to look again. */
  reanalyse(incidentId: string): Promise<void>
  unfreeze(targetId: string): Promise<void>
  /** The second person agrees to exactly the plan that is shown. */
  approve(of: Incident): Promise<void>
  /** Events of an incident's stream, by type. */
  events(incidentId: string, type: string): Promise<readonly Event[]>
  stream(name: string): Promise<readonly Event[]>
}

/** The files that a service needs before it starts. */
export function layOut(dir: string, policy: string): { env: Record<string, string>; secrets: string } {
  const dataDir = join(dir, 'data')
  const secrets = join(dataDir, 'secrets')
  mkdirSync(secrets, { recursive: true, mode: 0o700 })
  chmodSync(dataDir, 0o700)
  const policyPath = join(dir, 'policy.yaml')
  writeFileSync(policyPath, policy)
  return {
    secrets,
    env: {
      STEWARD_LISTEN: '127.0.0.1:0',
      STEWARD_DATA_DIR: dataDir,
      STEWARD_POLICY: policyPath,
      STEWARD_ADMIN_KEY: ADMIN_KEY,
      STEWARD_LOG_LEVEL: 'info',
      STEWARD_POLL_EVERY: '500ms',
    },
  }
}

export async function openWorld({ policy = CAREFUL, env = {} }: WorldOptions = {}): Promise<World> {
  await using stack = new AsyncDisposableStack()
  const dir = stack.adopt(mkdtempSync(join(tmpdir(), 'e2e-')), (path) => rmSync(path, { recursive: true, force: true }))
  const { env: own } = layOut(dir, policy)
  const sshd = stack.use(await startSshd({ dir }))
  const { logStream, lines } = collectLogLines()
  const service = await startService(loadConfig({ env: { ...own, ...env }, cwd: dir }), { logStream })
  stack.defer(() => service.stop())
  const world = await inhabit({
    url: () => service.url,
    dir,
    sshd,
    said: () =>
      lines
        .filter((line) => !line.includes('"message":"request"'))
        .slice(-15)
        .join(''),
  })
  const resources = stack.move()
  return { ...world, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

export type Inhabited = Omit<World, typeof Symbol.asyncDispose>

/** `url` is asked each time: after a restart, or when another instance takes over, somebody else answers. */
export type Place = Readonly<{ url: () => string; dir: string; sshd: Sshd; said: () => string }>

/** Makes the second key and registers the host, with its key confirmed, by the API of a service that runs. */
export async function inhabit({ url, dir, sshd, said }: Place): Promise<Inhabited> {
  const admin = createApi(url, ADMIN_KEY)
  const made = await ok(admin.post('/api/v1/keys', { name: 'bob', role: 'operator', owner: 'bob' }), outcome.extend({ key: z.string() }))
  await ok(admin.get(`/api/v1/keys/${made.id}?min_position=${made.position}`), z.object({ owner: z.literal('bob') }))
  const bob = admin.as(made.key)
  const hostId = await registerHost(admin, sshd, join(dir, 'data', 'secrets'))
  const world: Inhabited = {
    dir,
    sshd,
    hostId,
    admin,
    bob,
    async register({ name, service, logPaths, configPaths = [], connection, mode = 'propose' }) {
      const stateDir = join(dir, 'on the host', name)
      mkdirSync(join(dir, 'on the host'), { recursive: true, mode: 0o700 })
      const body = { name, hostId, service, logPaths, configPaths, stateDir, mode, ...(connection === undefined ? {} : { connection }) }
      const { id, position } = await ok(admin.post('/api/v1/targets', body), outcome)
      await ok(admin.get(`/api/v1/targets/${id}?min_position=${position}`), target)
      await world.untilTarget(id, ({ visibility, baselineAt }) => visibility === 'visible' && baselineAt !== null)
      return { id, stateDir }
    },
    target: (id) => ok(admin.get(`/api/v1/targets/${id}`), target),
    untilTarget: (id, holds) =>
      eventually(`target ${id} is so: ${holds}`, async () => {
        const found = await world.target(id)
        return holds(found) ? found : undefined
      }),
    incident: (id, minPosition) =>
      ok(admin.get(`/api/v1/incidents/${id}${minPosition === undefined ? '' : `?min_position=${minPosition}`}`), incident),
    incidents: async (targetId) => (await ok(admin.get(`/api/v1/incidents?target_id=${targetId}&limit=100`), page(incidentSummary))).items,
    async retire(id) {
      await ok(admin.delete(`/api/v1/targets/${id}`, { reason: 'the test is over' }), outcome)
    },
    async opened(targetId, faultId, after = []) {
      const id = await eventually(
        `an incident of ${faultId}`,
        async () => (await world.incidents(targetId)).find((each) => each.faultId === faultId && !after.includes(each.id))?.id,
      )
      return world.incident(id)
    },
    reaches: (id, ...states) => awaitIncident(id, ({ state }) => states.includes(state), states.join(' or ')),
    incidentIs: (id, holds) => awaitIncident(id, holds, String(holds)),
    async reanalyse(id) {
      await ok(bob.post(`/api/v1/incidents/${id}/reanalyse`), outcome)
    },
    async unfreeze(id) {
      const { position } = await ok(admin.post(`/api/v1/targets/${id}/unfreeze`, { reason: 'looked at it' }), outcome)
      await ok(admin.get(`/api/v1/targets/${id}?min_position=${position}`), target.extend({ frozen: z.literal(false) }))
    },
    async approve({ approvalId, plan }) {
      await ok(bob.post(`/api/v1/approvals/${approvalId}/approve`, { planHash: plan?.planHash }), outcome)
    },
    stream: async (name) => (await ok(admin.get(`/api/v1/streams/${name}/events?limit=500`), page(event))).items,
    events: async (incidentId, type) => (await world.stream(`incident-${incidentId}`)).filter((each) => each.type === type),
  }
  return world

  async function awaitIncident(id: string, holds: (incident: Incident) => boolean, what: string): Promise<Incident> {
    let last: Incident | undefined
    const look = async (): Promise<Incident | undefined> => {
      last = await world.incident(id)
      if (!holds(last)) return undefined
      // The incident and its timeline are read models of their own: what is looked at next has come as far in both.
      const { head } = await ok(admin.get('/api/v1/status'), z.object({ head: z.string() }))
      const settled = await world.incident(id, head)
      return holds(settled) ? settled : last
    }
    return eventually(`incident ${id} becomes ${what}`, look, () => {
      const story = last?.timeline.map(({ at, text }) => `  ${at} ${text}`).join('\n')
      return `it is ${last?.state}:\n${story}`
    })
  }

  async function eventually<Found>(what: string, look: () => Promise<Found | undefined>, why: () => string = () => ''): Promise<Found> {
    const deadline = performance.now() + 30_000
    for (;;) {
      const found = await look()
      if (found !== undefined) return found
      if (performance.now() > deadline) throw new Error(`not so in 30 s: ${what}; ${why()}\nThe service said:\n${said()}`)
      await sleep(40)
    }
  }
}

/** As a person does it: asks without a key, compares the fingerprint, sends the key again. */
async function registerHost(admin: Api, { address, port, username, privateKeyPath, hostKey }: Sshd, secrets: string): Promise<string> {
  const name = basename(privateKeyPath)
  writeFileSync(join(secrets, name), readFileSync(privateKeyPath), { mode: 0o600 })
  const host = { name: 'box', address, port, username, privateKey: `file:${name}` }
  const asked = await admin.post('/api/v1/hosts', host)
  const shown = z.object({ error: z.object({ details: z.object({ fingerprint: z.string(), hostKey: z.string() }) }) }).parse(asked.body)
    .error.details
  if (asked.status !== 409 || shown.fingerprint !== hostKey.fingerprint) throw new Error(`another host: ${JSON.stringify(asked)}`)
  return (await ok(admin.post('/api/v1/hosts', { ...host, hostKey: shown.hostKey }), outcome)).id
}
