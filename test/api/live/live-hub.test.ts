import { describe, expect, test } from 'vitest'
import { closeCodes } from '../../../src/api/live/channels.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { failed, registered, running, starting, wanted } from '../../domain/server/given.ts'
import { createLiveBench, type FakeSocket, type Message } from './support/live-bench.ts'

const pings = (count: number): DomainEvent[] =>
  Array.from(
    { length: count },
    (_, index) => ({ type: 'TargetSeen', data: { targetId: `t-${index}`, at: '2026-11-21T10:00:00.000Z' } }) as DomainEvent,
  )

const places = (socket: FakeSocket): readonly string[] =>
  socket.sent.flatMap(({ channel, type, position }) => (channel === undefined ? [] : [`${position} ${type}`]))

test('what is subscribed to is confirmed, told, and told no more', async () => {
  const live = createLiveBench()
  await live.rest()
  const socket = live.connect()
  await live.given('server-s-1', registered())
  await live.rest()
  expect(socket.sent).toStrictEqual([])
  socket.say({ type: 'subscribe', channels: ['servers', 'errors'] })
  expect(socket.last).toMatchObject({ type: 'subscribed', channels: ['servers', 'errors'], seq: 1 })
  await live.given('server-s-1', wanted, starting(), running())
  await live.rest()
  expect(socket.told).toStrictEqual(['server_status_change', 'server_status_change'])
  expect(socket.sent.map(({ seq }) => seq)).toStrictEqual([1, 2, 3])
  socket.say({ type: 'unsubscribe', channels: ['servers'] })
  expect(socket.last).toMatchObject({ type: 'unsubscribed', channels: ['errors'] })
  await live.given('server-s-1', failed({ wasRunning: true, failedStarts: 0, crashes: 1 }))
  await live.rest()
  expect(socket.last).toMatchObject({ type: 'error_alert', data: { reason: 'exited' } })
})

test('the first event of a server that was there long before says what it was', async () => {
  const live = createLiveBench()
  await live.given('server-s-1', registered(), wanted, starting())
  await live.rest()
  const socket = live.connect()
  socket.say({ type: 'subscribe', channels: ['servers'] })
  await live.given('server-s-1', running())
  await live.rest()
  expect(socket.last.data).toMatchObject({ old_status: 'starting', new_status: 'running' })
})

test('all clients together are one subscription of the log', async () => {
  const live = createLiveBench()
  await live.rest()
  const sockets = Array.from({ length: 50 }, () => live.connect())
  for (const socket of sockets) socket.say({ type: 'subscribe', channels: ['events'] })
  await live.given('target-t-1', ...pings(3))
  await live.rest()
  for (const socket of sockets) expect(socket.told).toHaveLength(3)
  expect(live.subscriptions()).toBe(1)
})

test('a key gets only the channels that it may ask', async () => {
  const live = createLiveBench()
  const socket = live.connect({ may: (permission) => permission === 'mcp:view_servers' })
  socket.say({ type: 'subscribe', channels: ['servers', 'events'] })
  expect(socket.last).toMatchObject({ type: 'error', code: 'FORBIDDEN', channels: ['events'] })
  await live.given('target-t-1', ...pings(1))
  await live.rest()
  expect(socket.told).toStrictEqual([])
})

test('who may see events but not calls is told that calls were recorded, and nothing of them', async () => {
  const live = createLiveBench()
  await live.rest()
  const viewer = live.connect({ may: (permission) => permission === 'mcp:view_events' })
  const operator = live.connect()
  for (const socket of [viewer, operator]) socket.say({ type: 'subscribe', channels: ['events'] })
  const call = {
    ...{ callId: 'c', tool: 'add', principal: 'mira/key-1', startedAt: live.clock.now(), durationMs: 1 },
    outcome: 'ok',
    ...{ requestBytes: 1, responseBytes: 1, args: { text: '{"path":"/canary"}' } },
  } as const
  await live.given('toolcalls-s-1-2026-11-21', { type: 'ToolCallsRecorded', data: { serverId: 's-1', day: '2026-11-21', calls: [call] } })
  await live.rest()
  expect(operator.last.data).toMatchObject({ type: 'ToolCallsRecorded', data: { calls: [{ callId: 'c', args: call.args }] } })
  expect(viewer.last.data).toMatchObject({ type: 'ToolCallsRecorded', data: { serverId: 's-1', day: '2026-11-21' }, withheld: ['calls'] })
  expect(JSON.stringify(viewer.sent)).not.toMatch(/canary|mira|add/)
  // The past tells no more than the present did.
  const back = live.connect({ may: (permission) => permission === 'mcp:view_events' })
  back.say({ type: 'subscribe', channels: ['events'], resume_from: '0' })
  await live.rest()
  expect(back.last.data).toStrictEqual(viewer.last.data)
})

