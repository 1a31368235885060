/**
 * What became of one server in an operation, judged by its own events alone: it has reached what was asked, it has failed, or that is still to be
 * seen. A later wish of somebody else ends the waiting: then what was asked is asked no more.
 */
import { unreachable } from '../decider.ts'
import { type Protected, protect } from '../protected.ts'
import type { FailureReason, ServerEvent } from '../server/events.ts'
import { evolve } from '../server/evolve.ts'
import type { RegisteredServer, Server } from '../server/state.ts'
import type { ItemResult } from './bulk.ts'
import type { AskedOperation } from './events.ts'

/**
 * Undefined: not yet.
 * @param asked the server right after it was asked.
 * @param since everything that was recorded of it after that.
 */
export function serverOutcome(kind: AskedOperation, asked: Server, since: readonly ServerEvent[]): ItemResult | undefined {
  switch (kind) {
    case 'servers-enable':
      return { kind: 'succeeded', says: 'enabled' }
    case 'servers-disable':
      return { kind: 'succeeded', says: 'disabled' }
    case 'servers-retire':
      return { kind: 'succeeded', says: 'retired' }
    case 'servers-start':
      return asked.situation === 'registered' ? runs(asked, since, runningOf(asked)) : notRegistered
    case 'servers-restart':
      // It was asked for another run than the one that there was.
      return asked.situation === 'registered' ? runs(asked, since, undefined) : notRegistered
    case 'servers-stop':
      return stops(asked, since)
    default:
      return unreachable(kind)
  }
}

const notRegistered: ItemResult = { kind: 'failed', rule: 'server-not-registered', says: protect('it is not registered any more') }

/** The run that is there and stays; a run that is about to end is not. */
const runningOf = ({ state, run }: RegisteredServer): string | undefined =>
  run === undefined || run.replace || state === 'stopping' ? undefined : run.runId

/** `kept`: a run from before that will do. */
function runs(asked: RegisteredServer, since: readonly ServerEvent[], kept: string | undefined): ItemResult | undefined {
  if (kept !== undefined && asked.state === 'running') return { kind: 'succeeded', says: 'runs already' }
  const before = asked.run?.runId
  const counts = (runId: string): boolean => runId !== before || runId === kept
  for (const event of since) {
    switch (event.type) {
      case 'ServerRunning':
        if (counts(event.data.runId)) return { kind: 'succeeded', says: `runs since ${event.data.at}` }
        break
      case 'ServerFailed':
        if (counts(event.data.runId)) return failed(event.data.reason, event.data.says)
        break
      case 'ServerStopRequested':
      case 'ServerDisabled':
      case 'ServerRetired':
      case 'MaintenanceEntered':
        return superseded(event)
      default:
    }
  }
  return undefined
}

function stops(asked: Server, since: readonly ServerEvent[]): ItemResult | undefined {
  let server = asked
  if (hasEnded(server)) return { kind: 'succeeded', says: 'does not run' }
  for (const event of since) {
    server = evolve(server, event)
    if (event.type === 'ServerFailed' && event.data.reason === 'stop-failed') return failed(event.data.reason, event.data.says)
    // An end is an end, however it came about.
    if (hasEnded(server)) return { kind: 'succeeded', says: `stopped at ${event.data.at}` }
    if (event.type === 'ServerStartRequested' || event.type === 'ServerRestartRequested') return superseded(event)
  }
  return undefined
}

const hasEnded = (server: Server): boolean => server.situation === 'absent' || server.run === undefined

const failed = (rule: FailureReason, says: Protected): ItemResult => ({ kind: 'failed', rule, says })

type Wish = Extract<ServerEvent, Readonly<{ data: Readonly<{ by: string }> }>>

const superseded = ({ type, data }: Wish): ItemResult => ({
  kind: 'failed',
  rule: 'changed-since',
  says: protect(`${type} by ${data.by} came in between`),
})
