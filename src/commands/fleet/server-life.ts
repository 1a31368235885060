/**
 * One life of a server: started, agreed with, its tools listed, then watched until it ends. A life tells what happens to it in order, and ends once,
 * with the reason; whether another one follows is not its business.
 */
import { elapsedMs } from '../../domain/instant.ts'
import type { ChildEnd } from '../../domain/ports/child-processes.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { McpSession, McpSessions, NegotiateOptions, Prior, ToolListing } from '../../domain/ports/mcp.ts'
import { HandshakeFailed } from '../../domain/ports/mcp.ts'
import type { ServerConfig } from '../../domain/server/config.ts'
import type { Exit, Instructions, SpawnedProcess } from '../../domain/server/events.ts'
import type { HealthFacts } from '../../domain/server/lifecycle.ts'
import type { HashedTool } from '../../domain/server/tool.ts'
import { hashTool } from '../../domain/server/tool-hash.ts'
import type { Slots } from '../../domain/slots.ts'
import type { Launch, Launched } from './launch.ts'
import { exitedWith, failureOf, ItEnded, StartTimedOut, stopFailed, type WhyFailed } from './life-failure.ts'
import { watchHealth } from './watch-health.ts'

export type LifeOptions = Readonly<{
  runId: string
  config: ServerConfig
  /** A person has approved its argument vector. */
  approved: boolean
  logPath: string
  prior: Prior | undefined
  launch: Launch
  sessions: McpSessions
  identity: NegotiateOptions['identity']
  hash: Hash
  clock: Clock
  /** 0 up to 1, from outside: spreads what is done at intervals. */
  jitter: () => number
  probes: Slots
  hears: LifeListener
}>

/** What a life tells, in this order: each call is waited for before the next one is made, unless the life is asked to end meanwhile. */
export type LifeListener = Readonly<{
  spawned(process: SpawnedProcess): Promise<void>
  /** The first time before `running`. */
  tools(tools: readonly HashedTool[], instructions: Instructions | null, listing: ToolListing): Promise<void>
  running(session: McpSession): Promise<void>
  /** One probe's answer, at once; what is made of several comes through `health`. */
  probed(facts: HealthFacts): void
  health(facts: HealthFacts): Promise<void>
}>

export type LifeEnd =
  | Readonly<{ kind: 'stopped'; exit: Exit }>
  | (Readonly<{ kind: 'failed'; exit: Exit | null; stderrTail: string }> & WhyFailed)

export interface ServerLife {
  readonly runId: string
  readonly config: ServerConfig
  /** Undefined until it runs, and when it ends. */
  readonly session: McpSession | undefined
  /** Never rejects. */
  readonly ended: Promise<LifeEnd>
  /** Ends it, whatever it is at; with less patience than it is configured to have, where there is no time for that. */
  stop(mostGraceMs?: number): void
  /** Lists the tools now, and tells them. @throws McpRequestFailed */
  refresh(): Promise<void>
}

/** At most so long for one listing of tools. */
const LIST_TIMEOUT_MS = 30_000
/** Changes that are told shortly after each other are one listing. Each listing may be an entry of the log, so who goes on telling is heard less often. */
const SETTLE_MS = 200
const LONGEST_SETTLE_MS = 60_000
const HANDSHAKE_MARGIN_MS = 100
const REFRESH_EVERY_MS = 3_600_000

