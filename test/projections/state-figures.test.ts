/** How things stand, as figures: each is moved by what happens, and by nothing else. */
import { describe, expect, test } from 'vitest'
import type { DomainEvent } from '../../src/domain/events.ts'
import { instant, later } from '../../src/domain/instant.ts'
import type { StreamName } from '../../src/domain/ports/event-store.ts'
import { createStateFigures } from '../../src/projections/state-figures.ts'
import { withPostgres } from '../adapters/database/support.ts'
import { at, sample } from './support/events.ts'
import { caughtUp, ReadSide } from './support/read-side.ts'

const postgres = withPostgres()

async function figures() {
  const side = await ReadSide.open(postgres)
  const readModels = await side.started()
  const clock = { now: () => later(at, 60_000), sleep: () => Promise.resolve() }
  const source = createStateFigures({ database: side.database.kysely, clock })
  const read = async (): Promise<Readonly<Record<string, number>>> => {
    const all = await source.read(new AbortController().signal)
    return Object.fromEntries(all.map(({ gauge, labels = {}, value }) => [[gauge, ...Object.values(labels)].join(' '), value]))
  }
  return {
    read,
    source,
    /** Only what is not 0. */
    async standing() {
      return Object.fromEntries(Object.entries(await read()).filter(([, value]) => value !== 0))
    },
    async happens(stream: StreamName, ...events: readonly DomainEvent[]) {
      let revision: bigint | undefined
      for await (const event of side.store.readStream(stream, { direction: 'backwards', limit: 1 })) revision = event.revision
      await caughtUp(readModels, await side.append(stream, events, revision ?? 'no-stream'))
    },
  }
}

test('where nothing has happened every figure is there, and is 0', async () => {
  const { read, source } = await figures()
  const none = await read()
  expect(Object.values(none).every((value) => value === 0)).toBe(true)
  // What is told server by server is told of none.
  const ofServers = ['steward_server_up', 'steward_server_healthy']
  const named = source.gauges.filter((gauge) => !ofServers.includes(gauge))
  expect(new Set(Object.keys(none).map((key) => key.split(' ')[0]))).toStrictEqual(new Set<string>(named))
  expect(none).toMatchObject({
    'steward_incidents_open nginx awaiting-approval': 0,
    'steward_targets_unseen redis': 0,
    'steward_process_parked_instances healing': 0,
    'steward_healing_stopped switch': 0,
  })
  expect(Object.keys(none)).not.toContain('steward_incidents_open nginx resolved')
})

