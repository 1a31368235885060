/**
 * One server under supervision: brings what is to what is wanted, one step after another, whatever asks for it. What is wanted is read from the
 * log each time, so a question that was asked twice, or in between, changes nothing.
 */
import { elapsedMs } from '../../domain/instant.ts'
import type { McpSession, Quiescence } from '../../domain/ports/mcp.ts'
import { protect } from '../../domain/protected.ts'
import { type Breaker, closedBreaker } from '../../domain/server/breaker.ts'
import type { ServerCommand } from '../../domain/server/commands.ts'
import { argvHash } from '../../domain/server/executable.ts'
import type { RegisteredServer, Run, Server } from '../../domain/server/state.ts'
import type { CommandCause } from '../aggregate-commands.ts'
import { CommandRefused } from '../command-refused.ts'
import { throughOutages } from '../retry.ts'
import { beginLife, type LifeEnd, type LifeListener, type ServerLife } from './server-life.ts'
import type { Held } from './supervision.ts'

export interface ManagedServer {
  readonly serverId: string
  /** As it was read last; undefined before the first look. */
  readonly state: RegisteredServer | undefined
  readonly session: McpSession | undefined
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
   * Takes what was started of it for one client alone, and ends it when the server may not run any more, is started anew, or Steward stops. Returns
   * how to take it back, when its owner has ended it.
   */
  lend(end: (mostGraceMs?: number) => Promise<unknown>): () => void
  /** Resolves when it runs, or cannot be expected to soon. */
  settled(signal: AbortSignal): Promise<void>
  /** Ends it, with its program. Wanted or not: Steward stops, and has no more patience than it is given. */
  close(mostGraceMs: number): Promise<void>
}

