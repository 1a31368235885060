/**
 * One server under supervision: brings what is to what is wanted, one step after another, whatever asks for it. What is wanted is read from the
 * log each time, so a question that was asked twice, or in between, changes nothing.
 */

import type { McpSession, Prior } from '../../domain/ports/mcp.ts'
import { protect } from '../../domain/protected.ts'
import { type Breaker, closedBreaker } from '../../domain/server/breaker.ts'
import type { ServerCommand } from '../../domain/server/commands.ts'
import { argvHash } from '../../domain/server/executable.ts'
import type { RegisteredServer, Server } from '../../domain/server/state.ts'
import type { CommandCause } from '../aggregate-commands.ts'
import { CommandRefused } from '../command-refused.ts'
import { throughOutages } from '../retry.ts'
import { beginLife, type LifeEnd, type LifeListener, type ServerLife } from './server-life.ts'
import type { Supervision } from './supervision.ts'

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
  /** Resolves when it runs, or cannot be expected to soon. */
  settled(signal: AbortSignal): Promise<void>
  /** Ends it, with its program. Wanted or not: Steward stops. */
  close(): Promise<void>
}

export function createManagedServer(serverId: string, options: Supervision): ManagedServer {
  const { log, handle, ids, clock, logger, hash, jitter } = options
  let state: RegisteredServer | undefined
  let life: ServerLife | undefined
  let prior: Prior | undefined
  let closing = false
  let looking: Promise<void> | undefined
  let reading: Promise<unknown> | undefined
  let again = false
  const waiting = new Set<() => void>()
  const closed = new AbortController()
  let alarm = new AbortController()

  const server: ManagedServer = {
    serverId,
    get state() {
      return state
    },
    get session() {
      return life?.session
    },
    breaker: closedBreaker,
    look,
    async looked() {
      await reading
    },
    refresh: async () => life?.refresh(),
    settled,
    async close() {
      closing = true
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
    looking ??= keepLooking().finally(() => {
      looking = undefined
    })
  }

  async function keepLooking(): Promise<void> {
    while (again) {
      again = false
      try {
        while (await step());
      } catch (error) {
        if (closing) return
        logger.error({ serverId, error }, 'a server could not be looked after; it is looked at again')
        await clock.sleep(AFTER_ERROR_MS, closed.signal).catch(() => undefined)
        again = true
      }
    }
    for (const wake of waiting) wake()
  }

  /** One step towards what is wanted. False: nothing more to do until something changes. */
  async function step(): Promise<boolean> {
    const now = await read()
    if (life) {
      if (!closing && shouldRun(now) && !now.run?.replace) return false
      await end(life, now)
      return true
    }
    if (closing || now.situation === 'absent') return false
    if (now.run) {
      // Of a Steward that is gone; what it left behind was taken down before anything is looked at.
      await tell({
        type: 'ReportServerStopped',
        data: { runId: now.run.runId, exit: { how: 'gone', code: null, signal: null }, now: clock.now() },
      })
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

  async function read(): Promise<Server> {
    const { state: now } = await throughOutages(() => log.states.server(serverId), { clock, signal: closed.signal }).catch(keepKnown)
    state = now.situation === 'registered' ? now : undefined
    return now
  }

  /** Steward stops while the log is away: what was known last is enough to end what runs. */
  function keepKnown(error: unknown): Readonly<{ state: Server }> {
    if (!closing) throw error
    return { state: state ?? { situation: 'absent' } }
  }

  function wakeAt(dueAt: string): void {
    alarm.abort()
    alarm = new AbortController()
    const signal = AbortSignal.any([alarm.signal, closed.signal])
    clock.sleep(Math.max(1, Date.parse(dueAt) - Date.parse(clock.now())), signal).then(look, () => undefined)
  }

  async function begin(now: RegisteredServer): Promise<void> {
    const { launch, sessions, identity, slots, logPathOf } = options
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
    const begun = beginLife({
      ...{ runId, config: now.config, launch, sessions, identity, hash, clock, jitter, prior },
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
        prior = { era, version }
        const spoken = { era, protocolVersion: version, serverName: serverInfo.name, serverVersion: serverInfo.version, capabilities }
        await tell({ type: 'ReportServerRunning', data: { runId, ...spoken, now: clock.now() } })
        server.breaker = closedBreaker
        free()
        look()
      },
      async health(facts) {
        if (facts.ready) server.breaker = closedBreaker
        await tell({ type: 'ReportServerHealth', data: { runId, facts, now: clock.now() } })
      },
    }
  }

  /** It ended without being asked. */
  function over(ended: ServerLife, end: LifeEnd): void {
    const { runId } = ended
    const told =
      end.kind === 'stopped'
        ? tell({ type: 'ReportServerStopped', data: { runId, exit: end.exit, now: clock.now() } })
        : tell({
            type: 'ReportServerFailed',
            data: {
              runId,
              reason: end.reason,
              says: protect(end.says),
              exit: end.exit,
              stderrTail: protect(end.stderrTail.slice(-STDERR_EXCERPT)),
              jitter: jitter(),
              now: clock.now(),
            },
          })
    told
      .catch((error: unknown) => logger.error({ serverId, runId, error }, 'the end of a server could not be recorded'))
      .finally(() => {
        if (life === ended) life = undefined
        look()
      })
  }

  async function end(ending: ServerLife, now: Server): Promise<void> {
    const { runId } = ending
    const wasRunning = ending.session !== undefined
    if (wasRunning && now.situation !== 'absent') await tell({ type: 'ReportServerStopping', data: { runId, now: clock.now() } })
    life = undefined
    ending.stop()
    const ended = await ending.ended
    const exit = ended.exit ?? { how: 'gone', code: null, signal: null }
    await tell({ type: 'ReportServerStopped', data: { runId, exit, now: clock.now() } })
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
    while (!life?.session && state && isOnItsWay(state)) {
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

/** How long a failed look waits before the next one. */
const AFTER_ERROR_MS = 1_000
/** Of the end of its error stream, in UTF-16 units: enough for a stack. */
const STDERR_EXCERPT = 3_500

const shouldRun = (server: Server): server is RegisteredServer =>
  server.situation === 'registered' && server.enabled && server.desired === 'running' && server.state !== 'maintenance'

/** It starts, or will by itself. */
const isOnItsWay = (server: RegisteredServer): boolean => shouldRun(server) && (server.state !== 'error' || server.restart !== undefined)
