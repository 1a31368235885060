/**
 * Carries out operations on many servers, a bounded number of servers at a time. The stream of the operation is the whole record of what began
 * and what ended, so a runner that comes after a crash goes on where the last one was. One instance runs them at a time, the one that supervises:
 * there are the programs that an upgrade tries. Safety rests on that stream, where an item begins once and ends once, and on the ids of its commands.
 */
import type { Recorded } from '../../domain/events.ts'
import type { BulkCommand, BulkState, ItemResult } from '../../domain/operation/bulk.ts'
import type { CanaryStart } from '../../domain/ports/canary-start.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { Position, StreamName } from '../../domain/ports/event-store.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { Lease, Leases } from '../../domain/ports/leases.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import type { OperationRoster } from '../../domain/ports/operation-roster.ts'
import { protect } from '../../domain/protected.ts'
import { createSlots } from '../../domain/slots.ts'
import type { HandleCommand } from '../aggregate-commands.ts'
import { CommandRefused } from '../command-refused.ts'
import type { EventLog } from '../event-log.ts'
import { throughOutages } from '../retry.ts'
import { carryOut } from './server-item.ts'
import { createServerWatch } from './server-watch.ts'
import { type UpgradeOptions, upgradeServer } from './upgrade-item.ts'

export type BulkRunnerOptions = Readonly<{
  log: EventLog
  handle: HandleCommand
  commands: UpgradeOptions['commands']
  canary: CanaryStart
  drain: UpgradeOptions['drain']
  roster: OperationRoster
  leases: Leases
  ids: Ids
  hash: Hash
  clock: Clock
  logger: Logger
  /** Whether this instance supervises: only there are the programs that an upgrade tries, and the calls that it lets end. */
  supervises: () => boolean
  /** Servers at the same time, over all operations. Default: 16. */
  concurrency?: number
  /** After so long without an end, what became of a server is *unknown*. Default: 180 s. */
  itemTimeoutMs?: number
}>

export type BulkRunner = Readonly<{
  /** Runs until the signal aborts. What is under way then is gone on with by the next runner. */
  run: (signal: AbortSignal) => Promise<void>
}>

/** How often an instance that does not run operations tries to take over, and how long one that failed waits; how often one that does looks whether it may. */
const TAKE_OVER_EVERY_MS = 1_000
const TAKE_UP_AGAIN_MS = 5_000

