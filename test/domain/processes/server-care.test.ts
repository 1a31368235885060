import { test } from 'vitest'
import type { EventOf } from '../../../src/domain/events.ts'
import { command } from '../../../src/domain/processes/outputs.ts'
import { serverCare } from '../../../src/domain/processes/server-care/server-care.ts'
import { serverDefaults } from '../../../src/domain/server/config.ts'
import { NOW, specifyProcess } from '../../support/specify-process.ts'
import { origin } from './support/incident.ts'

const spec = specifyProcess(serverCare, 's-1')
const TARGET = `target ${NOW}`
const transport = { kind: 'stdio', command: 'node', args: [], env: {} } as const
const config = { ...serverDefaults, displayName: 'Files', transport }

const registered: EventOf<'ServerRegistered'> = {
  type: 'ServerRegistered',
  data: { serverId: 's-1', name: 'files', config, builtIn: false, enabled: true, by: 'mira', at: NOW },
}
const retired: EventOf<'ServerRetired'> = { type: 'ServerRetired', data: { serverId: 's-1', by: 'mira', reason: 'moved', at: NOW } }
const restored: EventOf<'ServerRestored'> = { type: 'ServerRestored', data: { serverId: 's-1', by: 'mira', reason: 'back', at: NOW } }
const released: EventOf<'LanesReleased'> = {
  type: 'LanesReleased',
  data: { hostId: 's-1', incidentId: 'i', executionId: 'x', at: NOW },
}
const left: EventOf<'LanesLeft'> = { type: 'LanesLeft', data: { hostId: 's-1', targetId: TARGET, at: NOW } }
const toolChanged: EventOf<'IncidentOpened'> = {
  type: 'IncidentOpened',
  data: { ...origin, hostId: 's-1', service: 'server', faultId: 'server.tool-changed', hints: { tool: 'read' }, at: NOW },
}
const approved = (tool: string): EventOf<'ToolApproved'> => ({
  type: 'ToolApproved',
  data: { serverId: 's-1', tool, hash: 'h', by: 'mira', reason: 'read it', at: NOW },
})

const place = { hostId: 's-1', logPaths: [], configPaths: [], stateDir: 'server-s-1' }
const registers = command({
  aggregate: 'target',
  id: TARGET,
  command: {
    type: 'RegisterTarget',
    data: { targetId: TARGET, name: 'files', service: 'server', ...place, mode: 'propose', by: 'mira', at: NOW },
  },
})
const leaves = command({
  aggregate: 'lanes',
  id: 's-1',
  command: { type: 'LeaveLanes', data: { hostId: 's-1', targetId: TARGET, now: NOW } },
})

test('a managed server is a target that proposes', () => spec.given().when(registered).yields(registers))

test('a restored server is a target again', () => spec.given(registered, retired, left).when(restored).yields(registers))

test('a retired server leaves its lane first, and its target is retired when it has', () => {
  spec.given(registered).when(retired).yields(leaves)
  const data = { by: 'steward', reason: 'Its server was retired.', now: NOW }
  spec
    .given(registered, retired)
    .when(left)
    .yields(command({ aggregate: 'target', id: TARGET, command: { type: 'RetireTarget', data } }))
})

test('a fix that held the lane is waited for', () => spec.given(registered, retired).when(released).yields(leaves))

test('a lane that is given back means nothing to a server that stays, nor to a host', () => {
  spec.given(registered).when(released).means('nothing')
  spec.given().when(released).means('nothing')
})

test('an incident about a changed tool is closed by whoever approves the tool, and by no other approval', () => {
  const data = { by: 'mira', reason: 'Its definition was approved: read it', now: NOW }
  spec
    .given(registered, toolChanged)
    .when(approved('read'))
    .yields(command({ aggregate: 'incident', id: origin.incidentId, command: { type: 'CloseIncident', data } }))
  spec.given(registered, toolChanged).when(approved('write')).means('nothing')
})

const quarantined: EventOf<'ToolQuarantined'> = {
  type: 'ToolQuarantined',
  data: { serverId: 's-1', tool: 'read', hash: 'h', reason: 'changed', changed: ['description'], hidden: [], at: NOW },
}
const catalogue = (taken: readonly string[]): EventOf<'ToolCatalogChanged'> => {
  const to = { hash: 'a', definition: { name: 'read', inputSchema: {} } }
  return {
    type: 'ToolCatalogChanged',
    data: { serverId: 's-1', added: [], removed: [], changed: [{ name: 'read', from: 'h', to }], taken, at: NOW },
  }
}
const closes = (by: string, reason: string) =>
  command({ aggregate: 'incident', id: origin.incidentId, command: { type: 'CloseIncident', data: { by, reason, now: NOW } } })
const takenBack = closes('steward', 'The server offers a definition again that waits for no approval.')

test('an incident about a changed tool is closed when the server takes the change back, and by no other change', () => {
  const history = [registered, catalogue([]), quarantined, toolChanged] as const
  spec
    .given(...history)
    .when(catalogue(['read']))
    .yields(takenBack)
  spec
    .given(...history)
    .when(catalogue(['write']))
    .means('nothing')
  spec
    .given(registered)
    .when(catalogue(['read', 'write']))
    .means('nothing')
})

test('an incident that is opened after its change is over is closed at once', () => {
  spec.given(registered, quarantined, approved('read')).when(toolChanged).yields(closes('mira', 'Its definition was approved: read it'))
  spec
    .given(registered, quarantined, catalogue(['read']))
    .when(toolChanged)
    .yields(takenBack)
})

test('a tool that changes again waits again', () => {
  spec.given(registered, quarantined, approved('read'), quarantined).when(toolChanged).yields()
  spec
    .given(registered, quarantined, approved('read'), quarantined, toolChanged)
    .when(approved('read'))
    .yields(closes('mira', 'Its definition was approved: read it'))
})

test('a tool that is new is no changed one', () => {
  const isNew: EventOf<'ToolQuarantined'> = { ...quarantined, data: { ...quarantined.data, reason: 'new' } }
  spec.given(registered).when(isNew).means('nothing')
})
