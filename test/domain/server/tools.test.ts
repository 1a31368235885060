import { expect, test } from 'vitest'
import type { ToolPolicy } from '../../../src/domain/server/config.ts'
import type { ServerEvent } from '../../../src/domain/server/events.ts'
import { server } from '../../../src/domain/server/server.ts'
import { servedDefinition, type Tool, toolState, unseenTool, whyNoTools } from '../../../src/domain/server/tool.ts'
import { now, registered, running, said, serverId, spec, starting, told, tool, wanted } from './given.ts'

const list = (...tools: readonly ReturnType<typeof tool>[]) =>
  ({ type: 'ReportTools', data: { runId: 'r-1', tools, instructions: null, now } }) as const
const up = (quarantine: ToolPolicy['quarantine'] = 'changed-and-new'): readonly ServerEvent[] => [
  registered({ toolPolicy: { quarantine, bypassWhenUnavailable: false, recordArguments: false } }),
  wanted,
  starting(),
  running(),
]
const catalogued: ServerEvent = {
  type: 'ToolCatalogChanged',
  data: { serverId, added: [tool('echo', 'e1')], removed: [], changed: [], taken: ['echo'], at: now },
}
const quarantined = (name: string, hash: string, reason: 'new' | 'changed'): ServerEvent => ({
  type: 'ToolQuarantined',
  data: { serverId, tool: name, hash, reason, changed: [], hidden: [], at: now },
})
const changed: ServerEvent = {
  type: 'ToolCatalogChanged',
  data: { serverId, added: [], removed: [], changed: [{ name: 'echo', from: 'e1', to: tool('echo', 'e2') }], taken: [], at: now },
}
const toolAfter = (...events: readonly ServerEvent[]) => {
  const state = events.reduce(server.evolve, server.initialState)
  const found = state.situation === 'absent' ? undefined : state.tools.get('echo')
  if (!found) throw new RangeError('no tool echo')
  return { state: toolState(found), served: servedDefinition(found), approved: found.approved?.hash, pending: found.pending?.hash }
}

test('the first catalogue is approved as it comes', () => {
  spec
    .given(...up())
    .when(list(tool('echo', 'e1')))
    .yields(catalogued)
  expect(toolAfter(...up(), catalogued)).toMatchObject({ state: 'enabled', approved: 'e1' })
})

test('the same catalogue again, in another order, is no change', () => {
  const two: ServerEvent = {
    type: 'ToolCatalogChanged',
    data: { serverId, added: [tool('echo', 'e1'), tool('add', 'a1')], removed: [], changed: [], taken: ['echo', 'add'], at: now },
  }
  spec
    .given(...up(), two)
    .when(list(tool('add', 'a1'), tool('echo', 'e1')))
    .yields()
})

test('a changed definition waits for a person, and lists serve what was approved', () => {
  spec
    .given(...up(), catalogued)
    .when(list(tool('echo', 'e2')))
    .yields(changed, quarantined('echo', 'e2', 'changed'))
  expect(toolAfter(...up(), catalogued, changed)).toMatchObject({
    state: 'quarantined',
    approved: 'e1',
    pending: 'e2',
    served: { name: 'echo' },
  })
})

test('a quarantine tells what differs, and where characters are that nobody sees', () => {
  const hidden = {
    hash: 'e2',
    definition: {
      name: 'echo',
      description: 'Echoes.\u{e0049}\u{e0067}\u{e006e}',
      inputSchema: { type: 'object', properties: { to: { type: 'string' } } },
    },
  }
  const first: ServerEvent = { ...catalogued, data: { ...catalogued.data, added: [tool('echo', 'e1')] } }
  spec
    .given(...up(), first)
    .when({ type: 'ReportTools', data: { runId: 'r-1', tools: [hidden], instructions: null, now } })
    .yields(
      {
        type: 'ToolCatalogChanged',
        data: { serverId, added: [], removed: [], changed: [{ name: 'echo', from: 'e1', to: hidden }], taken: [], at: now },
      },
      {
        type: 'ToolQuarantined',
        data: {
          ...{ serverId, tool: 'echo', hash: 'e2', reason: 'changed', at: now },
          changed: ['description', 'inputSchema.properties.to.type'],
          hidden: ['description'],
        },
      },
    )
})

test('a list that serves no tool says why', () => {
  const definition = tool('echo', 'e1')
  const offered: Tool = { ...unseenTool('echo'), offered: true, approved: definition }
  expect(whyNoTools([])).toBe('the server offers no tools')
  expect(whyNoTools([offered, { ...offered, enabled: false }])).toBeUndefined()
  // Changed since it was approved: it is still listed, as it was approved.
  expect(whyNoTools([{ ...offered, pending: tool('echo', 'e2') }])).toBeUndefined()
  expect(
    whyNoTools([
      { ...offered, enabled: false },
      { ...offered, approved: undefined, pending: definition },
      { ...offered, offered: false },
    ]),
  ).toBe('none of the tools of the server can be served: 1 disabled, 1 waiting for an approval, 1 not offered at the moment')
})

