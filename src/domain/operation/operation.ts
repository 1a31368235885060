/** The rules of an operation: started once, ended once. */
import { accept, type Decider, type Decision, refuse, unreachable } from '../decider.ts'
import type { Instant } from '../instant.ts'
import type { JsonObject } from '../ports/json.ts'
import type { OperationEvent, OperationKind } from './events.ts'

export type Operation =
  | Readonly<{ situation: 'absent' }>
  | Readonly<{ situation: 'running' | 'succeeded' | 'failed'; operationId: string; kind: OperationKind; subject: string }>

export type OperationCommand =
  | Readonly<{
      type: 'StartOperation'
      data: Readonly<{ operationId: string; kind: OperationKind; subject: string; by: string; now: Instant }>
    }>
  | Readonly<{ type: 'SucceedOperation'; data: Readonly<{ result: JsonObject; now: Instant }> }>
  | Readonly<{ type: 'FailOperation'; data: Readonly<{ rule: string; says: string; now: Instant }> }>

export const operation: Decider<Operation, OperationCommand, OperationEvent> = { initialState: { situation: 'absent' }, evolve, decide }

function evolve(state: Operation, event: OperationEvent): Operation {
  if (event.type === 'OperationStarted') {
    const { operationId, kind, subject } = event.data
    return state.situation === 'absent' ? { situation: 'running', operationId, kind, subject } : state
  }
  if (state.situation !== 'running') return state
  switch (event.type) {
    case 'OperationSucceeded':
      return { ...state, situation: 'succeeded' }
    case 'OperationFailed':
      return { ...state, situation: 'failed' }
    default:
      return unreachable(event)
  }
}

function decide(state: Operation, command: OperationCommand): Decision<OperationEvent> {
  if (command.type === 'StartOperation') {
    const { now, ...started } = command.data
    return state.situation === 'absent' ? accept({ type: 'OperationStarted', data: { ...started, at: now } }) : accept()
  }
  if (state.situation !== 'running') return refuse('operation-not-running', { situation: state.situation })
  const { operationId } = state
  switch (command.type) {
    case 'SucceedOperation':
      return accept({ type: 'OperationSucceeded', data: { operationId, result: command.data.result, at: command.data.now } })
    case 'FailOperation': {
      const { rule, says, now } = command.data
      return accept({ type: 'OperationFailed', data: { operationId, rule, says, at: now } })
    }
    default:
      return unreachable(command)
  }
}
