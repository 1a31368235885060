/** A process manager as small as they come, over real events: each incident that opens asks for one effect, one timer and one command. */
import { bindProcess } from '../../../src/commands/bound-process.ts'
import type { DomainEvent, EventOf } from '../../../src/domain/events.ts'
import { type Instant, instant } from '../../../src/domain/instant.ts'
import { command, effect, timeout } from '../../../src/domain/processes/outputs.ts'
import type { ProcessManager } from '../../../src/domain/processes/process-manager.ts'

export const now: Instant = instant('2026-11-21T10:00:00.000Z')

type Inputs = 'IncidentAcknowledged' | 'IncidentClosed' | 'TimeoutElapsed' | 'CommandRefused'

/** Counts acknowledgements; each stops healing, in the name of the one who acknowledged. */
export const counting = ({
  poison = () => false,
  reactsAt,
}: {
  poison?: (by: string) => boolean
  reactsAt?: (now: Instant) => void
} = {}) => {
  const process: ProcessManager<readonly string[], Inputs> = {
    name: 'triage',
    introducedFrom: 'start',
    inputs: ['IncidentAcknowledged', 'IncidentClosed', 'TimeoutElapsed', 'CommandRefused'],
    correlate: (input) =>
      input.type === 'TimeoutElapsed' || input.type === 'CommandRefused'
        ? input.data.process === 'triage'
          ? input.data.instance
          : undefined
        : input.data.incidentId,
    initialState: [],
    evolve(seen, input) {
      switch (input.type) {
        case 'IncidentAcknowledged':
          if (poison(input.data.by)) throw new TypeError(`poison: ${input.data.by}`)
          return [...seen, input.data.by]
        case 'TimeoutElapsed':
          return [...seen, `${input.data.name} elapsed`]
        case 'CommandRefused':
          return [...seen, `${input.data.rule}`]
        case 'IncidentClosed':
          return seen
      }
    },
    react(seen, input, context) {
      reactsAt?.(context.now)
      if (input.type !== 'IncidentAcknowledged') return []
      const { by } = input.data
      const keep = command({
        aggregate: 'operation',
        id: `${context.instance}-${by}`,
        command: {
          type: 'StartOperation',
          data: { operationId: `${context.instance}-${by}`, kind: 'projection-verify', subject: seen.join(' '), by, now: context.now },
        },
      })
      const effectId = context.derivedId('effect', by)
      return [
        keep,
        effect(effectId, { kind: 'survey', params: { targetId: by }, timeoutMs: 1_000 }),
        timeout(context.derivedId('timer', by), by, 5_000, context),
      ]
    },
  }
  return bindProcess(process)
}

export const acknowledged = (incidentId: string, by: string): EventOf<'IncidentAcknowledged'> => ({
  type: 'IncidentAcknowledged',
  data: { incidentId, by, at: now },
})

export const unparked = (instance: string, way: 'retry' | 'skip'): DomainEvent => ({
  type: 'InstanceUnparked',
  data: { process: 'triage', instance, way, by: 'mira', reason: 'mended', at: now },
})
