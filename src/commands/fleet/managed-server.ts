/**
 * One server under supervision: brings what is to what is wanted, one step after another, whatever asks for it. What is wanted is read from the
 * log each time, so a question that was asked twice, or in between, changes nothing.
 */
import { elapsedMs } from '../../domain/instant.ts'
import type { McpSession, Quiescence } from '../../domain/ports/mcp.ts'
import { type Breaker, closedBreaker } from '../../domain/server/breaker.ts'
import type { ServerConfig } from '../../domain/server/config.ts'
import { diffConfigs } from '../../domain/server/config-diff.ts'
import type { Exit } from '../../domain/server/events.ts'
import { isApproved } from '../../domain/server/executable.ts'
import type { RegisteredServer, Run, Server } from '../../domain/server/state.ts'
import { throughOutages } from '../retry.ts'
import type { Loan } from './lent-line.ts'
import { createLoans } from './loans.ts'
import { createRunReports } from './run-reports.ts'
import { beginLife, type LifeEnd, type ServerLife } from './server-life.ts'
import type { Held } from './supervision.ts'

export interface ManagedServer {
  readonly serverId: string
  /** As it was read last; undefined before the first look. */
  readonly state: RegisteredServer | undefined
  readonly session: McpSession | undefined
  /** It is registered no more, and nothing of it is left. */
  readonly gone: boolean
  /** What the present run was started with. */
  readonly runsWith: ServerConfig | undefined
  breaker: Breaker
  /** Something may have changed. Returns at once. */
  look(): void
  /** Resolves when what was to be looked at has been read. */
  looked(): Promise<void>
  /** Lists its tools now. @throws McpRequestFailed */
  refresh(): Promise<void>
  /** No caller is let in, because another run is about to take the place of this one. */
  readonly draining: boolean
  /**
   * From now on new callers wait for the next run. Resolves when the calls under way have ended, or after `withinMs`. Disposed of without another
   * run, callers are let in again.
   */
  drain(withinMs: number, signal: AbortSignal): Promise<Disposable>
  /**
   * Takes what was started of the present run for one client alone, and ends it when the server may not run any more, is started anew, goes on with
   * another configuration, or Steward stops. Returns how to take it back, when its owner has ended it.
   */
  lend(loan: Loan): () => void
  /** Resolves when it runs, or cannot be expected to soon. */
  settled(signal: AbortSignal): Promise<void>
  /** Ends it, with its program. Wanted or not: Steward stops, and has no more patience than it is given. */
  close(mostGraceMs: number): Promise<void>
}

