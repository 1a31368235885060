/** The rules of a target: what may be done to it now. A frozen target stays so until a person says otherwise. */
import { accept, type Decider, type Decision, refuse, unreachable } from '../decider.ts'
import type { Instant } from '../instant.ts'
import type { BaselineEntry, BaselineRecord, LogGap, Mode, TargetEvent, TargetRegistration } from './events.ts'

export type Target =
  | Readonly<{ situation: 'absent' }>
  | Readonly<{
      situation: 'registered'
      registration: TargetRegistration
      mode: Mode
      paused: boolean
      frozen: Readonly<{ incidentId: string; reason: string }> | undefined
      /** Undefined: it can be seen. 'not yet looked' until the first survey. */
      unseen: string | undefined
      baseline: ReadonlyMap<string, BaselineEntry>
      limits: Readonly<Record<string, number>>
    }>
  | Readonly<{ situation: 'retired'; registration: TargetRegistration }>

export type RegisteredTarget = Extract<Target, { situation: 'registered' }>

type By = Readonly<{ by: string; reason: string; now: Instant }>

export type TargetCommand =
  | Readonly<{ type: 'RegisterTarget'; data: TargetRegistration }>
  | Readonly<{ type: 'ChangeTargetMode'; data: Readonly<{ mode: Mode; by: string; now: Instant }> }>
  | Readonly<{ type: 'PauseTarget'; data: By }>
  | Readonly<{ type: 'ResumeTarget'; data: Readonly<{ by: string; now: Instant }> }>
  | Readonly<{ type: 'FreezeTarget'; data: Readonly<{ incidentId: string; reason: string; now: Instant }> }>
  | Readonly<{ type: 'UnfreezeTarget'; data: By }>
  | Readonly<{ type: 'ReportTargetSeen'; data: Readonly<{ now: Instant }> }>
  | Readonly<{ type: 'ReportTargetUnseen'; data: Readonly<{ reason: string; now: Instant }> }>
  | Readonly<{ type: 'RecordBaseline'; data: Omit<BaselineRecord, 'targetId'> }>
  | Readonly<{ type: 'ReportLogGap'; data: Omit<LogGap, 'targetId'> }>
  | Readonly<{ type: 'RetireTarget'; data: By }>

export const target: Decider<Target, TargetCommand, TargetEvent> = { initialState: { situation: 'absent' }, evolve, decide }

function evolve(state: Target, event: TargetEvent): Target {
  if (event.type === 'TargetRegistered') {
    if (state.situation !== 'absent') return state
    const { mode } = event.data
    return {
      situation: 'registered',
      registration: event.data,
      mode,
      paused: false,
      frozen: undefined,
      unseen: 'not yet looked',
      baseline: new Map(),
      limits: {},
    }
  }
  if (state.situation !== 'registered') return state
  switch (event.type) {
    case 'TargetModeChanged':
      return { ...state, mode: event.data.mode }
    case 'TargetPaused':
      return { ...state, paused: true }
    case 'TargetResumed':
      return { ...state, paused: false }
    case 'TargetFrozen':
      return { ...state, frozen: { incidentId: event.data.incidentId, reason: event.data.reason } }
    case 'TargetUnfrozen':
      return { ...state, frozen: undefined }
    case 'TargetSeen':
      return { ...state, unseen: undefined }
    case 'TargetUnseen':
      return { ...state, unseen: event.data.reason }
    case 'BaselineRecorded':
      return {
        ...state,
        baseline: new Map([...state.baseline, ...event.data.entries.map((entry) => [entry.path, entry] as const)]),
        limits: { ...state.limits, ...event.data.limits },
      }
    case 'LogGapDetected':
      return state
    case 'TargetRetired':
      return { situation: 'retired', registration: state.registration }
    default:
      return unreachable(event)
  }
}

function decide(state: Target, command: TargetCommand): Decision<TargetEvent> {
  if (command.type === 'RegisterTarget') {
    return state.situation === 'absent' ? accept({ type: 'TargetRegistered', data: command.data }) : refuse('target-already-registered')
  }
  if (state.situation !== 'registered') return refuse('target-not-registered', { situation: state.situation })
  const { targetId } = state.registration
  switch (command.type) {
    case 'ChangeTargetMode': {
      const { mode, by, now } = command.data
      return state.mode === mode ? accept() : accept({ type: 'TargetModeChanged', data: { targetId, mode, by, at: now } })
    }
    case 'PauseTarget': {
      const { by, reason, now } = command.data
      return state.paused ? accept() : accept({ type: 'TargetPaused', data: { targetId, by, reason, at: now } })
    }
    case 'ResumeTarget': {
      const { by, now } = command.data
      return state.paused ? accept({ type: 'TargetResumed', data: { targetId, by, at: now } }) : accept()
    }
    case 'FreezeTarget': {
      const { incidentId, reason, now } = command.data
      return state.frozen ? accept() : accept({ type: 'TargetFrozen', data: { targetId, incidentId, reason, at: now } })
    }
    case 'UnfreezeTarget': {
      const { by, reason, now } = command.data
      if (!state.frozen) return refuse('target-not-frozen')
      return accept({ type: 'TargetUnfrozen', data: { targetId, by, reason, at: now } })
    }
    case 'ReportTargetSeen':
      return state.unseen === undefined ? accept() : accept({ type: 'TargetSeen', data: { targetId, at: command.data.now } })
    case 'ReportTargetUnseen': {
      const { reason, now } = command.data
      return state.unseen === reason ? accept() : accept({ type: 'TargetUnseen', data: { targetId, reason, at: now } })
    }
    case 'RecordBaseline':
      return command.data.entries.length === 0 && Object.keys(command.data.limits).length === 0
        ? accept()
        : accept({ type: 'BaselineRecorded', data: { targetId, ...command.data } })
    case 'ReportLogGap':
      return accept({ type: 'LogGapDetected', data: { targetId, ...command.data } })
    case 'RetireTarget': {
      const { by, reason, now } = command.data
      return accept({ type: 'TargetRetired', data: { targetId, by, reason, at: now } })
    }
    default:
      return unreachable(command)
  }
}
