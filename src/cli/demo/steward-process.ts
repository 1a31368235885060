/** Steward itself as a process of its own, so that it can be killed with -9 and started again over the same data. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Attached, attach } from './lifeline.ts'
import { until } from './waiting.ts'

export interface StewardProcess {
  /** Another one after each start. */
  readonly url: string
  readonly pid: number
  /** Waits until it answers. */
  start(): Promise<void>
  /** As the kernel does when memory is gone: no word of warning, nothing is put away. */
  kill(): Promise<void>
  stop(): Promise<void>
}

export type StewardProcessOptions = Readonly<{
  /** What starts the command line; `up` is added. */
  command: readonly [string, ...string[]]
  dataDir: string
  policyPath: string
  namespace: string
  logPath: string
  cwd: string
  env: NodeJS.ProcessEnv
  signal: AbortSignal
}>

/** Longer than Steward takes to drain. */
const GRACE_SECONDS = 15
const READY_WITHIN_MS = 60_000
const POLL_EVERY = '500ms'

export function createStewardProcess(options: StewardProcessOptions): StewardProcess {
  const { command, logPath, cwd, signal } = options
  let running: Attached | undefined
  let url = ''
  return {
    get url() {
      return url
    },
    get pid() {
      if (running === undefined) throw new Error('Steward is not running')
      return running.pid
    },
    async start() {
      const written = (await readLog(logPath)).length
      const attached = await attach({ command: [...command, 'up'], env: environment(options), cwd, logPath, graceSeconds: GRACE_SECONDS })
      running = attached
      const ready = async (): Promise<true | undefined> => {
        const said = (await readLog(logPath)).slice(written)
        if (attached.hasEnded()) throw new Error(`Steward ended at once: ${said.trim().split('\n').slice(-3).join(' ').slice(-1_000)}`)
        url = whereItListens(said) ?? ''
        return url !== '' && (await isReady(url)) ? true : undefined
      }
      await until('an answer of Steward', ready, { signal, withinMs: READY_WITHIN_MS })
    },
    async kill() {
      if (running === undefined) return
      process.kill(running.pid, 'SIGKILL')
      await running.ended
      running = undefined
    },
    async stop() {
      await running?.stop()
      running = undefined
    },
  }
}

/** What says where the log lives is the user's; everything else is the demo's own, and nothing here costs a token. */
const PASSED_ON = ['STEWARD_EVENT_STORE', 'STEWARD_DATABASE_URL', 'STEWARD_ALLOW_INSECURE_EVENT_STORE']
const ANALYST = /^(?:ANTHROPIC|CLAUDE)_/

function environment({ env, dataDir, policyPath, namespace }: StewardProcessOptions): NodeJS.ProcessEnv {
  const others = Object.entries(env).filter(
    ([name]) => PASSED_ON.includes(name) || !(name.startsWith('STEWARD_') || name === 'LOG_LEVEL' || ANALYST.test(name)),
  )
  return {
    ...Object.fromEntries(others),
    STEWARD_DATA_DIR: dataDir,
    STEWARD_SECRET_DIRS: join(dataDir, 'secrets'),
    // The system chooses: a port that was free a moment ago need not be free now.
    STEWARD_LISTEN: '127.0.0.1:0',
    STEWARD_NAMESPACE: namespace,
    STEWARD_POLICY: policyPath,
    STEWARD_POLL_EVERY: POLL_EVERY,
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

const readLog = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')

/** As its log has it: one JSON object per line. */
const whereItListens = (log: string): string | undefined => /^\{.*"url":"(http:[^"]+)".*"message":"listening"\}$/m.exec(log)?.[1]
