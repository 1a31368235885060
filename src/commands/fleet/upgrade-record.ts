/**
 * What the stream of a server tells about an upgrade of it: which of its steps were taken, by the ids of their commands, what runs by them, and what
 * somebody else has decided meanwhile. An upgrade acts on nothing else, so it goes on after a crash from where it was, and takes nothing of others back.
 */
import type { Recorded } from '../../domain/events.ts'
import type { ServerConfig } from '../../domain/server/config.ts'
import { changedFields } from '../../domain/server/config-diff.ts'
import type { ServerEvent } from '../../domain/server/events.ts'
import { evolve } from '../../domain/server/evolve.ts'
import { server } from '../../domain/server/server.ts'
import type { RegisteredServer, Server } from '../../domain/server/state.ts'
import type { EventLog } from '../event-log.ts'

export type ServerRecord = readonly Recorded<ServerEvent>[]

/** Only its aggregate writes to the stream of a server, so the name of the stream is the proof. */
export const recordOf = async (serverId: string, log: Pick<EventLog, 'load'>): Promise<ServerRecord> =>
  (await log.load(`server-${serverId}`)).events.filter((event): event is Recorded<ServerEvent> => event.stream.startsWith('server-'))

export const fold = (events: readonly ServerEvent[]): Server => events.reduce(evolve, server.initialState)

/** The first thing that a command did. Undefined: it has not been carried out, or there was nothing to do. */
export const doneBy = (record: ServerRecord, commandId: string): Recorded<ServerEvent> | undefined =>
  record.find(({ metadata }) => metadata.causationId === commandId)

/** The first run that began to run by the restart that a command asked for. Later ones are none of its. */
export function runBy(record: ServerRecord, commandId: string): string | undefined {
  const asked = record.findIndex(({ metadata }) => metadata.causationId === commandId)
  if (asked < 0) return undefined
  const then = fold(record.slice(0, asked + 1))
  const before = then.situation === 'absent' ? undefined : then.run?.runId
  const running = record.slice(asked + 1).find(({ type, data }) => type === 'ServerRunning' && data.runId !== before)
  return running?.type === 'ServerRunning' ? running.data.runId : undefined
}

/** Whether it is to run at this moment: only then is there a run to be replaced. */
export const isToRun = (state: RegisteredServer): boolean => state.enabled && state.desired === 'running' && state.state !== 'maintenance'

/** What somebody has decided about whether it runs. Undefined: nothing; that its supervisor has given it up is nobody's decision. */
export function decidedOtherwise(state: Server): string | undefined {
  if (state.situation !== 'registered') return 'it was retired in between'
  if (!state.enabled) return state.disabledBecause === 'failures' ? undefined : 'it was disabled in between'
  if (state.state === 'maintenance') return 'it was put into maintenance in between'
  return state.desired === 'stopped' && !state.exhausted ? 'it was stopped in between' : undefined
}

/** What makes it wrong to restart it into `config`, or to take `config` back. */
export function configuredOtherwise(state: Server, config: ServerConfig): string | undefined {
  if (state.situation !== 'registered') return 'it was retired in between'
  return changedFields(state.config, config).length > 0 ? 'its configuration was changed in between' : undefined
}