export function createManagedServer(serverId: string, options: Held): ManagedServer {
  const { log, ids, clock, logger, hash, jitter } = options
  let state: RegisteredServer | undefined
  let readUpTo = -1n
  let life: ServerLife | undefined
  /** On its way out, because it was asked to end. */
  let leaving: ServerLife | undefined
  let closing = false
  let quiet: Quiescence | undefined
  let mostGraceMs: number | undefined
  let looking: Promise<void> | undefined
  let reading: Promise<unknown> | undefined
  let again = false
  const waiting = new Set<() => void>()
  const loans = createLoans({ serverId, logger })
  const closed = new AbortController()
  let alarm = new AbortController()
  const reports = createRunReports({
    ...options,
    serverId,
    refused() {
      again = true
    },
  })

  const server: ManagedServer = {
    serverId,
    get state() {
      return state
    },
    get session() {
      return quiet === undefined ? life?.session : undefined
    },
    get gone() {
      const isIdle = !life && !leaving && !looking && loans.size === 0
      return isIdle && state === undefined && readUpTo >= 0n
    },
    get runsWith() {
      return life?.config
    },
    get draining() {
      return quiet !== undefined
    },
    breaker: closedBreaker,
    look,
    async looked() {
      await reading
    },
    refresh: async () => life?.refresh(),
    drain,
    settled,
    lend(loan) {
      const takeOff = loans.lend(loan, life?.config)
      look()
      return takeOff
    },
    async close(graceMs) {
      closing = true
      mostGraceMs = graceMs
      closed.abort(new Error('Steward stops'))
      // Whatever is on its way out already was given more patience, and a step that waits for the log must not hold it up.
      leaving?.stop(graceMs)
      life?.stop(graceMs)
      loans.end(graceMs)
      look()
      while (looking) await looking
    },
  }
  return server

  function look(): void {
    again = true
    // A step may wait long for a program; what callers may do is known at once. A first step begins by reading.
    if (looking) void load().catch(() => undefined)
    else looking = keepLooking()
  }

  async function keepLooking(): Promise<void> {
    while (again) {
      again = false
      try {
        while (await step());
      } catch (error) {
        if (closing) break
        logger.error({ serverId, error }, 'a server could not be looked after; it is looked at again')
        await clock.sleep(AFTER_ERROR_MS, closed.signal).catch(() => undefined)
        again = true
      }
    }
    // In the same turn in which nothing more was asked for: who asks from now on begins again.
    looking = undefined
    for (const wake of waiting) wake()
  }

  async function drain(withinMs: number, signal: AbortSignal): Promise<Disposable> {
    const quiescence = life?.session?.quiesce()
    if (quiescence === undefined) return { [Symbol.dispose]: () => undefined }
    quiet?.[Symbol.dispose]()
    quiet = quiescence
    const over = new AbortController()
    try {
      const idle = Promise.all([quiescence.idle, loans.idle()])
      await Promise.race([idle, clock.sleep(withinMs, AbortSignal.any([signal, closed.signal, over.signal]))])
    } catch (error) {
      letIn(quiescence)
      throw error
    } finally {
      over.abort()
    }
    return { [Symbol.dispose]: () => letIn(quiescence) }
  }

  function letIn(quiescence: Quiescence): void {
    quiescence[Symbol.dispose]()
    if (quiet !== quiescence) return
    quiet = undefined
    for (const wake of waiting) wake()
  }

  /** One step towards what is wanted. False: nothing more to do until something changes. */
  async function step(): Promise<boolean> {
    const { state: now, last } = await load()
    const isWanted = !closing && shouldRun(now) && !now.run?.replace
    if (!isWanted) await loans.takeBack(() => true, mostGraceMs)
    if (life) {
      if (isWanted) return false
      await end(life, now)
      return true
    }
    if (closing || now.situation === 'absent') return false
    if (now.run) {
      await buryRun(now.run)
      return true
    }
    if (!shouldRun(now)) return false
    if (now.state === 'error') {
      if (!now.restart) return false
      if (now.restart.dueAt > clock.now()) {
        wakeAt(now.restart.dueAt)
        return false
      }
    }
    await begin(now, last?.revision)
    return true
  }

  /** Of a Steward that is gone, or that has lost its lease and is letting go. Nothing begins here before its programs have ended there. */
  async function buryRun({ runId, supervisorId, process, startingAt }: Run): Promise<void> {
    if (options.isHere(supervisorId)) {
      // Its mark was looked for already; this finds the program itself, whatever it did to its mark.
      if (process && (await options.processes.endLeftOver(process, startingAt)))
        logger.warn({ serverId, runId, pid: process.pid }, 'took down a program by the id and start that an earlier life had recorded')
    } else {
      await clock.sleep(Math.max(0, elapsedMs(clock.now(), options.othersGoneAt)), closed.signal)
      const { state: now } = await load()
      if (now.situation === 'absent' || now.run?.runId !== runId) return
    }
    await reports.stopped(runId, GONE)
  }

  function load(): Promise<Loaded> {
    const loading = readNow()
    reading = loading.catch(() => undefined)
    return loading
  }

  async function readNow(): Promise<Loaded> {
    const loaded = await throughOutages(() => log.states.server(serverId), { clock, signal: closed.signal }).catch(keepKnown)
    const { state: now, last } = loaded
    // Two looks at once may end in the other order: what is older changes nothing.
    if (last === undefined || last.revision >= readUpTo) {
      state = now.situation === 'registered' ? now : undefined
      readUpTo = last?.revision ?? readUpTo
    }
    return loaded
  }

  /** Steward stops while the log is away: what was known last is enough to end what runs. */
  function keepKnown(error: unknown): Loaded {
    if (!closing) throw error
    return { state: state ?? { situation: 'absent' }, last: undefined }
  }

  function wakeAt(dueAt: string): void {
    alarm.abort()
    alarm = new AbortController()
    const signal = AbortSignal.any([alarm.signal, closed.signal])
    clock.sleep(Math.max(1, Date.parse(dueAt) - Date.parse(clock.now())), signal).then(look, () => undefined)
  }

  /** `expected`: where its stream stood. What began is what is configured in the log at that point, however long it waited for its turn. */
  async function begin(now: RegisteredServer, expected: bigint | undefined): Promise<void> {
    // After a crash clients keep what is theirs, unless it is another program by now.
    const isOther = (startedWith: ServerConfig | undefined): boolean =>
      startedWith === undefined || diffConfigs(startedWith, now.config).length > 0
    await loans.takeBack(isOther, mostGraceMs)
    const { launch, sessions, identity, slots, probes, logPathOf } = options
    // Whoever asks for it now has seen that; nothing of the last run is to go on beside this one.
    if (now.failure?.reason === 'stop-failed') await options.processes.sweep()
    const runId = ids.fresh()
    const free = await slots.take(closed.signal)
    try {
      if (!(await reports.began(runId, expected))) return free()
    } catch (error) {
      free()
      throw error
    }
    quiet = undefined
    const begun = beginLife({
      ...{ runId, config: now.config, launch, sessions, identity, hash, clock, jitter, prior: now.spoken, probes },
      approved: isApproved(now, now.config, hash),
      logPath: logPathOf(now.name, runId),
      hears: reports.listener(runId, {
        runs() {
          server.breaker = closedBreaker
          free()
          look()
        },
        isReady() {
          server.breaker = closedBreaker
        },
      }),
    })
    life = begun
    begun.ended.then((ended) => {
      free()
      // Ended by itself. Asked to end, the one who asked tells.
      if (life === begun) over(begun, ended)
    })
  }

  /** It ended without being asked. */
  function over(ended: ServerLife, end: LifeEnd): void {
    const { runId } = ended
    reports
      .ended(runId, end)
      .catch((error: unknown) => logger.error({ serverId, runId, error }, 'the end of a server could not be recorded'))
      .finally(() => {
        if (life === ended) life = undefined
        look()
      })
  }

  async function end(ending: ServerLife, now: Server): Promise<void> {
    const { runId } = ending
    const wasRunning = ending.session !== undefined
    life = undefined
    leaving = ending
    // It ends whether or not the log can be told: that may have to wait for an outage to pass.
    ending.stop(mostGraceMs)
    const telling = wasRunning && now.situation !== 'absent' ? reports.stopping(runId) : undefined
    telling?.catch(() => undefined)
    const ended = await ending.ended
    leaving = undefined
    await telling
    // It was to end, so how it went is no failure; unless it did not go.
    if (ended.kind === 'failed' && ended.reason === 'stop-failed') await reports.ended(runId, ended)
    else await reports.stopped(runId, ended.exit ?? GONE)
  }

  async function settled(signal: AbortSignal): Promise<void> {
    while (!closing && !server.session && state && isOnItsWay(state)) {
      signal.throwIfAborted()
      await new Promise<void>((resolve, reject) => {
        const abort = () => {
          waiting.delete(wake)
          reject(signal.reason)
        }
        const wake = () => {
          waiting.delete(wake)
          signal.removeEventListener('abort', abort)
          resolve()
        }
        waiting.add(wake)
        signal.addEventListener('abort', abort, { once: true })
      })
    }
  }
}

/** `last`: of the events that are in it. */
type Loaded = Readonly<{ state: Server; last: Readonly<{ revision: bigint }> | undefined }>
const GONE: Exit = { how: 'gone', code: null, signal: null }
/** How long a failed look waits before the next one. */
const AFTER_ERROR_MS = 1_000
const shouldRun = (server: Server): server is RegisteredServer =>
  server.situation === 'registered' && server.enabled && server.desired === 'running' && server.state !== 'maintenance'

/** It starts, or will by itself. */
const isOnItsWay = (server: RegisteredServer): boolean => shouldRun(server) && (server.state !== 'error' || server.restart !== undefined)