test('an event of a server is told as it was recorded, and in the words of the document', async () => {
  const live = createLiveBench()
  await live.rest()
  const socket = live.connect()
  socket.say({ type: 'subscribe', channels: ['events'] })
  await live.given('server-s-1', registered(), wanted, starting(), failed({ wasRunning: false, failedStarts: 1, crashes: 0 }))
  await live.rest()
  expect(socket.last.data).toMatchObject({
    ...{ type: 'ServerFailed', stream: 'server-s-1', revision: '3', data: { reason: 'exited' } },
    ...{ server_id: 's-1', server_name: 'everything', event_type: 'ServerFailed', severity: 'error', category: 'server_lifecycle' },
    ...{ message: 'server failed', details: { reason: 'exited' }, error_code: 'exited', error_message: 'it ended with code 1' },
  })
})

test('a message that is larger than all that may wait reaches who takes what it is sent', async () => {
  const live = createLiveBench({ maxBufferedBytes: 1_000 })
  await live.rest()
  const socket = live.connect()
  socket.say({ type: 'subscribe', channels: ['events'] })
  socket.stuffs = 5_000
  await live.given('target-t-1', ...pings(1))
  await live.rest()
  expect(socket.told).toHaveLength(1)
  expect(socket.closed).toBeUndefined()
  socket.bufferedBytes = 0
  await live.given('target-t-1', ...pings(1))
  await live.rest()
  expect(socket.told).toHaveLength(2)
  await live.given('target-t-1', ...pings(1))
  await live.rest()
  expect(socket.closed?.code).toBe(closeCodes.tooSlow)
})

test('what is said wrongly is answered by field and rule, and what is said too often ends it', async () => {
  const live = createLiveBench({ maxRequests: 5 })
  const socket = live.connect()
  socket.say('{')
  socket.say({ type: 'subscribe', channels: ['secrets'] })
  socket.say({ type: 'subscribe', channels: ['servers'], resume_from: '-1' })
  socket.say({ type: 'subscribe', channels: ['servers'], more: 1 })
  expect(socket.sent.map(({ code }) => code)).toStrictEqual(Array(4).fill('VALIDATION_FAILED'))
  expect(socket.sent[1]).toMatchObject({ message: expect.stringContaining('channels.0') })
  socket.say({ type: 'ping' })
  expect(socket.last.type).toBe('pong')
  socket.say({ type: 'ping' })
  expect(socket.closed?.code).toBe(closeCodes.tooTalkative)
})

describe('resuming', () => {
  const everything = ['servers', 'health', 'metrics', 'events', 'errors'] as const

  /** Four servers live through it all. */
  const history = (): readonly (readonly [string, readonly DomainEvent[]])[] =>
    ['a', 'b', 'c', 'd'].map((id) => {
      const events = [registered(), wanted, starting(), running(), failed({ wasRunning: true, failedStarts: 0, crashes: 1 })]
      return [id, events.map((event) => ({ ...event, data: { ...event.data, serverId: id } }) as DomainEvent)] as const
    })

  test('from any place loses nothing and doubles nothing, in the middle of an event too', { timeout: 30_000 }, async () => {
    const live = createLiveBench()
    await live.rest()
    const steady = live.connect()
    steady.say({ type: 'subscribe', channels: everything })
    for (const [id, events] of history()) for (const event of events) await live.given(`server-${id}`, event)
    await live.rest()
    const all = places(steady)
    expect(all.length).toBeGreaterThan(40)
    const messages: readonly Message[] = steady.sent.filter(({ channel }) => channel !== undefined)
    expect(new Set(messages.map(({ resume }) => resume)).size).toBe(messages.length)
    for (const [index, { resume }] of messages.entries()) {
      const back = live.connect()
      back.say({ type: 'subscribe', channels: everything, resume_from: resume })
      await live.rest()
      expect(places(back), `from ${resume}`).toStrictEqual(all.slice(index + 1))
      // The past says the same as the present did, words of before included.
      expect(back.sent.slice(1).map(({ data }) => data)).toStrictEqual(messages.slice(index + 1).map(({ data }) => data))
      back.listener?.ended()
    }
  })

  test('while more is recorded joins the present without a gap', async () => {
    const live = createLiveBench()
    await live.given('target-old', ...pings(1_300))
    await live.rest()
    const socket = live.connect()
    socket.say({ type: 'subscribe', channels: ['events'], resume_from: '0' })
    for (let index = 0; index < 40; index++) await live.given(`target-t-${index}`, ...pings(1))
    await live.rest()
    await live.rest()
    const positions = socket.sent.flatMap(({ channel, position }) => (channel === undefined ? [] : [Number(position)]))
    expect(positions).toStrictEqual(Array.from({ length: 1_340 }, (_, index) => (index + 1) * 10))
    expect(live.subscriptions()).toBe(1)
  })

  test('from a place that the log does not have ends with a code', async () => {
    const live = createLiveBench()
    await live.given('target-old', ...pings(3))
    await live.rest()
    const socket = live.connect()
    socket.say({ type: 'subscribe', channels: ['events'], resume_from: '11' })
    await live.rest()
    expect(socket.closed?.code).toBe(closeCodes.unknownPosition)
    expect(socket.told).toStrictEqual([])
  })

  test('goes with the first subscription only', async () => {
    const live = createLiveBench()
    await live.rest()
    const socket = live.connect()
    socket.say({ type: 'subscribe', channels: ['events'] })
    socket.say({ type: 'subscribe', channels: ['servers'], resume_from: '1' })
    expect(socket.last).toMatchObject({ type: 'error', code: 'ALREADY_SUBSCRIBED' })
  })

  test('waits for a client that is slow to take the past, and lets it go when it takes nothing', async () => {
    const live = createLiveBench({ catchUpBytes: 1_000, stallMs: 5_000 })
    await live.given('target-old', ...pings(100))
    await live.rest()
    const socket = live.connect()
    socket.stuffs = 100
    socket.say({ type: 'subscribe', channels: ['events'], resume_from: '0' })
    await live.rest()
    const had = socket.sent.length
    expect(had).toBeLessThan(15)
    socket.bufferedBytes = 0
    await live.clock.advance(20)
    expect(socket.sent.length).toBeGreaterThan(had)
    await live.clock.advance(6_000)
    expect(socket.closed?.code).toBe(closeCodes.tooSlow)
    expect(socket.sent.length).toBeLessThan(40)
  })
})