describe('what happens moves its figure, and what undoes it moves it back:', () => {
  const { targetId, service } = sample('TargetRegistered').data
  const origin = sample('IncidentOpened').data
  const cases: readonly Readonly<{
    what: string
    stream: StreamName
    happens: readonly DomainEvent[]
    standing: Readonly<Record<string, number>>
    undone: readonly DomainEvent[]
    /** What is left then. */
    left?: Readonly<Record<string, number>>
  }>[] = [
    {
      what: 'an incident',
      stream: 'incident-1',
      happens: [sample('IncidentOpened')],
      standing: { [`steward_incidents_open ${origin.service} investigating`]: 1 },
      undone: [sample('IncidentClosed')],
    },
    {
      what: 'an incident that is escalated',
      stream: 'incident-1',
      happens: [sample('IncidentOpened'), sample('IncidentEscalated')],
      standing: { [`steward_incidents_open ${origin.service} escalated`]: 1 },
      undone: [sample('IncidentClosed')],
    },
    {
      what: 'an approval',
      stream: 'approval-1',
      happens: [sample('ApprovalRequested')],
      standing: { steward_approvals_pending: 1 },
      undone: [sample('ApprovalExpired')],
    },
    {
      what: 'the switch',
      stream: 'healing-switch-global',
      happens: [sample('HealingStopped')],
      standing: { 'steward_healing_stopped switch': 1 },
      undone: [sample('HealingResumed')],
    },
    {
      what: 'a host that is lost',
      stream: 'host-1',
      happens: [sample('HostRegistered'), sample('HostLost')],
      standing: { steward_hosts: 1, steward_hosts_lost: 1 },
      undone: [sample('HostReached')],
      left: { steward_hosts: 1 },
    },
    {
      what: 'a host that is retired',
      stream: 'host-1',
      happens: [sample('HostRegistered'), sample('HostLost')],
      standing: { steward_hosts: 1, steward_hosts_lost: 1 },
      undone: [sample('HostRetired')],
    },
    {
      what: 'a target that nobody has looked at yet',
      stream: `target-${targetId}`,
      happens: [sample('TargetRegistered')],
      standing: { [`steward_targets ${service}`]: 1, [`steward_targets_unseen ${service}`]: 1 },
      undone: [sample('TargetSeen')],
      left: { [`steward_targets ${service}`]: 1 },
    },
    {
      what: 'a target that is unseen, and then paused',
      stream: `target-${targetId}`,
      happens: [sample('TargetRegistered'), sample('TargetSeen'), sample('TargetUnseen')],
      standing: { [`steward_targets ${service}`]: 1, [`steward_targets_unseen ${service}`]: 1 },
      undone: [sample('TargetPaused')],
      left: { [`steward_targets ${service}`]: 1, [`steward_targets_paused ${service}`]: 1 },
    },
    {
      what: 'a target that is frozen, and then retired',
      stream: `target-${targetId}`,
      happens: [sample('TargetRegistered'), sample('TargetSeen'), sample('TargetFrozen')],
      standing: { [`steward_targets ${service}`]: 1, [`steward_targets_frozen ${service}`]: 1 },
      undone: [sample('TargetRetired')],
    },
    {
      what: 'a server that runs',
      stream: `server-${sample('ServerRegistered').data.serverId}`,
      happens: [sample('ServerRegistered'), sample('ServerStarting'), sample('ServerRunning')],
      standing: {
        'steward_servers running': 1,
        [`steward_server_up ${sample('ServerRegistered').data.name}`]: 1,
        [`steward_server_healthy ${sample('ServerRegistered').data.name} stdio`]: 1,
      },
      undone: [sample('ServerStopping'), sample('ServerStopped')],
      left: { 'steward_servers stopped': 1 },
    },
    {
      what: 'the breaker of a fingerprint',
      stream: 'fingerprint-1',
      happens: [sample('FingerprintOpened'), sample('BreakerOpened')],
      standing: { 'steward_breakers_open fingerprints': 1 },
      undone: [sample('BreakerReset')],
    },
    {
      what: 'an action that failed',
      stream: 'remedy-guard-1',
      happens: [sample('RemedyFailed')],
      standing: { 'steward_breakers_open actions': 1 },
      undone: [sample('RemedyCleared')],
    },
    {
      what: 'an instance that is parked',
      stream: 'healing-1',
      happens: [sample('InstanceParked')],
      standing: { [`steward_process_parked_instances ${sample('InstanceParked').data.process}`]: 1 },
      undone: [sample('InstanceUnparked')],
    },
    {
      what: 'an effect',
      stream: 'healing-1',
      happens: [sample('EffectRequested', { at: later(at, 15_000) })],
      standing: { steward_effects_open: 1, steward_effects_oldest_seconds: 45 },
      undone: [sample('EffectSucceeded')],
    },
    {
      what: 'a timer that is not due',
      stream: 'healing-1',
      happens: [sample('TimeoutScheduled', { dueAt: later(at, 61_000) })],
      standing: { steward_timers_pending: 1 },
      undone: [sample('TimeoutElapsed')],
    },
    {
      what: 'a timer that is overdue',
      stream: 'healing-1',
      happens: [sample('TimeoutScheduled', { dueAt: instant('2026-11-21T10:30:50.500Z') })],
      standing: { steward_timers_pending: 1, steward_timers_overdue_seconds: 9.5 },
      undone: [sample('TimeoutCancelled')],
    },
  ]
  test.each(cases)('$what', async ({ stream, happens, standing, undone, left = {} }) => {
    const state = await figures()
    await state.happens(stream, ...happens)
    expect(await state.standing()).toStrictEqual(standing)
    await state.happens(stream, ...undone)
    expect(await state.standing()).toStrictEqual(left)
  })
})
