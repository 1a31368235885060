import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Resource } from '../../src/domain/catalogue/action.ts'
import { instant, later } from '../../src/domain/instant.ts'
import type { LanesEvent } from '../../src/domain/lanes/events.ts'
import { lanes, overlap } from '../../src/domain/lanes/lanes.ts'
import { specify } from '../support/specify.ts'

const spec = specify(lanes)
const now = instant('2026-11-21T10:00:00.000Z')
const claim = (name: string, ...resources: readonly Resource[]) => ({
  hostId: 'h',
  targetId: 't',
  incidentId: `incident ${name}`,
  executionId: name,
  actionId: 'redis.raise-maxmemory',
  resources,
})
const acquired = (name: string, at = now, ...resources: readonly Resource[]): LanesEvent => ({
  type: 'LanesAcquired',
  data: { ...claim(name, ...resources), at },
})
const acquire = (name: string, ...resources: readonly Resource[]) =>
  ({ type: 'AcquireLanes', data: { ...claim(name, ...resources), limitPerHour: 2, now } }) as const

test('an execution takes all of its resources, or waits', () => {
  spec
    .given()
    .when(acquire('a', 'service:redis', 'file:/etc/redis.conf'))
    .yields(acquired('a', now, 'service:redis', 'file:/etc/redis.conf'))
  spec
    .given(acquired('a', now, 'service:redis'))
    .when(acquire('b', 'service:nginx', 'service:redis'))
    .yields({ type: 'LanesQueued', data: { ...claim('b', 'service:nginx', 'service:redis'), heldBy: 'incident a', at: now } })
})

test('a budget of none lets nothing begin, also not the first', () => {
  const { type, data } = acquire('a', 'service:redis')
  spec
    .given()
    .when({ type, data: { ...data, limitPerHour: 0 } })
    .refuses('host-budget-exhausted', { limitPerHour: 0 })
})

test('asking twice takes nothing twice', () =>
  spec
    .given(acquired('a', now, 'service:redis'))
    .when(acquire('a', 'service:redis'))
    .yields())

test('what does not overlap runs beside it', () =>
  spec
    .given(acquired('a', now, 'service:redis'))
    .when(acquire('b', 'service:nginx'))
    .yields(acquired('b', now, 'service:nginx')))

test('a release is offered to everybody whose resources are free, so that nobody waits behind one who hesitates', () => {
  const queued = (name: string, ...resources: readonly Resource[]): LanesEvent => ({
    type: 'LanesQueued',
    data: { ...claim(name, ...resources), heldBy: 'incident a', at: now },
  })
  const offered = (name: string): LanesEvent => ({
    type: 'LanesOffered',
    data: { hostId: 'h', incidentId: `incident ${name}`, executionId: name, at: now },
  })
  spec
    .given(
      acquired('a', now, 'service:redis'),
      acquired('x', now, 'service:nginx'),
      queued('b', 'service:redis'),
      queued('c', 'service:redis'),
      queued('d', 'service:redis', 'service:nginx'),
    )
    .when({ type: 'ReleaseLanes', data: { hostId: 'h', incidentId: 'incident a', executionId: 'a', now } })
    .yields(
      { type: 'LanesReleased', data: { hostId: 'h', incidentId: 'incident a', executionId: 'a', at: now } },
      offered('b'),
      offered('c'),
    )
})

test('at most so many executions begin on a host within an hour', () => {
  const earlier = later(now, -3_599_000)
  spec
    .given(acquired('a', earlier, 'service:a'), acquired('b', earlier, 'service:b'))
    .when(acquire('c', 'service:c'))
    .refuses('host-budget-exhausted', { limitPerHour: 2, freeAt: later(earlier, 3_600_000) })
  const longAgo = later(now, -3_600_000)
  spec
    .given(acquired('a', longAgo, 'service:a'), acquired('b', longAgo, 'service:b'))
    .when(acquire('c', 'service:c'))
    .yields(acquired('c', now, 'service:c'))
})

test('a filesystem overlaps the files below it, and no others', () => {
  expect(overlap(['filesystem:/var'], ['file:/var/lib/redis/dump.rdb'])).toBe(true)
  expect(overlap(['filesystem:/var'], ['file:/variable'])).toBe(false)
  expect(overlap(['filesystem:/'], ['file:/etc/nginx/nginx.conf'])).toBe(true)
})

const resource = fc.constantFrom<Resource>('service:a', 'service:b', 'file:/x/1', 'file:/x/2', 'filesystem:/x', 'unit:u')
const resources = fc.array(resource, { minLength: 1, maxLength: 3 })

test('overlapping is mutual', () => fc.assert(fc.property(resources, resources, (a, b) => overlap(a, b) === overlap(b, a))))

test('no order of claims and releases lets two executions hold the same thing', () =>
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(4), fc.boolean(), resources), { maxLength: 40 }), (moves) => {
      let state = lanes.initialState
      for (const [who, takes, wanted] of moves) {
        const name = `e${who}`
        const command = takes
          ? ({ type: 'AcquireLanes', data: { ...claim(name, ...wanted), limitPerHour: 1_000, now } } as const)
          : ({ type: 'ReleaseLanes', data: { hostId: 'h', incidentId: `incident ${name}`, executionId: name, now } } as const)
        const decision = lanes.decide(state, command)
        if (decision.kind === 'accepted') state = decision.events.reduce(lanes.evolve, state)
        for (const a of state.held) for (const b of state.held) if (a !== b) expect(overlap(a.resources, b.resources)).toBe(false)
      }
    }),
  ))

const left: LanesEvent = { type: 'LanesLeft', data: { hostId: 'h', targetId: 't', at: now } }
const leave = { type: 'LeaveLanes', data: { hostId: 'h', targetId: 't', now } } as const

test('a target does not leave while a fix on it holds something, and the fix is named', () => {
  spec
    .given(acquired('a', now, 'service:redis'))
    .when(leave)
    .refuses('target-is-being-fixed', { incidentId: 'incident a', executionId: 'a' })
  spec
    .given(acquired('a', now, 'service:redis'))
    .when({ type: 'LeaveLanes', data: { hostId: 'h', targetId: 'another', now } })
    .yields({ type: 'LanesLeft', data: { hostId: 'h', targetId: 'another', at: now } })
})

test('nothing begins on a target that has left, and what waited for it waits no more', () => {
  spec.given().when(leave).yields(left)
  spec.given(left).when(leave).yields()
  spec.given(left).when(acquire('a', 'service:redis')).refuses('target-left', { targetId: 't' })
  const other: LanesEvent = { type: 'LanesAcquired', data: { ...claim('o', 'service:redis'), targetId: 'another', at: now } }
  const queued: LanesEvent = { type: 'LanesQueued', data: { ...claim('a', 'service:redis'), heldBy: 'incident o', at: now } }
  const release = { hostId: 'h', incidentId: 'incident o', executionId: 'o' }
  spec
    .given(other, queued, left)
    .when({ type: 'ReleaseLanes', data: { ...release, now } })
    .yields({ type: 'LanesReleased', data: { ...release, at: now } })
})