export function beginLife(options: LifeOptions): ServerLife {
  const { runId, config, hears, clock, sessions, hash } = options
  const stopping = new AbortController()
  const begunAt = clock.now()
  let launched: Launched | undefined
  let session: McpSession | undefined
  let hasEnded = false
  let graceMs = config.stopGraceMs

  async function lead(): Promise<LifeEnd> {
    const why = await live().catch(failureOf)
    session = undefined
    try {
      // What has ended by itself is not waited for; only what it left behind is cleared away.
      const exit = (await launched?.stop(hasEnded ? 0 : graceMs)) ?? null
      if (why === undefined) return { kind: 'stopped', exit: exit ?? { how: 'gone', code: null, signal: null } }
      return { kind: 'failed', ...why, exit, stderrTail: launched?.stderrTail() ?? '' }
    } catch (error) {
      return { kind: 'failed', ...stopFailed(error, why), exit: null, stderrTail: launched?.stderrTail() ?? '' }
    }
  }

  /** Undefined: it was asked to stop. */
  async function live(): Promise<WhyFailed | undefined> {
    try {
      const agreed = await start()
      session = agreed.session
      // A crash meanwhile is told after it; whoever wants it to end does not wait for the log.
      await Promise.race([hears.running(agreed.session), rejected(stopping.signal)])
      return await watch(agreed.launched, agreed.session)
    } catch (error) {
      if (stopping.signal.aborted) return undefined
      throw error
    }
  }

  /** Its time-out is for the server alone: what has to wait for our log meanwhile is no failure of it. */
  async function start(): Promise<Readonly<{ launched: Launched; session: McpSession }>> {
    const timedOut = new AbortController()
    const decided = new AbortController()
    clock.sleep(config.startTimeoutMs, AbortSignal.any([stopping.signal, decided.signal])).then(
      () => timedOut.abort(new StartTimedOut(config.startTimeoutMs)),
      () => undefined,
    )
    const signal = AbortSignal.any([stopping.signal, timedOut.signal])
    try {
      const ready = await launchAndAgree(options.prior, signal).catch(async (error: unknown) => {
        signal.throwIfAborted()
        if (!(error instanceof HandshakeFailed) || error.tryNext === undefined) throw error
        // It died of being asked in a way that it does not know: once more, in the way that it does.
        await launched?.stop(graceMs)
        return await launchAndAgree(error.tryNext, signal).catch((again: unknown) => {
          signal.throwIfAborted()
          throw again
        })
      })
      decided.abort()
      // Nothing more is asked of it, so it may wait for an outage of the log to pass; not beyond its end, nor that of everybody's patience.
      await unlessItEnds(ready.launched, ready.spawnTold, stopping.signal)
      await unlessItEnds(ready.launched, tellTools(ready.session, ready.listing), stopping.signal)
      return ready
    } finally {
      decided.abort()
    }
  }

  async function launchAndAgree(prior: Prior | undefined, signal: AbortSignal) {
    const { launch, approved, logPath, identity } = options
    const it = await launch({ runId, config, approved, logPath })
    launched = it
    hasEnded = false
    it.ended.then(() => {
      hasEnded = launched === it
    })
    const spawnTold = it.process ? hears.spawned(it.process) : Promise.resolve()
    spawnTold.catch(() => undefined)
    const known = prior === undefined ? {} : { prior }
    // A little less than there is: the handshake knows what came instead of an answer, and that says more than that the time is over.
    const timeoutMs = Math.max(1, config.startTimeoutMs - elapsedMs(begunAt, clock.now()) - HANDSHAKE_MARGIN_MS)
    const agreeing = sessions.negotiate(it.link, { identity, timeoutMs, ...known, signal })
    const agreed = await unlessItEnds(it, agreeing, signal)
    const listing = await unlessItEnds(it, listed(agreed, signal), signal)
    return { launched: it, session: agreed, listing, spawnTold }
  }

  const listed = (agreed: McpSession, signal: AbortSignal): Promise<ToolListing> =>
    sessions.listTools(agreed, { timeoutMs: LIST_TIMEOUT_MS, signal })

  /** And tells what is there. */
  const list = async (agreed: McpSession, signal: AbortSignal): Promise<void> => tellTools(agreed, await listed(agreed, signal))

  async function tellTools(agreed: McpSession, listing: ToolListing): Promise<void> {
    const { instructions } = agreed.negotiated
    const told = instructions === undefined ? null : { hash: hash.sha256(instructions), text: instructions }
    const hashed = listing.tools.map((tool) => hashTool(tool, hash))
    await hears.tools(hashed, told, listing)
  }

  /** Until something ends it. Undefined: it was asked to stop. */
  async function watch(it: Launched, agreed: McpSession): Promise<WhyFailed | undefined> {
    const over = new AbortController()
    const signal = AbortSignal.any([over.signal, stopping.signal])
    const unhear = keepListing(agreed, signal)
    try {
      return await Promise.race([
        rejected(stopping.signal).catch(() => undefined),
        it.ended.then(exitedWith),
        lineClosed(it, agreed),
        watchHealth({
          sessions,
          clock,
          hears,
          session: agreed,
          jitter: options.jitter,
          probes: options.probes,
          // A server that is seldom probed is still asked every hour what it offers.
          everyMs: config.autoRefresh ? Math.min(config.healthEveryMs, REFRESH_EVERY_MS) : config.healthEveryMs,
          signal,
          list: () => (config.autoRefresh ? list(agreed, signal) : listed(agreed, signal).then(() => undefined)),
        }),
      ])
    } finally {
      unhear()
      over.abort()
    }
  }

  async function lineClosed(it: Launched, agreed: McpSession): Promise<WhyFailed> {
    const { reason, says } = await agreed.ended
    // It was ended for that: how it ended says less.
    if (reason === 'output-too-large') return { reason, says }
    // A program that ends closes its output a moment before; its own end says more.
    const end = await Promise.race([it.ended, clock.sleep(100).then(() => undefined)])
    if (end !== undefined) return exitedWith(end)
    if (reason === 'unreachable') return { reason, says }
    return { reason: 'output-closed', says }
  }

  /** Lists again when the server says that something changed. A listing that fails is told by health, and tried again there. */
  function keepListing(agreed: McpSession, signal: AbortSignal): () => void {
    let due = false
    let settleMs = SETTLE_MS
    let listedAt = clock.now()
    async function settled(): Promise<void> {
      if (due) return
      due = true
      if (elapsedMs(listedAt, clock.now()) > LONGEST_SETTLE_MS) settleMs = SETTLE_MS
      await clock.sleep(settleMs, signal)
      due = false
      listedAt = clock.now()
      settleMs = Math.min(2 * settleMs, LONGEST_SETTLE_MS)
      await list(agreed, signal)
    }
    return agreed.hear({
      notified(message) {
        if (message.value['method'] === 'notifications/tools/list_changed') settled().catch(() => undefined)
      },
    })
  }

  const ended = lead()
  return {
    runId,
    config,
    get session() {
      return session
    },
    ended,
    stop(mostGraceMs = graceMs) {
      const isLess = mostGraceMs < graceMs
      graceMs = Math.min(graceMs, mostGraceMs)
      // It may be on its way out already, with more patience than there is by now; the one who waits for that hears how it went.
      if (stopping.signal.aborted && isLess) launched?.stop(hasEnded ? 0 : graceMs).catch(() => undefined)
      stopping.abort(new Error('asked to stop'))
    },
    async refresh() {
      if (session) await list(session, stopping.signal)
    },
  }
}

/** What comes first: the work, the end of the program, or the end of the time. */
async function unlessItEnds<T>(it: Launched, work: Promise<T>, signal: AbortSignal): Promise<T> {
  const ends = it.ended.then((end: ChildEnd) => {
    throw new ItEnded(end)
  })
  try {
    return await Promise.race([work, ends, rejected(signal)])
  } catch (error) {
    // The line closes a moment before the program is known to have ended, and the end says more.
    const known = await Promise.race([it.ended, Promise.resolve(undefined)])
    if (known !== undefined && !(error instanceof HandshakeFailed && error.tryNext !== undefined)) throw new ItEnded(known)
    throw error
  }
}

const rejected = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
