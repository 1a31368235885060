/**
 * Keeps one watchdog running and told (watchdog.sh). It is the only thing that acts when Steward cannot: so it has a session of its own, its
 * pipe is its only tie to us, and when somebody ends it another takes its place and hears all that the first one knew.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Logger } from '../../domain/ports/logger.ts'
import type { Stamp } from './stamp.ts'

export type Watchdog = Readonly<{
  /** Its process id; undefined between the end of one and the start of the next. */
  pid(): number | undefined
  /** Before anything of the run exists: we may be killed in the very moment in which it begins. */
  expect(stamp: Stamp): WatchedRun
  /** Lets it look one last time, and end. */
  close(): Promise<void>
}>

export type WatchedRun = Readonly<{
  began(leader: number, startTicks: string): void
  heldBy(controlGroup: string): void
  /** Its process group is empty; something of it may be left elsewhere. */
  groupEnded(): void
  /** Nothing is left of it. */
  gone(): void
}>

const SCRIPT = fileURLToPath(new URL('watchdog.sh', import.meta.url))

export function keepWatchdog({ mark, directories, path, logger }: WatchdogOptions): Watchdog {
  /** What each run has been told of, in this order; the next watchdog hears it again. */
  const told = new Map<Stamp, string[]>()
  let current: ChildProcess | undefined
  let closing = false
  let again: NodeJS.Timeout | undefined
  let pauseMs = 0

  function start(): void {
    again = undefined
    const startedMs = performance.now()
    // PATH for grep and sleep; nothing else of ours, or it would stay behind in there.
    const dog = spawn('sh', [SCRIPT, mark, ...directories], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      cwd: '/',
      env: { PATH: path },
    })
    current = dog
    dog.unref()
    dog.stdin?.on('error', () => undefined)
    const next = (error?: unknown): void => {
      if (current !== dog) return
      current = undefined
      if (closing) return
      pauseMs = performance.now() - startedMs > LONG_LIFE_MS ? 0 : Math.min(LONGEST_PAUSE_MS, pauseMs * 2 + 10)
      logger?.warn({ source: 'fleet', pid: dog.pid, pauseMs, error }, 'the watchdog of the fleet ended and is started again')
      if (pauseMs === 0) start()
      else again = setTimeout(start, pauseMs).unref()
    }
    dog.once('error', next)
    dog.once('exit', () => next())
    for (const lines of told.values()) write(lines.join(''))
  }

  /** A pipe that has room takes it at once: it is in the kernel when this returns, whatever becomes of us. */
  const write = (lines: string): void => {
    if (current?.stdin?.writable === true) current.stdin.write(lines)
  }

  start()
  return {
    pid: () => current?.pid,
    expect(stamp) {
      const lines: string[] = []
      const tell = (...words: (string | number)[]): void => {
        const line = `${words.join(' ')}\n`
        lines.push(line)
        write(line)
      }
      let group: number | undefined
      told.set(stamp, lines)
      tell('*', stamp)
      return {
        began(leader, startTicks) {
          group = leader
          tell('+', leader, startTicks || '-')
        },
        heldBy: (controlGroup) => tell('@', stamp, controlGroup),
        groupEnded() {
          if (group !== undefined) tell('-', group)
        },
        gone() {
          told.delete(stamp)
          tell('.', stamp)
        },
      }
    },
    async close() {
      closing = true
      clearTimeout(again)
      const dog = current
      if (dog === undefined || dog.exitCode !== null || dog.signalCode !== null) return
      const exited = once(dog, 'exit')
      dog.ref()
      dog.stdin?.end()
      await exited
    },
  }
}

export type WatchdogOptions = Readonly<{
  /** What its programs carry, up to their run. */
  mark: string
  directories: readonly string[]
  path: string
  logger: Logger | undefined
}>

const LONG_LIFE_MS = 5_000
const LONGEST_PAUSE_MS = 5_000
