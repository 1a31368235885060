import { expect, test } from 'vitest'
import { diffConfigs } from '../../../src/domain/server/config-diff.ts'
import { config, negotiated, now, registered, running, said, serverId, spec, starting, told, wanted } from './given.ts'

test('a server is registered once, and keeps its id', () => {
  const data = { serverId, name: 'everything', config, builtIn: false, enabled: true, by: 'mira', now } as const
  spec.given().when({ type: 'RegisterServer', data }).yields(registered())
  spec.given(registered()).when({ type: 'RegisterServer', data }).refuses('server-already-registered')
})

test('enabling a server that starts by itself wants it to run', () => {
  const enable = { type: 'EnableServer', data: said } as const
  spec.given(registered({}, false)).when(enable).yields({ type: 'ServerEnabled', data: told }, { type: 'ServerStartRequested', data: told })
  spec
    .given(registered({ autoStart: false }, false))
    .when(enable)
    .yields({ type: 'ServerEnabled', data: told })
  spec.given(registered()).when(enable).yields()
})

test('a disabled server may not run, and says why', () => {
  const start = { type: 'RequestServerStart', data: said } as const
  spec.given(registered({}, false)).when(start).refuses('server-disabled', { because: 'not enabled yet' })
  spec
    .given(registered(), { type: 'ServerDisabled', data: { ...told, because: 'failures' } })
    .when(start)
    .refuses('server-disabled', { because: 'failures' })
  spec
    .given(registered(), { type: 'ServerDisabled', data: { ...told, because: 'operator' } })
    .when({ type: 'BeginServerStart', data: { runId: 'r', supervisorId: 's', now } })
    .refuses('server-not-wanted', { enabled: false, desired: 'stopped' })
})

test('what is already wanted is not asked for again', () => {
  spec.given(registered(), wanted).when({ type: 'RequestServerStart', data: said }).yields()
  spec.given(registered()).when({ type: 'RequestServerStop', data: said }).yields()
  spec.given(registered(), wanted).when({ type: 'RequestServerStop', data: said }).yields({ type: 'ServerStopRequested', data: told })
})

test('a change of the configuration names the fields that differ, and none is no change', () => {
  const changed = { ...config, callTimeoutMs: 5_000, limits: { memoryBytes: 1_000_000_000 } }
  const change = (to: typeof changed | typeof config) => ({ type: 'ChangeServerConfig', data: { ...said, config: to } }) as const
  spec
    .given(registered())
    .when(change(changed))
    .yields({ type: 'ServerConfigChanged', data: { ...told, config: changed, changed: ['callTimeoutMs', 'limits', 'limits.memoryBytes'] } })
  spec
    .given(registered())
    .when(change({ ...config }))
    .yields()
  expect(diffConfigs(config, changed)[0]).toStrictEqual({ field: 'callTimeoutMs', from: 30_000, to: 5_000 })
})

test('maintenance is entered from a resting or running server, and a start out of it is refused with what is allowed', () => {
  const enter = { type: 'EnterMaintenance', data: said } as const
  const entered = { type: 'MaintenanceEntered', data: told } as const
  spec.given(registered()).when(enter).yields(entered)
  spec.given(registered(), wanted, starting(), running()).when(enter).yields(entered)
  spec
    .given(registered(), wanted, starting())
    .when(enter)
    .refuses('invalid-transition', {
      ...{ state: 'starting', wanted: 'maintenance' },
      ...{ allowed: 'running, error, stopped', hint: 'wait until it has started or stopped' },
    })
  spec
    .given(registered(), entered)
    .when({ type: 'RequestServerStart', data: said })
    .refuses('invalid-transition', {
      ...{ state: 'maintenance', wanted: 'starting', allowed: 'stopped, starting', hint: 'leave maintenance first' },
    })
  spec.given(registered(), entered).when({ type: 'LeaveMaintenance', data: said }).yields({ type: 'MaintenanceLeft', data: told })
})

test('a restart is asked of a running server, and the run knows that it is to be replaced', () => {
  const restart = { type: 'RequestServerRestart', data: said } as const
  spec.given(registered(), wanted, starting(), running()).when(restart).yields({ type: 'ServerRestartRequested', data: told })
})

test('a retired server can be restored while it is kept, with all it was', () => {
  const retired = { type: 'ServerRetired', data: told } as const
  const restore = (retentionMs: number, at = now) => ({ type: 'RestoreServer', data: { ...said, now: at, retentionMs } }) as const
  spec.given(registered(), retired).when(restore(1_000)).yields({ type: 'ServerRestored', data: told })
  spec.given(registered(), retired).when(restore(-1)).refuses('server-retention-over', { retiredAt: now, retentionMs: -1 })
  spec.given(registered(), retired).when({ type: 'EnableServer', data: said }).refuses('server-not-registered', { situation: 'retired' })
})

test('a built-in server is disabled, never retired', () => {
  const builtIn = { type: 'ServerRegistered', data: { ...told, name: 'everything', config, builtIn: true, enabled: true } } as const
  spec.given(builtIn).when({ type: 'RetireServer', data: said }).refuses('built-in-server', { name: 'everything' })
})

test('a report of another run changes nothing', () => {
  const report = { type: 'ReportServerRunning', data: { runId: 'r-0', ...negotiated, now } } as const
  spec.given(registered(), wanted, starting('r-1')).when(report).yields()
})
