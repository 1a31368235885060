/** Operations on many servers over a log in memory, with a fleet that does at once what it is asked, and runners that die where the test says. */
import { onTestFinished } from 'vitest'
import { createCommandHandler } from '../../../src/commands/aggregate-commands.ts'
import { createEventLog } from '../../../src/commands/event-log.ts'
import { type BulkRunnerOptions, createBulkRunner } from '../../../src/commands/fleet/bulk-runner.ts'
import { createAttempt } from '../../../src/commands/operator/attempts.ts'
import { createBulkCommands } from '../../../src/commands/operator/bulk-commands.ts'
import { createServerCommands } from '../../../src/commands/operator/server-commands.ts'
import { decidedAgain } from '../../../src/commands/retry.ts'
import type { DomainEvent, Recorded } from '../../../src/domain/events.ts'
import type { AskedOperation } from '../../../src/domain/operation/events.ts'
import type { EventStore } from '../../../src/domain/ports/event-store.ts'
import type { Lease, Leases } from '../../../src/domain/ports/leases.ts'
import type { ServerEvent } from '../../../src/domain/server/events.ts'
import { config, failed, negotiated } from '../../domain/server/given.ts'
import { createBench } from '../support/bench.ts'
import { settled } from '../support/hand-clock.ts'

/** The process ends here: before the append reached the store, or after. */
export type Crash = Readonly<{ atAppend: number; when: 'before' | 'after' }>

/** `stumbles`: the first append of such an event throws what nobody retries. */
type Faults = Readonly<{ crash?: Crash; stumbles?: (type: string) => boolean }>

export function createBulkBench() {
  const bench = createBench()
  const { store, codec, ids, clock, hash, logger } = bench
  const held = new Set<string>()
  const leases: Leases = {
    async tryHold(name): Promise<Lease | undefined> {
      if (held.has(name)) return undefined
      held.add(name)
      return { name, lost: new AbortController().signal, [Symbol.asyncDispose]: async () => void held.delete(name) }
    },
    isHeld: async (name) => held.has(name),
  }
  const tools = { ...bench, attempt: createAttempt(bench), byName: new Map() }
  const servers = createServerCommands(tools, { hash })
  const commands = createBulkCommands(tools, { servers })
  const meta = (commandId: string) => ({
    ...{ actor: 'key-1', owner: 'mira', commandId, correlationId: commandId, bodyHash: commandId },
  })

  /** A program of its own: what it remembers dies with it. */
  function start({ crash, stumbles, ...options }: Partial<BulkRunnerOptions> & Faults = {}) {
    const process = new AbortController()
    let appends = 0
    let hasStumbled = false
    const mortal: EventStore = {
      ...store,
      async append(stream, expected, events) {
        if (process.signal.aborted) throw process.signal.reason
        if (!hasStumbled && events.some(({ type }) => stumbles?.(type))) {
          hasStumbled = true
          throw new Error('nobody foresaw this')
        }
        const dies = appends++ === crash?.atAppend
        if (dies && crash.when === 'before') process.abort(new Error('the process died'))
        if (process.signal.aborted) throw process.signal.reason
        const appended = await store.append(stream, expected, events)
        if (dies) process.abort(new Error('the process died'))
        if (process.signal.aborted) throw process.signal.reason
        return appended
      },
    }
    const log = createEventLog({ store: mortal, codec, ids })
    const handle = createCommandHandler(log)
    const own = { attempt: createAttempt({ log, clock }), handle, log, ids, clock, byName: new Map() }
    const runner = createBulkRunner({
      ...{ log, handle, leases, ids, hash, clock, logger },
      ...{
        canary: { tryStart: () => Promise.reject(new Error('nobody tries')) },
        drain: async () => ({ [Symbol.dispose]: () => undefined }),
        supervises: () => true,
      },
      commands: createServerCommands(own, { hash }),
      roster: {
        openBulk: async () => ({
          operationIds: bench.all().flatMap((event) => (event.type === 'OperationStarted' ? [event.data.operationId] : [])),
          position: await store.head(),
        }),
      },
      ...options,
    })
    const running = runner.run(process.signal)
    const stop = async (): Promise<void> => {
      process.abort(new Error('the test is over'))
      await rest()
      await running
    }
    onTestFinished(stop)
    return { stop, appends: () => appends, died: process.signal }
  }

  return {
    ...bench,
    leases,
    commands,
    servers,
    meta,
    start,
    rest,
    async register(id: string, changes: Partial<{ enabled: boolean; builtIn: boolean }> = {}): Promise<void> {
      const data = { serverId: id, name: `name-${id}`, config, builtIn: false, enabled: true, by: 'mira', at: clock.now(), ...changes }
      await bench.given(`server-${id}`, { type: 'ServerRegistered', data })
    },
    ask: (kind: AskedOperation, ids: readonly string[], commandId = 'c-1') =>
      commands.startBulk({ kind, items: ids.map((id) => ({ id, name: null })), reason: 'because', meta: meta(commandId) }),
    /** Does what servers are asked. `behaves` answers with how; undefined: nothing happens. */
    fleet(behaves: (serverId: string) => 'well' | 'fails' | undefined = () => 'well'): void {
      const stopping = new AbortController()
      onTestFinished(() => stopping.abort())
      void follow(bench, behaves, stopping.signal)
    },
    results: (): readonly string[] => bench.all().flatMap(resultOf),
    count: (type: DomainEvent['type'], stream?: string): number =>
      bench.all().filter((event) => event.type === type && (stream === undefined || event.stream === stream)).length,
  }
}

