/** Records detections and counts in the log. The same detection twice is one event; a count names its bytes, so reading them again adds nothing. */
import type { Detection } from '../../domain/anomaly/events.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { HandleCommand, Handled } from '../aggregate-commands.ts'
import type { Counted } from './quiet-period.ts'

export type RecordAnomaly = Readonly<{
  detected: (detection: Detection) => Promise<Handled>
  counted: (counted: Counted) => Promise<Handled>
}>

export const createRecordAnomaly = ({ handle, ids, clock }: { handle: HandleCommand; ids: Ids; clock: Clock }): RecordAnomaly => ({
  detected(detection) {
    const { anomalyId } = detection
    const commandId = ids.derived('detect', anomalyId)
    const cause = { actor: 'steward', correlationId: anomalyId, causationId: commandId, commandId }
    return handle({ aggregate: 'anomaly', id: anomalyId, command: { type: 'DetectAnomaly', data: detection } }, cause)
  },
  counted({ anomalyId, ...range }) {
    const commandId = ids.derived('count', anomalyId, range.generation, String(range.fromOffset))
    const cause = { actor: 'steward', correlationId: anomalyId, causationId: commandId, commandId }
    const data = { ...range, at: clock.now() }
    return handle({ aggregate: 'anomaly', id: anomalyId, command: { type: 'CountRepetition', data } }, cause)
  },
})
