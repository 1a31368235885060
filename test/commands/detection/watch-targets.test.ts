/** Watching all targets of a host: what is begun and ended as targets come, pause and go, and that nothing is called seen which nobody looked at. */
import { describe, expect, test } from 'vitest'
import { createRecordAnomaly } from '../../../src/commands/detection/record-anomaly.ts'
import { watchTargets } from '../../../src/commands/detection/watch-targets.ts'
import { createReach } from '../../../src/commands/effects/reach.ts'
import type { Output } from '../../../src/domain/catalogue/program.ts'
import type { HostRegistration } from '../../../src/domain/host/events.ts'
import { StoreUnavailable } from '../../../src/domain/ports/event-store.ts'
import type { Lease } from '../../../src/domain/ports/leases.ts'
import { HostUnreachable, RemoteOutcomeUnknown } from '../../../src/domain/ports/remote-host.ts'
import type { Watched } from '../../../src/domain/ports/roster.ts'
import type { TargetEvent, TargetRegistration } from '../../../src/domain/target/events.ts'
import { createBench, failBefore } from '../support/bench.ts'
import { FedHost, linesOf } from '../support/fed-host.ts'
import { settled } from '../support/hand-clock.ts'
import { accountedFor, counts, fault, matcher, memoryCursors, target } from './support.ts'

const ROSTER_MS = 1_000
const POLL_MS = 15_000

const host: HostRegistration = {
  ...{ hostId: 'h', name: 'box', address: 'box', port: 22, username: 'steward', privateKey: 'file:box' },
  ...{ hostKey: { key: 'ssh-ed25519 AAAA', fingerprint: 'SHA256:shown' }, by: 'mira', at: target.at },
}
const up: Output = { kind: 'text', exitCode: 0, stdout: 'master=alive workers=1 status=not-asked\n', stderr: '' }
const other: TargetRegistration = { ...target, targetId: 'other', name: 'other', logPaths: ['/other'] }

async function watching({ pollEveryMs = POLL_MS }: { pollEveryMs?: number } = {}) {
  const bench = createBench()
  const machine = new FedHost()
  machine.answer = () => up
  const place = memoryCursors()
  const roster: { watched: Watched[]; fail: Error | undefined } = { watched: [{ target, host, paused: false }], fail: undefined }
  const leases = new TestLeases()
  await bench.given('host-h', { type: 'HostRegistered', data: host })
  for (const registration of [target, other])
    await bench.given(`target-${registration.targetId}`, { type: 'TargetRegistered', data: registration })
  const stop = new AbortController()
  const start = () =>
    watchTargets({
      roster: {
        async watched() {
          if (roster.fail) throw roster.fail
          return roster.watched
        },
      },
      hosts: machine.hosts(),
      reach: createReach({ log: bench.log, hosts: machine.hosts() }),
      faults: [fault],
      compileMatcher: () => matcher,
      record: createRecordAnomaly(bench),
      cursors: place.cursors,
      tools: bench,
      ...{ handle: bench.handle, clock: bench.clock, ids: bench.ids, metrics: bench.metrics, logger: bench.logger },
      ...{ leases, pollEveryMs, signal: stop.signal },
    })
  const running = start()
  running.catch(() => undefined)
  await settled()
  return {
    ...{ bench, machine, place, roster, leases, running },
    changes: async (targetId = 't') => (await bench.types(`target-${targetId}`)).slice(1),
    reasons: async () =>
      (await bench.events('target-t')).flatMap((event): string[] => (event.type === 'TargetUnseen' ? [event.data.reason] : [])),
    async end() {
      stop.abort(new Error('enough'))
      await running
    },
  }
}

class TestLeases {
  readonly held = new Map<string, AbortController>()
  /** Somebody else has them. */
  readonly taken = new Set<string>()
  async tryHold(name: string): Promise<Lease | undefined> {
    if (this.taken.has(name) || this.held.has(name)) return undefined
    const lost = new AbortController()
    this.held.set(name, lost)
    return { name, lost: lost.signal, [Symbol.asyncDispose]: async () => void this.held.delete(name) }
  }
  isHeld = async (name: string): Promise<boolean> => this.held.has(name)
}

