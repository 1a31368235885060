/**
 * One server of an operation: asked by a command of its own, whose id is the same in every attempt, then watched until it is what was asked, or
 * has failed. Asked again after a crash, it answers as it did the first time, and the watching goes on from there.
 */
import type { Recorded } from '../../domain/events.ts'
import { elapsedMs, type Instant } from '../../domain/instant.ts'
import type { ItemResult } from '../../domain/operation/bulk.ts'
import type { AskedOperation } from '../../domain/operation/events.ts'
import { serverOutcome } from '../../domain/operation/server-outcome.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { StreamName } from '../../domain/ports/event-store.ts'
import { protect } from '../../domain/protected.ts'
import type { ServerEvent } from '../../domain/server/events.ts'
import { evolve } from '../../domain/server/evolve.ts'
import { server } from '../../domain/server/server.ts'
import type { Server } from '../../domain/server/state.ts'
import { CommandRefused } from '../command-refused.ts'
import type { EventLog } from '../event-log.ts'
import type { CommandMeta, Outcome } from '../operator/operator-command.ts'
import type { ServerCommands } from '../operator/server-commands.ts'
import { throughOutages } from '../retry.ts'
import type { ServerWatch } from './server-watch.ts'

export type ServerItem = Readonly<{
  kind: AskedOperation
  serverId: string
  reason: string
  meta: CommandMeta
  /** When it began, the first time. */
  startedAt: Instant
}>

export type ServerItemOptions = Readonly<{
  commands: AskedCommands
  log: EventLog
  watch: ServerWatch
  clock: Clock
  /** After so long without an end, nobody can say. */
  timeoutMs: number
}>

export type AskedCommands = Pick<
  ServerCommands,
  'startServer' | 'stopServer' | 'restartServer' | 'enableServer' | 'disableServer' | 'retireServer'
>

const commandOf = {
  'servers-start': 'startServer',
  'servers-stop': 'stopServer',
  'servers-restart': 'restartServer',
  'servers-enable': 'enableServer',
  'servers-disable': 'disableServer',
  'servers-retire': 'retireServer',
} as const satisfies Readonly<Record<AskedOperation, keyof AskedCommands>>

export const bulkCommandOf = <Commands extends AskedCommands>(commands: Commands, kind: AskedOperation) => commands[commandOf[kind]]

/** A subscription that lost its way must not keep anybody waiting to the end. */
const LOOK_AGAIN_MS = 5_000
/** The instance that began the command may still live. */
const ASK_AGAIN_MS = 1_000

/** @throws the reason of the signal: it is not known to have ended. */
export async function carryOut(item: ServerItem, options: ServerItemOptions, signal: AbortSignal): Promise<ItemResult> {
  const { kind, serverId, startedAt } = item
  const { log, watch, clock, timeoutMs } = options
  const stream: StreamName = `server-${serverId}`
  using waiting = watch.of(serverId)
  let revision: bigint | undefined
  try {
    revision = (await ask(item, options, signal)).revision
  } catch (error) {
    if (!(error instanceof CommandRefused)) throw error
    return { kind: 'failed', rule: error.rule, says: protect(wordsOf(error)) }
  }
  const asked = await throughOutages(() => stateAt(log, stream, revision), { clock, signal })
  const since: ServerEvent[] = []
  let next = (revision ?? -1n) + 1n
  for (;;) {
    await throughOutages(() => readOn(), { clock, signal })
    const outcome = serverOutcome(kind, asked, since)
    if (outcome) return outcome
    const leftMs = timeoutMs - elapsedMs(startedAt, clock.now())
    if (leftMs <= 0) return { kind: 'unknown', says: protect(standing(since.reduce(evolve, asked), timeoutMs)) }
    await waiting.changed(Math.min(leftMs, LOOK_AGAIN_MS), signal)
  }

  async function readOn(): Promise<void> {
    for await (const recorded of log.store.readStream(stream, { from: next })) {
      const event: Recorded = log.codec.decode(recorded)
      if (isServerEvent(event)) since.push(event)
      next = event.revision + 1n
    }
  }
}

async function ask(item: ServerItem, { commands, clock, timeoutMs }: ServerItemOptions, signal: AbortSignal): Promise<Outcome> {
  const { kind, serverId: id, reason, meta, startedAt } = item
  for (;;) {
    try {
      return await throughOutages(() => bulkCommandOf(commands, kind)({ id, reason, meta }), { clock, signal })
    } catch (error) {
      const elsewhere = error instanceof CommandRefused && error.rule === 'command-in-progress'
      if (!elsewhere || elapsedMs(startedAt, clock.now()) >= timeoutMs) throw error
      await clock.sleep(ASK_AGAIN_MS, signal)
    }
  }
}

/** Right after the event of that revision. */
async function stateAt({ store, codec }: EventLog, stream: StreamName, revision: bigint | undefined): Promise<Server> {
  let state = server.initialState
  if (revision === undefined) return state
  for await (const recorded of store.readStream(stream)) {
    if (recorded.revision > revision) break
    const event: Recorded = codec.decode(recorded)
    if (isServerEvent(event)) state = evolve(state, event)
  }
  return state
}

/** Only its aggregate writes to the stream of a server, so the name of the stream is the proof. */
const isServerEvent = (event: Recorded): event is Recorded<ServerEvent> => event.stream.startsWith('server-')

function standing(now: Server, timeoutMs: number): string {
  const seconds = Math.round(timeoutMs / 1_000)
  if (now.situation !== 'registered') return `after ${seconds} s it is ${now.situation}`
  return `after ${seconds} s it is ${now.state}; whether it gets there is not known`
}

/** What the rule says for itself, or else its facts. */
function wordsOf({ rule, facts }: CommandRefused): string {
  const { says, hint, ...rest } = facts
  if (typeof says === 'string') return says
  const known = Object.entries(rest).map(([name, value]) => `${name}: ${value}`)
  const words = [...known, ...(typeof hint === 'string' ? [hint] : [])]
  return words.length === 0 ? rule.replaceAll('-', ' ') : words.join('; ')
}
