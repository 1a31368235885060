/**
 * What of a managed server is worth an incident, told from the events of its supervisor. The supervisor acts first: only where it has given up, or
 * where acting is not its business, is anything seen. A sight opens an incident; it authorises nothing.
 */
import type { FailureReason, ServerEvent } from '../server/events.ts'
import type { Server } from '../server/state.ts'

export const supervisorSights = ['gave-up-starting', 'gave-up-restarting', 'killed-for-memory', 'tool-changed'] as const
export type SupervisorSight = (typeof supervisorSights)[number]

export type Sight = Readonly<{
  saw: SupervisorSight
  /** Stable words only: they tell its like. */
  hints: Readonly<Record<string, string>>
  says: string
}>

/** The events that may show something. */
export const sightEventTypes = [
  'ServerFailed',
  'ServerDisabled',
  'ServerRestartBudgetExhausted',
  'ToolQuarantined',
] as const satisfies readonly ServerEvent['type'][]

/** @param server as it stands after the event. */
export function sightOf(event: ServerEvent, server: Server): Sight | undefined {
  if (server.situation !== 'registered') return undefined
  switch (event.type) {
    case 'ServerFailed': {
      const { reason, wasRunning, says } = event.data
      if (reason === 'out-of-memory') return failed('killed-for-memory', reason, says.text)
      // Whoever is not to be restarted is given up at once, and no other event says so.
      const isGivenUp = !server.config.autoRestart && server.enabled && server.desired === 'running'
      return isGivenUp ? failed(wasRunning ? 'gave-up-restarting' : 'gave-up-starting', reason, says.text) : undefined
    }
    case 'ServerDisabled':
      return event.data.because === 'failures' && event.data.by === SUPERVISOR
        ? failed(lastWas(server, 'gave-up-starting'), reasonOf(server), `${event.data.reason}: ${saysOf(server)}`)
        : undefined
    case 'ServerRestartBudgetExhausted': {
      const says = `It has crashed ${event.data.crashes} times and is not restarted any more: ${saysOf(server)}`
      return failed(lastWas(server, 'gave-up-restarting'), reasonOf(server), says)
    }
    case 'ToolQuarantined': {
      const { tool, reason } = event.data
      if (reason !== 'changed') return undefined
      return {
        saw: 'tool-changed',
        hints: { tool },
        says: `The server offers another definition of tool ${tool} than the one that was approved.`,
      }
    }
    default:
      return undefined
  }
}

const SUPERVISOR = 'steward'

const failed = (saw: SupervisorSight, reason: string, says: string): Sight => ({ saw, hints: { reason }, says })

type Registered = Extract<Server, { situation: 'registered' }>

/** Given up because of memory, a server needs another remedy than any other: it is one fault, however often the kernel had to end it before. */
const lastWas = ({ failure }: Registered, otherwise: SupervisorSight): SupervisorSight =>
  failure?.reason === 'out-of-memory' ? 'killed-for-memory' : otherwise

const reasonOf = ({ failure }: Registered): FailureReason | 'unknown' => failure?.reason ?? 'unknown'
const saysOf = ({ failure }: Registered): string => failure?.says.text ?? 'no reason is recorded'
