/**
 * The process manager that ends what is open about a target when it is retired, and what is opened about it afterwards by detections that were on
 * their way. Only incidents are closed here; each gives back its approval and its lanes by itself.
 */
import { unreachable } from '../../decider.ts'
import type { EventOf } from '../../events.ts'
import { command } from '../outputs.ts'
import type { Output, ProcessManager, ReactContext } from '../process-manager.ts'

const inputs = ['IncidentOpened', 'TargetRetired'] as const
type InputType = (typeof inputs)[number]
type Input = EventOf<InputType>

export type Retirement = Readonly<{
  /** The last incident of each fingerprint: a fingerprint has at most one that is open. */
  lastIncidents: ReadonlyMap<string, string>
  /** Undefined while the target is looked after. */
  retired: Readonly<{ by: string; reason: string }> | undefined
}>

export const retirement: ProcessManager<Retirement, InputType> = {
  name: 'retirement',
  introducedFrom: 'start',
  inputs,
  correlate: ({ data }) => data.targetId,
  initialState: { lastIncidents: new Map(), retired: undefined },
  evolve(state, input) {
    switch (input.type) {
      case 'IncidentOpened': {
        const { fingerprintId, incidentId } = input.data
        return { ...state, lastIncidents: new Map(state.lastIncidents).set(fingerprintId, incidentId) }
      }
      case 'TargetRetired':
        return { ...state, retired: { by: input.data.by, reason: input.data.reason } }
      default:
        return unreachable(input)
    }
  },
  react,
}

function react({ lastIncidents, retired }: Retirement, input: Input, { now }: ReactContext): readonly Output[] {
  if (!retired) return []
  const incidents = input.type === 'TargetRetired' ? [...lastIncidents.values()] : [input.data.incidentId]
  const { by } = retired
  const reason = `Its target was retired: ${retired.reason}`
  return incidents.map((id) => command({ aggregate: 'incident', id, command: { type: 'AbandonIncident', data: { by, reason, now } } }))
}
