/**
 * The programs of the fleet: the only place that starts or stops them. Whatever begins here carries our mark, is known to the watchdog in the
 * same turn, and is gone, with all that descends from it, before its stop resolves.
 */
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { type ChildProcess, type ChildProcesses, type ChildSpec, type Holding, SpawnFailed } from '../../domain/ports/child-processes.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import type { LimitMethod } from '../../domain/server/events.ts'
import { baseEnvironment } from './base-environment.ts'
import { clearAway } from './clear-away.ts'
import { findExecutable } from './find-executable.ts'
import { endLeftOver } from './left-over.ts'
import { chooseLimiter } from './limits/choose-limiter.ts'
import { assertRunId, MARK_VARIABLE, markOf, markOfRun } from './mark.ts'
import { createMarks } from './marks.ts'
import { hasProcessTable, type MarkedProcess } from './process-table.ts'
import { newStamp, type Stamp } from './stamp.ts'
import { startProgram } from './start-program.ts'
import { superviseChild } from './supervised-child.ts'
import { keepWatchdog } from './watchdog.ts'

/** @throws when the data directory cannot be read. */
export async function openChildProcesses({
  dataDirectory,
  logger,
  env = process.env,
  limitMethod,
  closeGraceMs = 5_000,
  maxLogBytes = 4 * 1024 * 1024,
}: ChildProcessesOptions): Promise<OpenChildProcesses> {
  const mark = await markOf(dataDirectory)
  const base = baseEnvironment(env)
  const { limiter, insteadOf } = await chooseLimiter(mark, { env, only: limitMethod })
  const home = await homeOf(base)
  const marks = createMarks(mark, { stamps: !limiter.contains })
  const watchdog = keepWatchdog({
    ...{ mark: `${mark.place}:${mark.life}`, directories: limiter.directories },
    ...{ path: base['PATH'] ?? '', logger },
  })
  /** Runs of which something may be there. */
  const living = new Map<string, Living>()
  const starting = new Set<Promise<ChildProcess>>()
  let closing: Promise<void> | undefined

  const isOfLiving = (stamp: Stamp): boolean => [...living.values()].some((run) => run.stamp === stamp)

  async function spawn(spec: ChildSpec): Promise<ChildProcess> {
    const { runId } = spec
    assertRunId(runId)
    if (closing !== undefined) throw stopping()
    if (living.has(runId)) throw new RangeError(`the run ${runId} has begun already`)
    const stamp = newStamp(mark, isOfLiving)
    living.set(runId, { stamp })
    const begun = begin(spec, stamp)
    starting.add(begun)
    try {
      return await begun
    } catch (error) {
      living.delete(runId)
      throw error
    } finally {
      starting.delete(begun)
    }
  }

  async function begin({ runId, command, args, env: given, limits, ...spec }: ChildSpec, stamp: Stamp): Promise<ChildProcess> {
    const environment: Record<string, string> = { ...base, ...given, [MARK_VARIABLE]: markOfRun(mark, runId) }
    const workingDirectory = spec.workingDirectory ?? home
    const program = await findExecutable({ command, path: environment['PATH'] ?? '', workingDirectory })
    const confinement = await limiter.confine(runId, limits).catch((cause: unknown) => {
      throw new SpawnFailed({ rule: 'limits', says: `the limits of ${command} cannot be set: ${wordsOf(cause)}`, cause })
    })
    const watched = watchdog.expect(stamp)
    const begun =
      closing === undefined ? startProgram({ program, args, env: environment, workingDirectory, confinement, stamp }) : stopping()
    if (!('pid' in begun)) {
      watched.gone()
      await confinement.release()
      throw await begun
    }
    const { pid, startTicks, complaint } = begun
    watched.began(pid, startTicks)
    const child = superviseChild({
      ...{ begun, limitedBy: limiter.method, confinement, contains: limiter.contains, marks },
      isOfRun: ({ environment, ...process }) => process.stamp === stamp || (environment?.life === mark.life && environment.runId === runId),
      streams: {
        ...{ maxLineBytes: spec.maxLineBytes ?? MAX_LINE_BYTES, logPath: spec.logPath, maxLogBytes },
        problem: (error) => logger?.warn({ source: 'fleet', runId, error }, 'what a program says on its error stream cannot be written'),
      },
      groupGone: watched.groupEnded,
      settled({ nothingLeft }) {
        if (nothingLeft) watched.gone()
        living.delete(runId)
      },
    })
    living.set(runId, { stamp, child })
    const complains = await Promise.race([complaint, delay(LAUNCH_MS, `its launcher was not done in ${LAUNCH_MS} ms`, { ref: false })])
    if (complains !== undefined) {
      await child.stop(0)
      throw new SpawnFailed({ rule: 'limits', says: `${command} was not started: ${complains}` })
    }
    const controlGroup = await confinement.started(pid)
    if (controlGroup !== undefined) watched.heldBy(controlGroup)
    return child
  }

  async function sweep(): Promise<number> {
    const inGroups = await limiter.sweep()
    const isStranger = ({ environment, stamp }: MarkedProcess): boolean =>
      !(environment?.life === mark.life && living.has(environment.runId)) && !(stamp !== undefined && isOfLiving(stamp))
    const { killed, left } = await clearAway({ marks, isTheirs: isStranger })
    if (left.length > 0) logger?.error({ source: 'fleet', pids: left }, 'programs of an earlier life cannot be ended')
    return inGroups + killed
  }

  async function shut(): Promise<void> {
    await Promise.allSettled(starting)
    const stops = await Promise.allSettled([...living.values()].map(({ child }) => child?.stop(closeGraceMs)))
    await watchdog.close()
    await limiter.close()
    const failed = stops.find((stop) => stop.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  const close = (): Promise<void> => {
    closing ??= shut()
    return closing
  }

  return {
    spawn,
    sweep,
    endLeftOver: (recorded, startedAfter) => endLeftOver(recorded, Date.parse(startedAfter)),
    place: mark.place,
    limiting: () => ({ method: limiter.method, keeps: limiter.keeps, says: [limiter.says, ...insteadOf].join('; ') }),
    holding: () => holding(limiter.contains ? limiter.method : undefined),
    close,
    watchdogPid: watchdog.pid,
    [Symbol.asyncDispose]: close,
  }
}

export type ChildProcessesOptions = Readonly<{
  /** Its place on disk is what tells the programs of this Steward from those of another one. */
  dataDirectory: string
  logger?: Logger | undefined
  /** Of which the few variables that every program needs are passed on. Default: our own. */
  env?: NodeJS.ProcessEnv
  /** Default: the best one that works here. */
  limitMethod?: LimitMethod | undefined
  /** For what still runs at `close`. Default 5 s. */
  closeGraceMs?: number
  /** Of the file of an error stream; there are at most two of that size. Default 4 MiB. */
  maxLogBytes?: number
}>

/** Without a child while it is being started. */
type Living = Readonly<{ stamp: Stamp; child?: ChildProcess }>

export type OpenChildProcesses = ChildProcesses & AsyncDisposable & Readonly<{ watchdogPid(): number | undefined }>

/** Users of services often have a home that does not exist. */
async function homeOf({ HOME = '/' }: Readonly<Record<string, string>>): Promise<string> {
  return access(HOME, constants.X_OK).then(
    () => HOME,
    () => '/',
  )
}

/** A shell with a few lines to run, and perhaps systemd to ask. */
const LAUNCH_MS = 15_000

const MAX_LINE_BYTES = 16 * 1024 * 1024

const stopping = (): SpawnFailed => new SpawnFailed({ rule: 'system', says: 'Steward is stopping: nothing is started any more' })

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function holding(method: LimitMethod | undefined): Holding {
  if (method !== undefined) return { method: 'cgroup', says: 'a control group: nothing a program starts can leave it' }
  if (hasProcessTable) {
    const gap = 'a process that leaves its session and takes both off on purpose is not found'
    return {
      method: 'mark',
      says: `its process group, a mark in the environment and a number in the limits of all that descends from it; ${gap}`,
    }
  }
  return {
    method: 'group',
    says: 'its process group only: what leaves it is not found. To find all that a program starts, the fleet needs Linux',
  }
}