export function createManagedServer(serverId: string, options: Held): ManagedServer {
  const { log, handle, ids, clock, logger, hash, jitter } = options
  let state: RegisteredServer | undefined
  let readUpTo = -1n
  let life: ServerLife | undefined
  let closing = false
  let quiet: Quiescence | undefined
  let mostGraceMs: number | undefined
  let looking: Promise<void> | undefined
  let reading: Promise<unknown> | undefined
  let again = false
  const waiting = new Set<() => void>()
  /** How to end what single clients have. */
  const lent = new Set<(mostGraceMs?: number) => Promise<unknown>>()
  const closed = new AbortController()
  let alarm = new AbortController()

  const server: ManagedServer = {
    serverId,
    get state() {
      return state
    },
    get session() {
      return quiet === undefined ? life?.session : undefined
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
    lend(end) {
      lent.add(end)
      look()
      return () => lent.delete(end)
    },
    async close(graceMs) {
      closing = true
      mostGraceMs = graceMs
      closed.abort(new Error('Steward stops'))
      look()
      while (looking) await looking
    },
  }
  return server

  function look(): void {
    again = true
    // A step may wait long for a program; what callers may do is known at once.
    reading = read().catch(() => undefined)
    looking ??= keepLooking()
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
      await Promise.race([quiescence.idle, clock.sleep(withinMs, AbortSignal.any([signal, closed.signal, over.signal]))])
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
    const now = await read()
    const isWanted = !closing && shouldRun(now) && !now.run?.replace
    if (!isWanted) await takeBack()
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
    await begin(now)
    return true
  }

  /** Beside each other, and beside nothing else: nobody is to be served while the server itself is on its way out. */
  async function takeBack(): Promise<void> {
    const ends = [...lent]
    lent.clear()
    await Promise.all(ends.map((end) => end(mostGraceMs).catch((error: unknown) => logger.error({ serverId, error }, NOT_ENDED))))
  }

  /** Of a Steward that is gone, or that has lost its lease and is letting go. Nothing begins here before its programs have ended there. */
  async function buryRun({ runId, supervisorId, process, startingAt }: Run): Promise<void> {
    if (options.isHere(supervisorId)) {
      // Its mark was looked for already; this finds the program itself, whatever it did to its mark.
      if (process && (await options.processes.endLeftOver(process, startingAt)))
        logger.warn({ serverId, runId, pid: process.pid }, 'took down a program by the id and start that an earlier life had recorded')
    } else {
      await clock.sleep(Math.max(0, elapsedMs(clock.now(), options.othersGoneAt)), closed.signal)
      const now = await read()
      if (now.situation === 'absent' || now.run?.runId !== runId) return
    }
    const exit = { how: 'gone', code: null, signal: null } as const
    await tell({ type: 'ReportServerStopped', data: { runId, exit, now: clock.now() } })
  }

  async function read(): Promise<Server> {
    const { state: now, last } = await throughOutages(() => log.states.server(serverId), { clock, signal: closed.signal }).catch(keepKnown)
    // Two looks at once may end in the other order: what is older changes nothing.
    if (last === undefined || last.revision >= readUpTo) {
      state = now.situation === 'registered' ? now : undefined
      readUpTo = last?.revision ?? readUpTo
    }
    return now
  }

  /** Steward stops while the log is away: what was known last is enough to end what runs. */
  function keepKnown(error: unknown): Readonly<{ state: Server; last: undefined }> {
    if (!closing) throw error
    return { state: state ?? { situation: 'absent' }, last: undefined }
  }

  function wakeAt(dueAt: string): void {
    alarm.abort()
    alarm = new AbortController()
    const signal = AbortSignal.any([alarm.signal, closed.signal])
    clock.sleep(Math.max(1, Date.parse(dueAt) - Date.parse(clock.now())), signal).then(look, () => undefined)
  }

  async function begin(now: RegisteredServer): Promise<void> {
    const { launch, sessions, identity, slots, probes, logPathOf } = options
    const runId = ids.fresh()
    const free = await slots.take(closed.signal)
    try {
      const at = clock.now()
      if (!(await tell({ type: 'BeginServerStart', data: { runId, supervisorId: options.supervisorId, now: at } }))) return free()
    } catch (error) {
      free()
      throw error
    }
    const { transport } = now.config
    quiet = undefined
    const begun = beginLife({
      ...{ runId, config: now.config, launch, sessions, identity, hash, clock, jitter, prior: now.spoken, probes },
      approved: transport.kind === 'stdio' && now.approvedArgv.has(argvHash(transport, hash)),
      logPath: logPathOf(now.name, runId),
      hears: listener(runId, free),
    })
    life = begun
    begun.ended.then((ended) => {
      free()
      // Ended by itself. Asked to end, the one who asked tells.
      if (life === begun) over(begun, ended)
    })
  }

  function listener(runId: string, free: () => void): LifeListener {
    return {
      async spawned(process) {
        await tell({ type: 'ReportServerSpawned', data: { runId, ...process, now: clock.now() } })
      },
      async tools(tools, instructions, { invalid }) {
        for (const { name, says } of invalid) logger.warn({ serverId, tool: name, says }, 'a tool definition cannot be served')
        await tell({ type: 'ReportTools', data: { runId, tools, instructions, now: clock.now() } })
      },
      async running({ negotiated }) {
        const { era, version, serverInfo, capabilities } = negotiated
        const spoken = { era, protocolVersion: version, serverName: serverInfo.name, serverVersion: serverInfo.version, capabilities }
        await tell({ type: 'ReportServerRunning', data: { runId, ...spoken, now: clock.now() } })
        server.breaker = closedBreaker
        free()
        look()
      },
      probed(facts) {
        options.samples.record({ serverId, runId, at: clock.now(), facts })
        if (facts.ready) server.breaker = closedBreaker
      },
      async health(facts) {
        await tell({ type: 'ReportServerHealth', data: { runId, facts, now: clock.now() } })
      },
    }
  }

  /** It ended without being asked. */
  function over(ended: ServerLife, end: LifeEnd): void {
    const { runId } = ended
    tellEnd(runId, end)
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
    // It ends whether or not the log can be told: that may have to wait for an outage to pass.
    ending.stop(mostGraceMs)
    const telling =
      wasRunning && now.situation !== 'absent' ? tell({ type: 'ReportServerStopping', data: { runId, now: clock.now() } }) : undefined
    telling?.catch(() => undefined)
    const ended = await ending.ended
    await telling
    // It was to end, so how it went is no failure; unless it did not go.
    if (ended.kind === 'failed' && ended.reason === 'stop-failed') await tellEnd(runId, ended)
    else await tellEnd(runId, { kind: 'stopped', exit: ended.exit ?? { how: 'gone', code: null, signal: null } })
  }

  async function tellEnd(runId: string, end: LifeEnd): Promise<void> {
    if (end.kind === 'stopped') {
      await tell({ type: 'ReportServerStopped', data: { runId, exit: end.exit, now: clock.now() } })
      return
    }
    const { reason, exit, cause } = end
    if (cause !== undefined) logger.error({ serverId, runId, reason, error: cause }, 'a server ended for a reason that is not its own')
    const told = { says: protect(end.says), stderrTail: protect(end.stderrTail.slice(-STDERR_EXCERPT)) }
    await tell({ type: 'ReportServerFailed', data: { runId, reason, exit, ...told, jitter: jitter(), now: clock.now() } })
  }

  /** @returns false when a rule refuses it: then the state has changed, and is looked at again. */
  async function tell(command: ServerCommand): Promise<boolean> {
    const runId = 'runId' in command.data ? command.data.runId : serverId
    const cause: CommandCause = { actor: 'steward', commandId: ids.fresh(), correlationId: runId, causationId: runId }
    try {
      // While Steward stops, an outage of the log must not hold it up.
      const recording = () => handle({ aggregate: 'server', id: serverId, command }, cause)
      await throughOutages(recording, { clock, signal: options.drain })
      return true
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error
      logger.info({ serverId, runId, command: command.type, rule: error.rule }, 'a report of the supervisor was refused')
      again = true
      return false
    }
  }

  async function settled(signal: AbortSignal): Promise<void> {
    while (!closing && !server.session && state && isOnItsWay(state)) {
      signal.throwIfAborted()
      await new Promise<void>((resolve, reject) => {
        const abort = () => reject(signal.reason)
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

const NOT_ENDED = 'a program of a single client could not be ended'
/** How long a failed look waits before the next one. */
const AFTER_ERROR_MS = 1_000
/** Of the end of its error stream, in UTF-16 units: enough for a stack. */
const STDERR_EXCERPT = 3_500

const shouldRun = (server: Server): server is RegisteredServer =>
  server.situation === 'registered' && server.enabled && server.desired === 'running' && server.state !== 'maintenance'

/** It starts, or will by itself. */
const isOnItsWay = (server: RegisteredServer): boolean => shouldRun(server) && (server.state !== 'error' || server.restart !== undefined)
