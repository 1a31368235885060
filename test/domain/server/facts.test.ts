import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ServerCommand } from '../../../src/domain/server/commands.ts'
import type { ServerEvent } from '../../../src/domain/server/events.ts'
import { mayBecome } from '../../../src/domain/server/lifecycle.ts'
import { restartDelayMs } from '../../../src/domain/server/restarts.ts'
import { server } from '../../../src/domain/server/server.ts'
import type { Server } from '../../../src/domain/server/state.ts'
import {
  after,
  config,
  failed,
  negotiated,
  now,
  registered,
  report,
  running,
  said,
  scheduled,
  serverId,
  spec,
  starting,
  stopped,
  told,
  wanted,
} from './given.ts'

const begin = (runId = 'r-1') => ({ type: 'BeginServerStart', data: { runId, supervisorId: 'steward-a', now } }) as const

test('a start is recorded before anything is started, and only when it is wanted', () => {
  spec.given(registered(), wanted).when(begin()).yields(starting())
  spec.given(registered()).when(begin()).refuses('server-not-wanted', { enabled: true, desired: 'stopped' })
  spec.given(registered(), wanted, starting()).when(begin()).yields()
})

test('no run begins before the one before it has ended', () =>
  spec
    .given(registered(), wanted, starting(), running(), { type: 'MaintenanceEntered', data: told }, { type: 'MaintenanceLeft', data: told })
    .when(begin('r-2'))
    .refuses('invalid-transition', {
      ...{ state: 'stopped', wanted: 'starting', allowed: 'starting, maintenance', hint: 'the run before has not ended' },
    }))

test('the run that maintenance found is to be replaced, also when maintenance is over before that run is', () => {
  const maintained = [{ type: 'MaintenanceEntered', data: told } as const, { type: 'MaintenanceLeft', data: told } as const]
  const history: readonly ServerEvent[] = [registered(), wanted, starting(), running(), ...maintained]
  expect(history.reduce(server.evolve, server.initialState)).toMatchObject({ state: 'stopped', run: { runId: 'r-1', replace: true } })
  spec
    .given(...history, stopped())
    .when(begin('r-2'))
    .yields(starting('r-2'))
})

test('running is told once, with how long it took', () => {
  const report = { type: 'ReportServerRunning', data: { runId: 'r-1', ...negotiated, now: after(750) } } as const
  spec
    .given(registered(), wanted, starting())
    .when(report)
    .yields({ type: 'ServerRunning', data: { serverId, runId: 'r-1', ...negotiated, startedInMs: 750, at: after(750) } })
  spec.given(registered(), wanted, starting(), running()).when(report).yields()
})

test('a crash is followed by a restart at once', () =>
  spec
    .given(registered(), wanted, starting(), running())
    .when(report())
    .yields(failed({ wasRunning: true, failedStarts: 0, crashes: 1 }), scheduled(1)))

test('starts that never reach running wait longer, and end in disabled', () => {
  const first = failed({ wasRunning: false, failedStarts: 1, crashes: 0 })
  const second = failed({ wasRunning: false, failedStarts: 2, crashes: 0 }, 'r-2')
  spec.given(registered(), wanted, starting()).when(report()).yields(first, scheduled(1))
  spec
    .given(registered(), wanted, starting(), first, scheduled(1), starting('r-2'))
    .when(report('r-2'))
    .yields(second, scheduled(2, after(5_000)))
  spec
    .given(registered(), wanted, starting(), first, starting('r-2'), second, starting('r-3'))
    .when(report('r-3'))
    .yields(failed({ wasRunning: false, failedStarts: 3, crashes: 0 }, 'r-3'), {
      type: 'ServerDisabled',
      data: { serverId, by: 'steward', reason: '3 starts in a row never reached running', because: 'failures', at: now },
    })
})

test('a program that nobody has approved waits for a person, and is not tried again until it is disabled', () => {
  const forbidden = { ...report(), data: { ...report().data, reason: 'executable-forbidden' } } as const
  const { jitter: _, now: at, ...facts } = forbidden.data
  const failure = { type: 'ServerFailed', data: { serverId, ...facts, wasRunning: false, failedStarts: 1, crashes: 0, at } } as const
  spec.given(registered(), wanted, starting()).when(forbidden).yields(failure)
  const approve = { type: 'ApproveExecutable', data: { ...said, argvHash: 'a-hash' } } as const
  const approved = { type: 'ExecutableApproved', data: { ...told, argvHash: 'a-hash' } } as const
  spec.given(registered(), wanted, starting(), failure).when(approve).yields(approved, wanted)
  spec.given(registered(), wanted, starting(), failure, { type: 'ServerStopRequested', data: told }).when(approve).yields(approved)
  spec.given(registered()).when(approve).yields(approved)
  // Approved while it was on its way to be refused: nobody will approve it a second time.
  spec.given(registered(), wanted, starting(), approved).when(forbidden).yields(failure, scheduled(1))
})