test('a tool that comes later waits too, unless the policy lets new ones in', () => {
  const added = (taken: readonly string[]): ServerEvent => ({
    type: 'ToolCatalogChanged',
    data: { serverId, added: [tool('rm', 'r1')], removed: [], changed: [], taken, at: now },
  })
  const both = list(tool('echo', 'e1'), tool('rm', 'r1'))
  spec
    .given(...up(), catalogued)
    .when(both)
    .yields(added([]), quarantined('rm', 'r1', 'new'))
  spec
    .given(...up('changed'), catalogued)
    .when(both)
    .yields(added(['rm']))
  spec
    .given(...up('nothing'), catalogued)
    .when(both)
    .yields(added(['rm']))
})

test('what was looked at is what is approved', () => {
  const approve = (hash: string) => ({ type: 'ApproveTool', data: { ...said, tool: 'echo', hash } }) as const
  const approved: ServerEvent = { type: 'ToolApproved', data: { ...told, tool: 'echo', hash: 'e2' } }
  spec
    .given(...up(), catalogued, changed)
    .when(approve('e2'))
    .yields(approved)
  spec
    .given(...up(), catalogued, changed)
    .when(approve('e3'))
    .refuses('definition-changed-since', { approved: 'e3', offered: 'e2' })
  expect(toolAfter(...up(), catalogued, changed, approved)).toMatchObject({ state: 'enabled', approved: 'e2', pending: undefined })
})

test('a tool that goes and comes back as it was approved needs no second word; changed in between it waits', () => {
  const gone: ServerEvent = {
    type: 'ToolCatalogChanged',
    data: { serverId, added: [], removed: ['echo'], changed: [], taken: [], at: now },
  }
  spec
    .given(...up(), catalogued)
    .when(list())
    .yields(gone)
  expect(toolAfter(...up(), catalogued, gone)).toMatchObject({ state: 'unavailable', served: undefined })
  spec
    .given(...up(), catalogued, gone)
    .when(list(tool('echo', 'e1')))
    .yields(catalogued)
  spec
    .given(...up(), catalogued, gone)
    .when(list(tool('echo', 'e2')))
    .yields(
      { type: 'ToolCatalogChanged', data: { serverId, added: [tool('echo', 'e2')], removed: [], changed: [], taken: [], at: now } },
      quarantined('echo', 'e2', 'changed'),
    )
})

test('a disabled tool stays so through changes of the catalogue', () => {
  const disabled: ServerEvent = { type: 'ToolDisabled', data: { ...told, tool: 'echo' } }
  spec
    .given(...up(), catalogued)
    .when({ type: 'DisableTool', data: { ...said, tool: 'echo' } })
    .yields(disabled)
  expect(toolAfter(...up(), catalogued, disabled, changed)).toMatchObject({ state: 'disabled', served: undefined })
  spec
    .given(...up(), catalogued)
    .when({ type: 'DisableTool', data: { ...said, tool: 'nope' } })
    .refuses('tool-unknown', { server: 'everything', tool: 'nope' })
})

test('instructions that change wait like a tool', () => {
  const say = (hash: string) =>
    ({ type: 'ReportTools', data: { runId: 'r-1', tools: [tool('echo', 'e1')], instructions: { hash, text: hash }, now } }) as const
  const told1 = { hash: 'i1', text: 'i1' }
  const first: ServerEvent = {
    type: 'ToolCatalogChanged',
    data: {
      serverId,
      added: [tool('echo', 'e1')],
      removed: [],
      changed: [],
      taken: ['echo'],
      instructions: { told: told1, taken: true },
      at: now,
    },
  }
  const second: ServerEvent = {
    type: 'ToolCatalogChanged',
    data: {
      serverId,
      added: [],
      removed: [],
      changed: [],
      taken: [],
      instructions: { told: { hash: 'i2', text: 'i2' }, taken: false },
      at: now,
    },
  }
  spec
    .given(...up())
    .when(say('i1'))
    .yields(first)
  spec
    .given(...up(), first)
    .when(say('i2'))
    .yields(second)
  spec
    .given(...up(), first, second)
    .when(say('i2'))
    .yields()
  const approve = (hash: string) => ({ type: 'ApproveInstructions', data: { ...said, hash } }) as const
  spec
    .given(...up(), first, second)
    .when(approve('i2'))
    .yields({ type: 'InstructionsApproved', data: { ...told, hash: 'i2' } })
  spec
    .given(...up(), first, second)
    .when(approve('i1'))
    .refuses('definition-changed-since', { approved: 'i1', offered: 'i2' })
  spec
    .given(...up(), first)
    .when(approve('i1'))
    .refuses('instructions-not-quarantined')
})
