import { expect, test } from 'vitest'
import { instant } from '../../../src/domain/instant.ts'
import { MOST_ITEMS } from '../../../src/domain/operation/bulk.ts'
import type { BulkOperationStarted, OperationEvent } from '../../../src/domain/operation/events.ts'
import { operation } from '../../../src/domain/operation/operation.ts'
import { specify } from '../../support/specify.ts'

const now = instant('2026-11-21T10:00:00.000Z')
const spec = specify(operation)
const request = {
  ...{ operationId: 'o', kind: 'servers-stop', subject: '2 servers', reason: 'night', by: 'mira' },
  items: [
    { id: 'a', name: 'files' },
    { id: 'b', name: null },
  ],
} as const satisfies Omit<BulkOperationStarted, 'at'>
const of = { operationId: 'o', at: now }
const started: OperationEvent = { type: 'OperationStarted', data: { ...request, at: now } }
const begun = (item: string): OperationEvent => ({ type: 'OperationItemStarted', data: { ...of, item, commandId: `c-${item}` } })
const did = (item: string): OperationEvent => ({ type: 'OperationItemSucceeded', data: { ...of, item, says: 'done' } })
const didNot = (item: string): OperationEvent => ({
  type: 'OperationItemFailed',
  data: { ...of, item, rule: 'server-disabled', says: { text: 'no' } },
})
const cancelled: OperationEvent = { type: 'OperationCancelled', data: { ...of, by: 'mira', reason: 'wrong list' } }
const ended = (outcome: 'succeeded' | 'partly' | 'failed' | 'cancelled', counts: object = {}): OperationEvent => ({
  type: 'OperationEnded',
  data: { operationId: 'o', outcome, ...{ succeeded: 0, failed: 0, unknown: 0, skipped: 0 }, ...counts, at: now },
})

const start = (changes: Partial<Pick<BulkOperationStarted, 'items' | 'reason'>> = {}) =>
  ({ type: 'StartBulkOperation', data: { ...request, ...changes, now } }) as const
const begin = (item: string) => ({ type: 'BeginOperationItem', data: { item, commandId: `c-${item}`, now } }) as const
const succeed = (item: string) => ({ type: 'EndOperationItem', data: { item, result: { kind: 'succeeded', says: 'done' }, now } }) as const
const cancel = { type: 'CancelOperation', data: { by: 'mira', reason: 'wrong list', now } } as const

test('it begins with the list of what it is about, each once', () => {
  spec.given().when(start()).yields(started)
  spec.given(started).when(start()).yields()
  spec
    .given()
    .when(start({ items: [] }))
    .refuses('operation-empty')
  spec
    .given()
    .when(start({ items: [request.items[0], request.items[0]] }))
    .refuses('operation-item-twice', { item: 'a' })
  const many = Array.from({ length: MOST_ITEMS + 1 }, (_, index) => ({ id: `s-${index}`, name: null }))
  spec
    .given()
    .when(start({ items: many }))
    .refuses('operation-too-large', { items: MOST_ITEMS + 1, most: MOST_ITEMS })
})

test('an item begins once and ends once', () => {
  spec.given(started).when(begin('a')).yields(begun('a'))
  spec.given(started, begun('a')).when(begin('a')).yields()
  spec.given(started, begun('a'), did('a')).when(begin('a')).refuses('operation-item-ended', { item: 'a', state: 'succeeded' })
  spec.given(started).when(succeed('a')).refuses('operation-item-ended', { item: 'a', state: 'waiting' })
  spec.given(started, begun('a'), didNot('a')).when(succeed('a')).refuses('operation-item-ended', { item: 'a', state: 'failed' })
  spec.given(started).when(begin('c')).refuses('operation-item-unknown', { item: 'c' })
})

test('the end of the last item is the end of the operation', () => {
  spec.given(started, begun('a'), begun('b')).when(succeed('a')).yields(did('a'))
  spec
    .given(started, begun('a'), begun('b'), did('a'))
    .when(succeed('b'))
    .yields(did('b'), ended('succeeded', { succeeded: 2 }))
})

test('what succeeded in part is never called success', () => {
  spec
    .given(started, begun('a'), begun('b'), didNot('a'))
    .when(succeed('b'))
    .yields(did('b'), ended('partly', { succeeded: 1, failed: 1 }))
  const unknown = { item: 'b', result: { kind: 'unknown', says: { text: '?' } }, now } as const
  spec
    .given(started, begun('a'), begun('b'), did('a'))
    .when({ type: 'EndOperationItem', data: unknown })
    .yields(
      { type: 'OperationItemUnknown', data: { ...of, item: 'b', says: { text: '?' } } },
      ended('partly', { succeeded: 1, unknown: 1 }),
    )
  const failing = { item: 'b', result: { kind: 'failed', rule: 'server-disabled', says: { text: 'no' } }, now } as const
  spec
    .given(started, begun('a'), begun('b'), didNot('a'))
    .when({ type: 'EndOperationItem', data: failing })
    .yields(didNot('b'), ended('failed', { failed: 2 }))
})

test('a cancelled one begins nothing more, and ends when what has begun has ended', () => {
  spec
    .given(started)
    .when(cancel)
    .yields(cancelled, ended('cancelled', { skipped: 2 }))
  spec.given(started, begun('a')).when(cancel).yields(cancelled)
  spec.given(started, begun('a'), cancelled).when(cancel).yields()
  spec.given(started, begun('a'), cancelled).when(begin('b')).refuses('operation-cancelled', { item: 'b' })
  spec
    .given(started, begun('a'), cancelled)
    .when(succeed('a'))
    .yields(did('a'), ended('cancelled', { succeeded: 1, skipped: 1 }))
})

test('one that was cancelled too late ended as it did', () => {
  spec
    .given(started, begun('a'), begun('b'), did('a'), cancelled)
    .when(succeed('b'))
    .yields(did('b'), ended('succeeded', { succeeded: 2 }))
  spec
    .given(started, begun('a'), begun('b'), did('a'), did('b'), ended('succeeded', { succeeded: 2 }))
    .when(cancel)
    .refuses('operation-not-running', { situation: 'succeeded' })
})

test('work on a read model is no list of items, and cannot be cancelled', () => {
  const rebuild: OperationEvent = {
    type: 'OperationStarted',
    data: { operationId: 'o', kind: 'projection-rebuild', subject: 'incidents', by: 'mira', at: now },
  }
  spec.given(rebuild).when(cancel).refuses('operation-not-cancellable', { kind: 'projection-rebuild' })
  spec.given(rebuild).when(begin('a')).refuses('operation-not-running', { situation: 'running' })
  spec
    .given(started)
    .when({ type: 'SucceedOperation', data: { result: {}, now } })
    .refuses('operation-not-running', { situation: 'running' })
  expect(operation.evolve({ situation: 'absent' }, begun('a'))).toStrictEqual({ situation: 'absent' })
})
