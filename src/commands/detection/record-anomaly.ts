/** Records detections and counts in the log. The same detection twice is one event; a count names its bytes, so reading them again adds nothing. */
import type { Detection } from '../../domain/anomaly/events.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { HandleCommand, Handled } from '../aggregate-commands.ts'
import type { EventLog } from '../event-log.ts'
import type { Counted } from './quiet-period.ts'

export type RecordAnomaly = Readonly<{
  detected: (detection: Detection) => Promise<Detected>
  counted: (counted: Counted) => Promise<Handled>
}>

/** `knownTo`: it was in the log before, and the lines of its file up to this offset are accounted for. Undefined: it is new, or was no line. */
export type Detected = Handled & Readonly<{ knownTo: number | undefined }>

export type RecordAnomalyOptions = Readonly<{ handle: HandleCommand; log: Pick<EventLog, 'states'>; ids: Ids; clock: Clock }>

export const createRecordAnomaly = ({ handle, log, ids, clock }: RecordAnomalyOptions): RecordAnomaly => ({
  async detected(detection) {
    const { anomalyId, source } = detection
    const { state } = await log.states.anomaly(anomalyId)
    const isKnown = source.kind === 'log' && state.situation === 'detected'
    const commandId = ids.derived('detect', anomalyId)
    const cause = { actor: 'steward', correlationId: anomalyId, causationId: commandId, commandId }
    const handled = await handle({ aggregate: 'anomaly', id: anomalyId, command: { type: 'DetectAnomaly', data: detection } }, cause)
    return { ...handled, knownTo: isKnown ? (state.countedTo.get(source.generation) ?? source.offset) : undefined }
  },
  counted({ anomalyId, ...range }) {
    const commandId = ids.derived('count', anomalyId, range.generation, String(range.fromOffset))
    const cause = { actor: 'steward', correlationId: anomalyId, causationId: commandId, commandId }
    const data = { ...range, at: clock.now() }
    return handle({ aggregate: 'anomaly', id: anomalyId, command: { type: 'CountRepetition', data } }, cause)
  },
})