test('an approval that is revoked ends what runs by it, and leaves alone what had begun before it was given', () => {
  const approved = { type: 'ExecutableApproved', data: { ...told, argvHash: 'a-hash' } } as const
  const revoke = { type: 'RevokeExecutable', data: { ...said, argvHash: 'a-hash' } } as const
  const revoked = { type: 'ExecutableApprovalRevoked', data: { ...told, argvHash: 'a-hash' } } as const
  const restart = { type: 'ServerRestartRequested', data: told } as const
  spec.given(registered(), approved, wanted, starting(), running()).when(revoke).yields(revoked, restart)
  spec.given(registered(), approved).when(revoke).yields(revoked)
  spec.given(registered(), approved, revoked).when(revoke).yields()
  const changed = {
    type: 'ServerConfigChanged',
    data: { ...told, config: { ...config, callTimeoutMs: 1_000 }, changed: ['callTimeoutMs'] },
  } as const
  spec.given(registered(), wanted, starting(), running(), changed, approved).when(revoke).yields(revoked)
  // Whatever is configured by now, it began by this approval.
  spec.given(registered(), approved, wanted, starting(), running(), changed).when(revoke).yields(revoked, restart)
})

test('the budget of crashes ends restarts, and a stable while makes it whole', () => {
  const crashed = failed({ wasRunning: true, failedStarts: 0, crashes: 1 })
  const history = [registered({ restartBudget: 1 }), wanted, starting(), running(), crashed, starting('r-2'), running('r-2')] as const
  spec
    .given(...history)
    .when(report('r-2', after(29_999)))
    .yields(failed({ wasRunning: true, failedStarts: 0, crashes: 2 }, 'r-2', after(29_999)), {
      type: 'ServerRestartBudgetExhausted',
      data: { serverId, crashes: 2, at: after(29_999) },
    })
  spec
    .given(...history)
    .when(report('r-2', after(30_000)))
    .yields(failed({ wasRunning: true, failedStarts: 0, crashes: 1 }, 'r-2', after(30_000)), scheduled(1, after(30_000), after(30_000)))
})

test('what nobody wants any more is not restarted', () => {
  const stop = { type: 'ServerStopRequested', data: told } as const
  spec
    .given(registered(), wanted, starting(), running(), stop)
    .when(report())
    .yields(failed({ wasRunning: true, failedStarts: 0, crashes: 1 }))
  spec
    .given(registered({ autoRestart: false }), wanted, starting(), running())
    .when(report())
    .yields(failed({ wasRunning: true, failedStarts: 0, crashes: 1 }))
})

test('in maintenance an end is an end, not a failure', () =>
  spec
    .given(registered(), wanted, starting(), running(), { type: 'MaintenanceEntered', data: told })
    .when(report())
    .yields({ type: 'ServerStopped', data: { serverId, runId: 'r-1', exit: { how: 'gone', code: 1, signal: null }, at: now } }))

test('health is told when it changes, and only of what runs', () => {
  const probe = (live: boolean, capable: boolean) =>
    ({ type: 'ReportServerHealth', data: { runId: 'r-1', facts: { live, ready: live, capable }, now } }) as const
  spec.given(registered(), wanted, starting(), running()).when(probe(true, true)).yields()
  spec
    .given(registered(), wanted, starting(), running())
    .when(probe(true, false))
    .yields({
      type: 'ServerHealthChanged',
      data: { serverId, from: 'healthy', to: 'degraded', facts: { live: true, ready: true, capable: false }, at: now },
    })
  spec.given(registered(), wanted, starting()).when(probe(false, false)).yields()
})

test('restarts come at once, then after 5, 10 ... 60 s, spread by a fifth', () => {
  expect([1, 2, 3, 13, 14, 100].map((attempt) => restartDelayMs(attempt, 0.5))).toStrictEqual([0, 5_000, 10_000, 60_000, 60_000, 60_000])
  expect([0, 0.999].map((jitter) => restartDelayMs(3, jitter))).toStrictEqual([9_000, 10_998 + 0])
})

test('a run ends in the log also when its server was retired meanwhile, once', () => {
  const retired: ServerEvent = { type: 'ServerRetired', data: told }
  const stopping: ServerEvent = { type: 'ServerStopping', data: { serverId, runId: 'r-1', at: now } }
  const report = { type: 'ReportServerStopped', data: { runId: 'r-1', exit: { how: 'asked', code: 0, signal: null }, now } } as const
  const history = [registered(), wanted, starting(), running(), retired] as const
  spec
    .given(...history)
    .when({ type: 'ReportServerStopping', data: { runId: 'r-1', now } })
    .yields(stopping)
  spec
    .given(...history, stopping)
    .when(report)
    .yields(stopped())
  spec
    .given(...history, stopping, stopped())
    .when(report)
    .yields()
})

