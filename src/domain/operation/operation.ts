/** The rules of an operation: started once, ended once. What it consists of, and when that is the end, is the business of its kind. */
import { accept, type Decider, type Decision, refuse } from '../decider.ts'
import type { Instant } from '../instant.ts'
import type { JsonObject } from '../ports/json.ts'
import { type BulkCommand, type BulkState, decideBulk, evolveBulk, startedBulk } from './bulk.ts'
import { isBulk, type OperationEvent, type SingleOperation, type SingleOperationStarted } from './events.ts'

export type Operation =
  | Readonly<{ situation: 'absent' }>
  | Readonly<{ situation: 'running' | 'succeeded' | 'failed'; operationId: string; kind: SingleOperation; subject: string }>
  | BulkState

export type OperationCommand =
  | Readonly<{ type: 'StartOperation'; data: Omit<SingleOperationStarted, 'at'> & Readonly<{ now: Instant }> }>
  | Readonly<{ type: 'SucceedOperation'; data: Readonly<{ result: JsonObject; now: Instant }> }>
  | Readonly<{ type: 'FailOperation'; data: Readonly<{ rule: string; says: string; now: Instant }> }>
  | BulkCommand

export const operation: Decider<Operation, OperationCommand, OperationEvent> = { initialState: { situation: 'absent' }, evolve, decide }

function evolve(state: Operation, event: OperationEvent): Operation {
  if (event.type === 'OperationStarted') {
    if (state.situation !== 'absent') return state
    if (isBulk(event.data)) return startedBulk(event.data)
    const { operationId, kind, subject } = event.data
    return { situation: 'running', operationId, kind, subject }
  }
  if (state.situation === 'absent') return state
  if ('items' in state) return evolveBulk(state, event)
  if (state.situation !== 'running') return state
  switch (event.type) {
    case 'OperationSucceeded':
      return { ...state, situation: 'succeeded' }
    case 'OperationFailed':
      return { ...state, situation: 'failed' }
    default:
      return state
  }
}

function decide(state: Operation, command: OperationCommand): Decision<OperationEvent> {
  if (command.type === 'StartOperation' || command.type === 'StartBulkOperation') {
    if (state.situation !== 'absent') return accept()
    if (command.type === 'StartBulkOperation') return decideBulk(undefined, command)
    const { now, ...started } = command.data
    return accept({ type: 'OperationStarted', data: { ...started, at: now } })
  }
  if (command.type !== 'SucceedOperation' && command.type !== 'FailOperation') {
    if (state.situation === 'absent') return refuse('operation-not-running', { situation: 'absent' })
    if ('items' in state) return decideBulk(state, command)
    if (command.type === 'CancelOperation') return refuse('operation-not-cancellable', { kind: state.kind })
    return refuse('operation-not-running', { situation: state.situation })
  }
  if (state.situation !== 'running' || 'items' in state) return refuse('operation-not-running', { situation: state.situation })
  const { operationId } = state
  if (command.type === 'SucceedOperation') {
    return accept({ type: 'OperationSucceeded', data: { operationId, result: command.data.result, at: command.data.now } })
  }
  const { rule, says, now } = command.data
  return accept({ type: 'OperationFailed', data: { operationId, rule, says, at: now } })
}
