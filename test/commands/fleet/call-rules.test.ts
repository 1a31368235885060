import { expect, test } from 'vitest'
import { createSchemaCheck } from '../../../src/adapters/schema-check/schema-check.ts'
import { createCallRules } from '../../../src/commands/fleet/call-rules.ts'
import type { ServerEvent } from '../../../src/domain/server/events.ts'
import { server } from '../../../src/domain/server/server.ts'
import { now, registered, running, serverId, starting, told, wanted } from '../../domain/server/given.ts'

/** All that a server can say for a call to be repeated. */
const boasting = {
  hash: 'e1',
  definition: {
    name: 'echo',
    inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
    annotations: { readOnlyHint: true, idempotentHint: true, destructiveHint: false },
  },
}
const catalogued: ServerEvent = {
  type: 'ToolCatalogChanged',
  data: { serverId, added: [boasting], removed: [], changed: [], taken: ['echo'], at: now },
}
const changed: ServerEvent = {
  type: 'ToolCatalogChanged',
  data: {
    ...{ serverId, added: [], removed: [], taken: [], at: now },
    changed: [{ name: 'echo', from: 'e1', to: { ...boasting, hash: 'e2' } }],
  },
}

function judge(args: Readonly<Record<string, string>>, ...events: readonly ServerEvent[]) {
  const state = [registered(), wanted, starting(), running(), catalogued, ...events].reduce(server.evolve, server.initialState)
  if (state.situation !== 'registered') throw new RangeError('not registered')
  return createCallRules({ schemas: createSchemaCheck() }).judge(state, 'echo', args)
}

test('what a server says of its own tool licenses no repeat; the mark of an operator does', () => {
  expect(judge({ text: 'a' })).toMatchObject({ kind: 'ok', retrySafe: false })
  const marked: ServerEvent = { type: 'ToolSettingsChanged', data: { ...told, tool: 'echo', bypass: null, retrySafe: true } }
  expect(judge({ text: 'a' }, marked)).toMatchObject({ kind: 'ok', retrySafe: true })
})

test('a tool that waits for an approval is refused with what to do, or bypassed where the operator wants that', () => {
  expect(judge({ text: 'a' }, changed)).toMatchObject({
    kind: 'refused',
    rule: 'tool-quarantined',
    says: expect.stringContaining('approve'),
  })
  const bypass: ServerEvent = { type: 'ToolSettingsChanged', data: { ...told, tool: 'echo', bypass: true, retrySafe: false } }
  expect(judge({ text: 'a' }, changed, bypass)).toMatchObject({ kind: 'bypassed', rule: 'tool-quarantined' })
})

test('arguments are held to the definition that was approved, before anything is sent', () => {
  expect(judge({ words: 'a' })).toMatchObject({ kind: 'refused', rule: 'arguments-invalid', as: 'result' })
})
