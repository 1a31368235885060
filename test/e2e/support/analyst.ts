/**
 * A world with a double of the Messages API behind it: what the analyst answers is the test's to say, and what it was told is there to be read, byte
 * by byte. Also the ways to make a real nginx print what no pattern knows.
 */
import { readFileSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { loadConfig } from '../../../src/config.ts'
import { type Service, startService } from '../../../src/main.ts'
import type { NginxDaemon } from '../../support/daemons/nginx.ts'
import { collectLogLines } from '../../support/log-lines.ts'
import { type Reply, type SeenRequest, startMessagesApi } from '../../support/messages-api.ts'
import { startSshd } from '../../support/sshd.ts'
import { until } from '../../support/until.ts'
import { incident, ok } from './api.ts'
import { CAREFUL, type Inhabited, inhabit, layOut } from './world.ts'

export const ANALYST_KEY = 'sk-ant-canary-of-the-analyst'

/** What the incident says besides what every test reads. */
export const analysed = incident.extend({
  title: z.string(),
  excerpt: z.string(),
  diagnosis: z
    .object({
      by: z.string(),
      text: z.string(),
      confidence: z.number(),
      actionId: z.string().nullable(),
      why: z.string().nullable(),
      evidenceIds: z.array(z.string()),
      model: z.string().nullable(),
    })
    .nullable(),
  evidence: z.array(z.object({ evidenceId: z.string(), probe: z.string(), verdict: z.string() })),
})
export type Analysed = Readonly<z.infer<typeof analysed>>

export interface AnalystWorld extends Inhabited, AsyncDisposable {
  readonly url: string
  readonly requests: readonly SeenRequest[]
  /** What it answers from now on. */
  answers(reply: Reply | ((request: SeenRequest) => Reply)): void
  /** Waits for the incident of an error that no fault of the catalogue fits. */
  openedUnknown(targetId: string): Promise<Analysed>
  /** How the incident is once it has come to one of these states. */
  comesTo(id: string, ...states: readonly string[]): Promise<Analysed>
  /** Ends the service, and starts it again on the same data with other variables. */
  restart(env: Readonly<Record<string, string>>): Promise<void>
  /** Every log line of the service. */
  said(): string
}

export type AnalystWorldOptions = Readonly<{ policy?: string; timeout?: string; key?: string | undefined }>

export async function openAnalystWorld(options: AnalystWorldOptions = {}): Promise<AnalystWorld> {
  const { policy = CAREFUL, timeout = '3s' } = options
  await using stack = new AsyncDisposableStack()
  const dir = stack.adopt(await mkdtemp(join(tmpdir(), 'analyst-')), (path) => rmSync(path, { recursive: true, force: true }))
  let answers: (request: SeenRequest) => Reply = () => ({ kind: 'hang-up' })
  const api = stack.use(await startMessagesApi({ apiKey: ANALYST_KEY, replies: (request) => answers(request) }))
  const sshd = stack.use(await startSshd({ dir }))
  const { logStream, lines } = collectLogLines()
  const own = { ...layOut(dir, policy).env, ANTHROPIC_BASE_URL: api.url, STEWARD_ANALYST_TIMEOUT: timeout }
  const start = (env: Readonly<Record<string, string>>): Promise<Service> =>
    startService(loadConfig({ env: { ...own, ...env }, cwd: dir }), { logStream })
  let service = await start('key' in options && options.key === undefined ? {} : { ANTHROPIC_API_KEY: options.key ?? ANALYST_KEY })
  stack.defer(() => service.stop())
  const said = (): string => lines.join('')
  const world = await inhabit({ url: () => service.url, dir, sshd, said: () => lines.slice(-15).join('') })
  const show = (id: string): Promise<Analysed> => ok(world.admin.get(`/api/v1/incidents/${id}`), analysed)
  const resources = stack.move()
  return {
    ...world,
    get url() {
      return service.url
    },
    requests: api.requests,
    answers(reply) {
      answers = typeof reply === 'function' ? reply : () => reply
    },
    async openedUnknown(targetId) {
      let id: string | undefined
      await until(async () => {
        id = (await world.incidents(targetId)).find(({ faultId }) => faultId === null)?.id
        return id !== undefined
      }, 30_000)
      return show(id ?? '')
    },
    async comesTo(id, ...states) {
      await world.reaches(id, ...states)
      return show(id)
    },
    async restart(env) {
      await service.stop()
      service = await start(env)
    },
    said,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

export type Answer = Readonly<{
  diagnosis: string
  evidenceIds: readonly string[]
  actionId: string | null
  why: string
  confidence: number
}>

export const NOTHING_FITS: Answer = {
  diagnosis: 'A worker was killed from outside.',
  evidenceIds: ['line-1', 'e1'],
  actionId: null,
  why: 'nginx has started another one.',
  confidence: 0.62,
}

export const answer = (change: Partial<Answer> = {}): Reply => ({ kind: 'answer', text: JSON.stringify({ ...NOTHING_FITS, ...change }) })

/** Kills a worker: nginx says so with `[alert]`, which no pattern knows, and starts another. */
export async function killWorker({ pidFile, logPath }: NginxDaemon): Promise<void> {
  const master = readFileSync(pidFile, 'utf8').trim()
  const [worker] = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ')
  process.kill(Number(worker), 'SIGKILL')
  await until(() => readFileSync(logPath, 'utf8').includes(`worker process ${worker} exited on signal 9`))
}

/**
 * Sends a body that nginx must write to its temporary directory, which is gone: nginx says so with `[crit]`, and quotes what the client sent.
 * The target needs an upstream.
 */
export async function failToBuffer(
  { port, scratch, logPath }: NginxDaemon,
  { path, headers = {} }: { path: string; headers?: Readonly<Record<string, string>> },
): Promise<void> {
  rmSync(join(scratch, 'client_body'), { recursive: true })
  await new Promise<void>((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, path, method: 'POST', agent: false, headers }, (response) => {
      response.resume()
      response.once('end', resolve)
    })
    request.once('error', reject)
    request.end('x'.repeat(64 * 1_024))
  })
  await until(() => /\[crit\].*client_body/.test(readFileSync(logPath, 'utf8')))
}