async function rest(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await settled()
}

function resultOf(event: Recorded): readonly string[] {
  switch (event.type) {
    case 'OperationItemSucceeded':
      return [`${event.data.item} succeeded`]
    case 'OperationItemFailed':
      return [`${event.data.item} ${event.data.rule}`]
    case 'OperationItemUnknown':
      return [`${event.data.item} unknown`]
    case 'OperationEnded':
      return [event.data.outcome]
    default:
      return []
  }
}

type Asked = Extract<ServerEvent, { type: 'ServerStartRequested' | 'ServerStopRequested' | 'ServerRestartRequested' }>

async function follow(
  bench: ReturnType<typeof createBench>,
  behaves: (serverId: string) => 'well' | 'fails' | undefined,
  signal: AbortSignal,
): Promise<void> {
  const runs = new Map<string, string>()
  let run = 0
  const types = ['ServerStartRequested', 'ServerStopRequested', 'ServerRestartRequested']
  for await (const item of bench.store.subscribe({ types, signal })) {
    if ('checkpoint' in item) continue
    // The filter lets no other type through.
    const { type, data } = bench.codec.decode(item) as Recorded<Asked>
    const { serverId } = data
    const how = behaves(serverId)
    if (how === undefined) continue
    const of = { serverId, at: bench.clock.now() }
    const old = runs.get(serverId)
    const end: ServerEvent[] =
      old === undefined
        ? []
        : [
            { type: 'ServerStopping', data: { ...of, runId: old } },
            { type: 'ServerStopped', data: { ...of, runId: old, exit: { how: 'asked', code: 0, signal: null } } },
          ]
    runs.delete(serverId)
    const runId = `r-${++run}`
    const begin: ServerEvent[] =
      type === 'ServerStopRequested' ? [] : [{ type: 'ServerStarting', data: { ...of, runId, supervisorId: 'steward-a' } }]
    if (begin.length > 0 && how === 'well') {
      begin.push({ type: 'ServerRunning', data: { ...of, runId, ...negotiated, startedInMs: 0 } })
      runs.set(serverId, runId)
    }
    if (begin.length > 0 && how === 'fails') {
      const data = failed({ wasRunning: false, failedStarts: 1, crashes: 0 }, runId).data
      begin.push({ type: 'ServerFailed', data: { ...data, serverId } } as ServerEvent)
    }
    // Whoever asked may go on asking meanwhile.
    if (end.length + begin.length > 0) await decidedAgain(() => bench.given(`server-${serverId}`, ...end, ...begin))
  }
}