describe('a target', () => {
  test('is seen when its service answers and each of its logs was opened, not before', async () => {
    const { machine, changes, end } = await watching()
    expect([...machine.followed.keys()]).toStrictEqual(['/log'])
    expect(await changes()).toStrictEqual([])
    machine.say('/log', { kind: 'seeing' })
    await settled()
    expect(await changes()).toStrictEqual(['TargetSeen'])
    await end()
    expect(machine.followed.size).toBe(0)
  })

  test('that is paused is left alone, with nothing uncounted, and goes on where it stood', async () => {
    const { bench, machine, place, roster, end } = await watching()
    machine.say('/log', { kind: 'seeing' }, linesOf(['fault a', 'fault a', 'fault a']))
    await settled()
    expect(counts(bench)).toStrictEqual([])
    roster.watched = [{ target, host, paused: true }]
    await bench.clock.advance(ROSTER_MS)
    expect(machine.followed.size).toBe(0)
    expect(accountedFor(bench)).toBe(3)
    expect(place.saves.at(-1)).toBe(24)
    const asked = bench.figures.filter((figure) => figure.includes('polls_total')).length
    await bench.clock.advance(10 * POLL_MS)
    expect(bench.figures.filter((figure) => figure.includes('polls_total'))).toHaveLength(asked)

    roster.watched = [{ target, host, paused: false }]
    await bench.clock.advance(ROSTER_MS)
    expect(machine.followed.get('/log')).toMatchObject({ from: { offset: 24 } })
    await end()
  })

  test('whose host has a new key is followed anew with that key, from where it stood', async () => {
    const { bench, machine, roster, end } = await watching()
    machine.say('/log', { kind: 'seeing' }, linesOf(['fault a']))
    await settled()
    const before = machine.followed.get('/log')
    const hostKey = { key: 'ssh-ed25519 BBBB', fingerprint: 'SHA256:new' }
    await bench.given('host-h', { type: 'HostKeyChanged', data: { hostId: 'h', hostKey, by: 'mira', at: bench.clock.now() } })
    roster.watched = [{ target, host: { ...host, hostKey }, paused: false }]
    await bench.clock.advance(ROSTER_MS)
    const after = machine.followed.get('/log')
    expect(after).not.toBe(before)
    expect(after).toMatchObject({ from: { offset: 8 } })
    expect(machine.openedWith).toBe(hostKey.key)
    await bench.clock.advance(ROSTER_MS)
    expect(machine.followed.get('/log')).toBe(after)
    await end()
  })

  test.each(['paused', 'retired', 'stopped'])('%s while its poll is in flight: the poll is called off and says nothing', async (how) => {
    const { bench, machine, roster, changes, end } = await watching()
    machine.say('/log', { kind: 'seeing' })
    await settled()
    machine.answer = undefined
    await bench.clock.advance(POLL_MS)
    const [asking] = machine.asking
    asking?.signal?.addEventListener('abort', () => asking.fail(new RemoteOutcomeUnknown({ doing: 'health' })))
    if (how === 'retired') {
      const retired: TargetEvent = { type: 'TargetRetired', data: { targetId: 't', by: 'mira', reason: 'x', at: bench.clock.now() } }
      await bench.given('target-t', retired)
      roster.watched = []
    } else if (how === 'paused') roster.watched = [{ target, host, paused: true }]
    else await end()
    await bench.clock.advance(ROSTER_MS)
    expect(asking?.signal?.aborted).toBe(true)
    expect((await changes()).filter((type) => type === 'TargetUnseen')).toStrictEqual([])
    expect(machine.followed.size).toBe(0)
    await end()
  })

  test('resumed while the poll from before still hangs is not asked twice at a time', async () => {
    const { bench, machine, roster, end } = await watching()
    machine.answer = undefined
    await bench.clock.advance(POLL_MS)
    const [asking] = machine.asking
    roster.watched = [{ target, host, paused: true }]
    await bench.clock.advance(ROSTER_MS)
    roster.watched = [{ target, host, paused: false }]
    await bench.clock.advance(5 * ROSTER_MS)
    expect(machine.asking).toHaveLength(1)
    asking?.fail(new RemoteOutcomeUnknown({ doing: 'health' }))
    await bench.clock.advance(2 * ROSTER_MS)
    expect(machine.asking).toHaveLength(2)
    for (const each of machine.asking) each.answer(up)
    await end()
  })

  test('that was retired when its poll comes back is not talked of any more', async () => {
    const { bench, machine, changes, end } = await watching()
    machine.say('/log', { kind: 'seeing' })
    machine.answer = undefined
    await bench.clock.advance(POLL_MS)
    await bench.given('target-t', { type: 'TargetRetired', data: { targetId: 't', by: 'mira', reason: 'x', at: bench.clock.now() } })
    machine.asking[0]?.fail(new HostUnreachable({ hostId: 'h', rule: 'timeout' }))
    await bench.clock.advance(POLL_MS)
    expect((await changes()).at(-1)).toBe('TargetRetired')
    await end()
  })

  test('that comes later is watched beside the first', async () => {
    const { bench, machine, roster, changes, end } = await watching()
    roster.watched = [...roster.watched, { target: other, host, paused: false }]
    await bench.clock.advance(ROSTER_MS)
    machine.say('/other', { kind: 'seeing' })
    await settled()
    expect([...machine.followed.keys()].sort()).toStrictEqual(['/log', '/other'])
    expect(await changes('other')).toStrictEqual(['TargetSeen'])
    await end()
  })
})