export function createBulkRunner(options: BulkRunnerOptions): BulkRunner {
  const { log, handle, commands, canary, drain, roster, leases, supervises, ids, hash, clock, logger } = options
  const { concurrency = 16, itemTimeoutMs = 180_000 } = options
  const slots = createSlots(concurrency)

  return {
    async run(signal) {
      while (!signal.aborted) {
        const lease = supervises() ? await tryHold() : undefined
        if (lease) {
          await using held = lease
          using supervising = whileSupervising()
          const until = AbortSignal.any([signal, held.lost, supervising.signal])
          await whileHeld(until).catch((error: unknown) => {
            if (!until.aborted) logger.error({ error }, 'operations could not be carried out; they begin again')
          })
        }
        if (!signal.aborted) await clock.sleep(TAKE_OVER_EVERY_MS, signal).catch(() => undefined)
      }
    },
  }

  async function tryHold(): Promise<Lease | undefined> {
    return await leases.tryHold('bulk-operations').catch((error: unknown) => {
      logger.warn({ error }, 'whether another instance carries out operations could not be found out')
      return undefined
    })
  }

  /** Its signal aborts when this instance supervises no more. */
  function whileSupervising(): Disposable & Readonly<{ signal: AbortSignal }> {
    const no = new AbortController()
    const over = new AbortController()
    void (async () => {
      while (!over.signal.aborted && supervises()) await clock.sleep(TAKE_OVER_EVERY_MS, over.signal).catch(() => undefined)
      no.abort(new Error('another instance supervises'))
    })()
    return { signal: no.signal, [Symbol.dispose]: () => over.abort() }
  }

  async function whileHeld(until: AbortSignal): Promise<void> {
    const failed = new AbortController()
    const signal = AbortSignal.any([until, failed.signal])
    const watch = createServerWatch({ store: log.store, clock })
    const active = new Map<string, Promise<void>>()
    const begin = (operationId: string): void => {
      if (active.has(operationId)) return
      active.set(
        operationId,
        toItsEnd(operationId, watch, signal).finally(() => active.delete(operationId)),
      )
    }
    try {
      await Promise.all([watch.run(signal), follow(begin, signal)].map((part) => part.catch((error: unknown) => failed.abort(error))))
    } finally {
      failed.abort()
      await Promise.all(active.values())
    }
    if (!until.aborted) throw failed.signal.reason
  }

  async function follow(begin: (operationId: string) => void, signal: AbortSignal): Promise<void> {
    const { operationIds, position } = await roster.openBulk()
    for (const operationId of operationIds) begin(operationId)
    for await (const item of log.store.subscribe({ ...from(position), types: ['OperationStarted'], signal })) {
      if (!('checkpoint' in item)) begin(item.stream.slice('operation-'.length))
    }
  }

  /** What cannot be gone on with now is taken up again from its stream: an operation must not stand still until the next start. */
  async function toItsEnd(operationId: string, watch: ReturnType<typeof createServerWatch>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        return await conduct(operationId, watch, signal)
      } catch (error) {
        if (signal.aborted) return
        logger.error({ operationId, error }, 'an operation could not be carried out; it is taken up again')
        await clock.sleep(TAKE_UP_AGAIN_MS, signal).catch(() => undefined)
      }
    }
  }

  async function conduct(operationId: string, watch: ReturnType<typeof createServerWatch>, signal: AbortSignal): Promise<void> {
    const stream: StreamName = `operation-${operationId}`
    const [started] = await throughOutages(async () => (await log.load(stream)).events, { clock, signal })
    const { state } = await throughOutages(() => log.states.operation(operationId), { clock, signal })
    if (started?.type !== 'OperationStarted' || !('items' in state) || hasEnded(state)) return
    logger.info({ operationId, kind: state.kind, items: state.items.size }, 'carrying out an operation')
    const record = recorder(operationId, started)
    const open = [...state.items.values()].filter((item) => item.state === 'waiting' || item.state === 'started')
    // What a runner before began stands first: somebody has waited for it longest.
    const inOrder = open.toSorted((a, b) => Number(b.state === 'started') - Number(a.state === 'started'))
    // Whatever becomes of one server, the others come to their end first.
    const taken = await Promise.allSettled(inOrder.map(({ id }) => take(id)))
    const failed = taken.find((each) => each.status === 'rejected')
    if (failed) throw failed.reason

    async function take(serverId: string): Promise<void> {
      const free = await slots.take(signal)
      try {
        const commandId = ids.derived('bulk-item', operationId, serverId)
        const begun = { type: 'BeginOperationItem', data: { item: serverId, commandId, now: clock.now() } } as const
        // Refused: cancelled, or ended by another runner.
        if (!(await record(`begin ${serverId}`, begun, signal))) return
        const result = await resultOf(serverId, commandId)
        await record(`end ${serverId}`, { type: 'EndOperationItem', data: { item: serverId, result, now: clock.now() } }, signal)
      } finally {
        free()
      }
    }

    async function resultOf(serverId: string, commandId: string): Promise<ItemResult> {
      if (!('items' in state) || started === undefined) throw new TypeError(`${stream} is no operation on many items`)
      const { reason, by } = state
      const { actor, correlationId } = started.metadata
      const meta = { actor, owner: by, commandId, correlationId, bodyHash: commandId }
      const { state: now } = await throughOutages(() => log.states.operation(operationId), { clock, signal })
      const item = 'items' in now ? now.items.get(serverId) : undefined
      const startedAt = item?.state === 'started' ? item.at : clock.now()
      try {
        if (state.kind === 'servers-upgrade') {
          const { version, digest } = state
          const parts = { commands, canary, drain, log, watch, ids, hash, clock }
          return await upgradeServer({ serverId, version, digest, reason, meta }, parts, signal)
        }
        const parts = { commands, log, watch, clock, timeoutMs: itemTimeoutMs }
        return await carryOut({ kind: state.kind, serverId, reason, meta, startedAt }, parts, signal)
      } catch (error) {
        signal.throwIfAborted()
        logger.error({ operationId, serverId, error }, 'what became of a server in an operation could not be found out')
        return { kind: 'unknown', says: protect(error instanceof Error ? error.message : String(error)) }
      }
    }
  }

  /** Writes to the stream of one operation, one after the other: many items at once would only get in each other's way. */
  function recorder(operationId: string, { metadata: { correlationId, eventId } }: Recorded) {
    let last: Promise<unknown> = Promise.resolve()
    const write = async (part: string, command: BulkCommand, signal: AbortSignal): Promise<boolean> => {
      const commandId = ids.derived('bulk-operation', operationId, part)
      const cause = { actor: 'steward', correlationId, causationId: eventId, commandId }
      try {
        await throughOutages(() => handle({ aggregate: 'operation', id: operationId, command }, cause), { clock, signal })
        return true
      } catch (error) {
        if (error instanceof CommandRefused) return false
        throw error
      }
    }
    return (part: string, command: BulkCommand, signal: AbortSignal): Promise<boolean> => {
      const written = last.then(() => write(part, command, signal))
      last = written.catch(() => undefined)
      return written
    }
  }
}

const hasEnded = ({ situation }: BulkState): boolean => situation !== 'running' && situation !== 'cancelling'

const from = (position: Position | undefined) => (position === undefined ? {} : { after: position })