test('what ends while maintenance is left again was told to end: no failure, no restart', () =>
  spec
    .given(registered(), wanted, starting(), running(), { type: 'MaintenanceEntered', data: told }, { type: 'MaintenanceLeft', data: told })
    .when(report())
    .yields({ type: 'ServerStopped', data: { serverId, runId: 'r-1', exit: { how: 'gone', code: 1, signal: null }, at: now } }))

test('beside what does not end nothing is started, until a person says so', () => {
  const stuck = { ...report().data, reason: 'stop-failed' } as const
  const { jitter: _, now: __, ...facts } = stuck
  const failure: ServerEvent = {
    type: 'ServerFailed',
    data: { serverId, ...facts, wasRunning: true, failedStarts: 0, crashes: 1, at: now },
  }
  spec.given(registered(), wanted, starting(), running()).when({ type: 'ReportServerFailed', data: stuck }).yields(failure)
  spec
    .given(registered(), wanted, starting(), running(), failure)
    .when({ type: 'RequestServerStart', data: said })
    .yields({ type: 'ServerStartRequested', data: told })
})

test('what a server spoke last is known until another program or address is configured', () => {
  const spokenAfter = (...events: readonly ServerEvent[]) => {
    const state = events.reduce(server.evolve, server.initialState)
    return state.situation === 'absent' ? undefined : state.spoken
  }
  const history = [registered(), wanted, starting(), running(), stopped()] as const
  const changed = (...fields: readonly string[]): ServerEvent => ({
    type: 'ServerConfigChanged',
    data: { ...told, config, changed: fields },
  })
  expect(spokenAfter(...history)).toStrictEqual({ era: 'session', version: '2025-11-25' })
  expect(spokenAfter(...history, changed('callTimeoutMs'))).toStrictEqual({ era: 'session', version: '2025-11-25' })
  expect(spokenAfter(...history, changed('transport.args'))).toBeUndefined()
})

test('whatever is asked and told in whatever order, states follow the table, and what has ended has ended', () => {
  const command: fc.Arbitrary<ServerCommand> = fc.oneof(
    fc.constantFrom<ServerCommand>(
      { type: 'EnableServer', data: said },
      { type: 'DisableServer', data: said },
      { type: 'RequestServerStart', data: said },
      { type: 'RequestServerStop', data: said },
      { type: 'RequestServerRestart', data: said },
      { type: 'EnterMaintenance', data: said },
      { type: 'LeaveMaintenance', data: said },
      { type: 'RetireServer', data: said },
      { type: 'RestoreServer', data: { ...said, retentionMs: 1_000 } },
    ),
    fc
      .constantFrom('r-1', 'r-2', 'r-3')
      .chain((runId) =>
        fc.constantFrom<ServerCommand>(
          begin(runId),
          { type: 'ReportServerRunning', data: { runId, ...negotiated, now } },
          { type: 'ReportServerStopping', data: { runId, now } },
          { type: 'ReportServerStopped', data: { runId, exit: { how: 'asked', code: 0, signal: null }, now } },
          report(runId),
        ),
      ),
  )
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      let state: Server = server.evolve(server.initialState, registered())
      for (const each of commands) {
        const decision = server.decide(state, each)
        const events: readonly ServerEvent[] = decision.kind === 'accepted' ? decision.events : []
        for (const event of events) {
          const next: Server = server.evolve(state, event)
          if (state.situation !== 'absent' && next.situation !== 'absent' && state.state !== next.state) {
            const legal = mayBecome(state.state, next.state)
            expect(legal, `${state.state} -> ${next.state} by ${event.type}`).toBe(true)
          }
          state = next
        }
        // Whoever reported the end must not find the run still there, or it would be ended again for ever.
        const isEnd = each.type === 'ReportServerStopped' || each.type === 'ReportServerFailed'
        if (isEnd && state.situation !== 'absent') expect(state.run?.runId).not.toBe(each.data.runId)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('a stop is told with how it ended, also afterwards', () => {
  const stopping: ServerEvent = { type: 'ServerStopping', data: { serverId, runId: 'r-1', at: now } }
  const report = { type: 'ReportServerStopped', data: { runId: 'r-1', exit: { how: 'asked', code: 0, signal: null }, now } } as const
  spec.given(registered(), wanted, starting(), running(), stopping).when(report).yields(stopped())
  spec.given(registered(), wanted, starting(), running()).when(report).yields(stopping, stopped())
})