describe('an outage of the host', () => {
  test('is told once, of host and target, and its end as well', async () => {
    const { bench, machine, changes, reasons, end } = await watching()
    machine.say('/log', { kind: 'seeing' })
    await settled()
    machine.say('/log', { kind: 'blind', reason: 'host-unreachable', says: 'host h: connection-lost' })
    machine.answer = () => {
      throw new HostUnreachable({ hostId: 'h', rule: 'connection-lost' })
    }
    await bench.clock.advance(4 * POLL_MS)
    expect(await changes()).toStrictEqual(['TargetSeen', 'TargetUnseen'])
    expect(await reasons()).toStrictEqual(['/log: host-unreachable: host h: connection-lost'])
    expect(await bench.types('host-h')).toStrictEqual(['HostRegistered', 'HostReached', 'HostLost'])
    expect(bench.figures).toContain('steward_log_blind host-unreachable 1')

    machine.answer = () => up
    await bench.clock.advance(POLL_MS)
    // The service answers, but the log is not open yet.
    expect(await changes()).toStrictEqual(['TargetSeen', 'TargetUnseen'])
    machine.say('/log', { kind: 'seeing' })
    await bench.clock.advance(POLL_MS)
    expect(await changes()).toStrictEqual(['TargetSeen', 'TargetUnseen', 'TargetSeen'])
    expect(await bench.types('host-h')).toStrictEqual(['HostRegistered', 'HostReached', 'HostLost', 'HostReached'])
    await end()
  })

  test('a log whose name looks like an outage is none', async () => {
    const { bench, machine, end } = await watching()
    machine.say('/log', { kind: 'blind', reason: 'missing', says: '/var/log/host-unreachable is no such file' })
    await settled()
    expect(await bench.types('host-h')).toStrictEqual(['HostRegistered', 'HostReached'])
    await end()
  })
})