test('a client that takes less than it is sent is let go with a code, and the others go on', async () => {
  const live = createLiveBench({ maxBufferedBytes: 1_000 })
  await live.rest()
  const [slow, quick] = [live.connect(), live.connect()]
  slow.stuffs = 300
  for (const socket of [slow, quick]) socket.say({ type: 'subscribe', channels: ['events'] })
  await live.given('target-t-1', ...pings(20))
  await live.rest()
  expect(slow.closed?.code).toBe(closeCodes.tooSlow)
  expect(slow.sent.length).toBe(4)
  expect(quick.told).toHaveLength(20)
  expect(live.figures).toContain('steward_http_streams_dropped_total websocket 1')
})

test('a key that was revoked closes its connections at once, and no others', async () => {
  const live = createLiveBench()
  await live.rest()
  const [out, stays] = [live.connect({ keyId: 'key-out' }), live.connect({ keyId: 'key-stays' })]
  await live.given('key-key-out', { type: 'ApiKeyRevoked', data: { keyId: 'key-out', by: 'mira', reason: 'lost', at: live.clock.now() } })
  await live.rest()
  expect(out.closed?.code).toBe(closeCodes.keyNoLongerGood)
  expect(stays.closed).toBeUndefined()
})

test('a key that expired or changed closes its connections at the next look, and a look that fails closes none', async () => {
  const live = createLiveBench({ recheckMs: 5 })
  await live.rest()
  let looks = 0
  const changed = live.connect({ stillAllowed: async () => ++looks < 3 })
  const unknown = live.connect({ stillAllowed: () => Promise.reject(new Error('the database is away')) })
  await expect.poll(() => changed.closed?.code).toBe(closeCodes.keyNoLongerGood)
  expect(looks).toBe(3)
  expect(unknown.closed).toBeUndefined()
})

test('a peer that gives no sign of life is cut; one that does is not', async () => {
  const live = createLiveBench({ heartbeatMs: 20 })
  await live.rest()
  const [gone, there] = [live.connect(), live.connect()]
  there.ping = () => void there.listener?.alive()
  await expect.poll(() => gone.wasCut).toBe(true)
  expect(gone.pings).toBe(1)
  expect(there.wasCut).toBe(false)
})

test('a quiet client is told where it stands, so that it comes back from there', async () => {
  const live = createLiveBench({ heartbeatMs: 10 })
  await live.rest()
  const socket = live.connect()
  socket.ping = () => void socket.listener?.alive()
  socket.say({ type: 'subscribe', channels: ['incidents'] })
  await live.given('target-t-1', ...pings(4))
  await live.rest()
  await expect.poll(() => socket.last).toMatchObject({ type: 'heartbeat', position: '40', resume: '40' })
})

test('no key takes all the places, and a stop ends everybody and lets nobody in', async () => {
  const live = createLiveBench({ maxConnectionsPerKey: 2 })
  const socket = live.connect()
  live.connect()
  expect([live.hub.hasRoomFor('key-1'), live.hub.hasRoomFor('key-2')]).toStrictEqual([false, true])
  live.hub.close()
  expect(socket.closed).toStrictEqual({ code: 1001, reason: 'the service stops' })
  expect(live.hub.hasRoomFor('key-2')).toBe(false)
  expect(live.connect().closed?.code).toBe(1001)
})
