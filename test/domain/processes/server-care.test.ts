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