describe('what fails', () => {
  test('a poll that throws makes the target unseen, with the reason, and is asked again', async () => {
    const { bench, machine, changes, reasons, end } = await watching()
    machine.say('/log', { kind: 'seeing' })
    await settled()
    machine.answer = () => {
      throw new TypeError('cannot read this')
    }
    await bench.clock.advance(POLL_MS)
    expect(await reasons()).toStrictEqual(['the service cannot be asked: cannot read this'])
    machine.answer = () => up
    await bench.clock.advance(POLL_MS)
    expect((await changes()).at(-1)).toBe('TargetSeen')
    await end()
  })

  test('a log whose following fails makes the target unseen, and begins again', async () => {
    const { bench, machine, changes, reasons, end } = await watching()
    machine.say('/log', { kind: 'seeing' })
    await settled()
    machine.say('/log', new Error('the follower broke'))
    await settled()
    expect(await reasons()).toStrictEqual(['/log is not watched: the follower broke'])
    const opened = machine.opened
    await bench.clock.advance(3_000)
    expect(machine.opened).toBeGreaterThan(opened)
    machine.say('/log', { kind: 'seeing' })
    await settled()
    expect((await changes()).at(-1)).toBe('TargetSeen')
    await end()
  })

  test('a text from outside becomes a reason without its secrets, and not without end', async () => {
    const { machine, reasons, end } = await watching()
    machine.say('/log', { kind: 'blind', reason: 'unreadable', says: `password=hunter2hunter2 ${'x'.repeat(10_000)}` })
    await settled()
    const [reason = ''] = await reasons()
    expect(reason).not.toContain('hunter2')
    expect(reason.length).toBeLessThan(600)
    await end()
  })

  test('an event store that is away says nothing of the target; later it is told', async () => {
    const { bench, machine, changes, end } = await watching()
    const away = failBefore(new StoreUnavailable({ doing: 'test' }))
    bench.interfere(away)
    machine.say('/log', { kind: 'blind', reason: 'missing', says: 'no such file' })
    await settled()
    expect(await changes()).toStrictEqual([])
    await bench.clock.advance(2_000)
    machine.say('/log', { kind: 'blind', reason: 'missing', says: 'no such file' })
    await settled()
    expect(await changes()).toStrictEqual(['TargetUnseen'])
    await end()
  })

  test('a database that is away ends all watches in order', async () => {
    const { bench, machine, roster, leases, running } = await watching()
    roster.fail = new Error('the database is away')
    await bench.clock.advance(ROSTER_MS)
    await expect(running).rejects.toThrow('the database is away')
    expect(machine.followed.size).toBe(0)
    expect(leases.held.size).toBe(0)
  })
})

describe('one instance follows a host', () => {
  test('one that another instance has is left to it, and taken over when that one is gone', async () => {
    const { bench, machine, roster, leases, end } = await watching()
    const far = { ...host, hostId: 'far', name: 'far' }
    leases.taken.add('follow-host-far')
    roster.watched = [...roster.watched, { target: { ...other, hostId: 'far' }, host: far, paused: false }]
    await bench.clock.advance(3 * ROSTER_MS)
    expect([...machine.followed.keys()]).toStrictEqual(['/log'])
    leases.taken.clear()
    await bench.clock.advance(ROSTER_MS)
    expect([...machine.followed.keys()].sort()).toStrictEqual(['/log', '/other'])
    await end()
  })

  test('a lost lease ends its watches at once, records nothing more, and is asked for again', async () => {
    const { bench, machine, place, leases, end } = await watching()
    machine.say('/log', { kind: 'seeing' }, linesOf(['fault a', 'fault a']))
    await settled()
    leases.held.get('follow-host-h')?.abort()
    await settled()
    expect(machine.followed.size).toBe(0)
    expect(counts(bench)).toStrictEqual([])
    expect(place.saves).toStrictEqual([])
    leases.held.clear()
    await bench.clock.advance(ROSTER_MS)
    expect(machine.followed.size).toBe(1)
    await end()
  })

  test('a host without targets is let go', async () => {
    const { bench, roster, leases, end } = await watching()
    expect([...leases.held.keys()]).toStrictEqual(['follow-host-h'])
    roster.watched = []
    await bench.clock.advance(ROSTER_MS)
    expect(leases.held.size).toBe(0)
    await end()
  })
})

test.each([1_000, 60_000])('an interval of %i ms between two looks is kept', async (pollEveryMs) => {
  const { bench, end } = await watching({ pollEveryMs })
  const looks = () => bench.figures.filter((figure) => figure.startsWith('steward_polls_total health')).length
  expect(looks()).toBe(1)
  await bench.clock.advance(pollEveryMs - 1)
  expect(looks()).toBe(1)
  await bench.clock.advance(1)
  expect(looks()).toBe(2)
  await bench.clock.advance(8 * pollEveryMs)
  expect(looks()).toBe(10)
  await end()
})
