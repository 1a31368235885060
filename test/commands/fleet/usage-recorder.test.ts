import { describe, expect, onTestFinished, test } from 'vitest'
import { createCodec } from '../../../src/adapters/codec/codec.ts'
import { createMemoryEventStore } from '../../../src/adapters/event-store/memory/memory-event-store.ts'
import { createIds } from '../../../src/adapters/ids/uuid-ids.ts'
import { createUsageRecorder, type UsageRecorderOptions } from '../../../src/commands/fleet/usage-recorder.ts'
import type { EventOf, Recorded } from '../../../src/domain/events.ts'
import { instant } from '../../../src/domain/instant.ts'
import { type EventStore, OutcomeUnknown, StoreUnavailable } from '../../../src/domain/ports/event-store.ts'
import type { Logger } from '../../../src/domain/ports/logger.ts'
import type { ToolCall } from '../../../src/domain/usage/call.ts'
import { USAGE_FLUSH_MS } from '../../../src/domain/usage/events.ts'
import { HandClock, settled } from '../support/hand-clock.ts'

const codec = createCodec()
const ids = createIds({ namespace: 'test' })
const start = instant('2026-11-21T23:59:50.000Z')

const call = (changes: Partial<ToolCall> = {}): ToolCall => ({
  serverId: 'files',
  tool: 'read',
  principal: 'mira/key-1',
  sessionId: undefined,
  conversation: undefined,
  startedAtMs: Date.parse(start),
  durationMs: 1.5,
  outcome: 'ok',
  rule: undefined,
  requestBytes: 10,
  responseBytes: 20,
  arguments: {},
  ...changes,
})

type Trouble = (append: () => ReturnType<EventStore['append']>, stream: string) => ReturnType<EventStore['append']>

function stage(options: Partial<UsageRecorderOptions> = {}) {
  const clock = new HandClock(start)
  const memory = createMemoryEventStore({ clock })
  const figures = new Map<string, number>()
  const lines: string[] = []
  const say = (level: string) => (_fields: object, message: string) => void lines.push(`${level}: ${message}`)
  const logger: Logger = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error'), child: () => logger }
  let trouble: Trouble = (append) => append()
  const store: EventStore = {
    ...memory,
    append: (stream, expected, events) => trouble(() => memory.append(stream, expected, events), stream),
  }
  const recorder = createUsageRecorder({
    ...{ store, codec, ids, clock, logger },
    metrics: {
      count: (name, labels = {}, by = 1) => {
        const key = `${name}${Object.values(labels).join()}`
        figures.set(key, (figures.get(key) ?? 0) + by)
      },
      observe: () => undefined,
      set: (name, value) => void figures.set(name, value),
    },
    ...options,
  })
  const stopping = new AbortController()
  const draining = new AbortController()
  const running = recorder.run({ signal: stopping.signal, drain: draining.signal })
  onTestFinished(async () => {
    stopping.abort()
    draining.abort()
    await running
    await memory.close()
  })
  return {
    ...{ clock, memory, recorder, figures, lines, draining, running },
    stop: () => stopping.abort(),
    troubled: (by: Trouble) => {
      trouble = by
    },
    async batches(): Promise<Recorded<EventOf<'ToolCallsRecorded'>>[]> {
      const found: Recorded<EventOf<'ToolCallsRecorded'>>[] = []
      for await (const item of memory.readAll()) {
        const event = 'type' in item ? codec.decode(item) : undefined
        if (event?.type === 'ToolCallsRecorded') found.push(event)
      }
      return found
    },
  }
}

const away: Trouble = () => Promise.reject(new StoreUnavailable({ doing: 'append' }))

describe('batches', () => {
  test('a call is in the log a quarter of a second after its end, with all that is known of it', async () => {
    const { recorder, clock, batches } = stage()
    recorder.record(call({ sessionId: 's', conversation: 'c', outcome: 'refused', rule: 'tool-disabled', durationMs: 0.12345 }))
    await clock.advance(249)
    expect(await batches()).toEqual([])
    await clock.advance(1)
    const [batch] = await batches()
    expect(batch?.stream).toBe('toolcalls-files-2026-11-21')
    expect(batch?.data).toEqual({
      serverId: 'files',
      day: '2026-11-21',
      calls: [
        {
          callId: expect.stringMatching(/^[0-9a-f-]{36}-0$/),
          tool: 'read',
          principal: 'mira/key-1',
          sessionId: 's',
          conversation: 'c',
          startedAt: start,
          durationMs: 0.123,
          outcome: 'refused',
          rule: 'tool-disabled',
          requestBytes: 10,
          responseBytes: 20,
        },
      ],
    })
    expect(recorder.standing()).toEqual({ waitingCalls: 0, waitingBytes: 0, droppedCalls: 0 })
  })

  test('a stream is appended to at intervals, or when a batch is full', async () => {
    const { recorder, clock, batches } = stage({ batchCalls: 500 })
    for (let index = 0; index < 1_200; index++) recorder.record(call())
    await settled()
    expect((await batches()).map(({ data }) => data.calls.length)).toEqual([500, 500])
    await clock.advance(1_000)
    expect((await batches()).map(({ data }) => data.calls.length)).toEqual([500, 500, 200])
  })

  test('a batch never grows over the limit of an append, whatever callers write into it', async () => {
    const { recorder, clock, batches, lines } = stage({ keepsArguments: () => true })
    const hostile = '\u0001"\\\ud800é'.repeat(2_000)
    for (let index = 0; index < 600; index++) {
      recorder.record(call({ tool: `${index}${hostile}`, conversation: hostile, sessionId: hostile, arguments: { text: hostile } }))
    }
    await clock.advance(2_000)
    const recorded = await batches()
    expect(recorded.reduce((sum, { data }) => sum + data.calls.length, 0)).toBe(600)
    for (const { data } of recorded) expect(Buffer.byteLength(JSON.stringify(data))).toBeLessThan(600_000)
    expect(lines).toEqual([])
  })

  test('a busy server does not keep the calls of a quiet one waiting, and calls belong to the day of their start', async () => {
    const { recorder, clock, batches } = stage()
    recorder.record(call({ serverId: 'quiet' }))
    recorder.record(call({ serverId: 'quiet', startedAtMs: Date.parse('2026-11-22T00:00:00.000Z') }))
    for (let step = 0; step < 10; step++) {
      for (let index = 0; index < 500; index++) recorder.record(call())
      await clock.advance(100)
    }
    const quiet = (await batches()).filter(({ data }) => data.serverId === 'quiet')
    expect(quiet.map(({ data }) => data.day)).toEqual(['2026-11-21', '2026-11-22'])
  })

  test('names of tools that somebody makes up at random take no room of their own beyond a thousand', async () => {
    const { recorder, clock, batches } = stage()
    for (let index = 0; index < 3_000; index++) recorder.record(call({ tool: `made-up-${index}` }))
    recorder.record(call({ tool: 'made-up-7' }))
    await clock.advance(1_000)
    const tools = (await batches()).flatMap(({ data }) => data.calls.map(({ tool }) => tool))
    expect(new Set(tools).size).toBe(1_001)
    expect(tools.at(-1)).toBe('made-up-7')
  })
})

test('arguments are kept only where the policy wants them, without secrets, and cut', async () => {
  const { recorder, clock, batches } = stage({ keepsArguments: (serverId) => serverId === 'files' })
  recorder.record(call({ arguments: { path: '/tmp', apiKey: 'canary-1', note: 'Bearer canary-2-abcdef', text: 'x'.repeat(10_000_000) } }))
  recorder.record(call({ serverId: 'other', arguments: { path: '/tmp' } }))
  await clock.advance(1_000)
  const [files, other] = await batches()
  const text = files?.data.calls[0]?.args?.text ?? ''
  expect(text).toContain('"path":"/tmp"')
  expect(text).not.toContain('canary')
  expect(text.length).toBeLessThanOrEqual(2_001)
  expect(other?.data.calls[0]).not.toHaveProperty('args')
})

describe('while the log is away', () => {
  test('calls wait, and each is recorded once when it is back', async () => {
    const { recorder, clock, batches, troubled } = stage()
    troubled(away)
    for (let second = 0; second < 20; second++) {
      for (let index = 0; index < 30; index++) recorder.record(call({ startedAtMs: Date.parse(clock.now()) }))
      await clock.advance(1_000)
    }
    expect(recorder.standing()).toMatchObject({ waitingCalls: 600, droppedCalls: 0 })
    troubled((append) => append())
    await clock.advance(10_000)
    const calls = (await batches()).flatMap(({ data }) => data.calls)
    expect(new Set(calls.map(({ callId }) => callId)).size).toBe(600)
    expect(calls).toHaveLength(600)
    expect(recorder.standing()).toEqual({ waitingCalls: 0, waitingBytes: 0, droppedCalls: 0 })
  })

  test('for too long, what has no room is dropped, counted, said once, and told to the log afterwards', async () => {
    const { recorder, clock, batches, troubled, figures, lines } = stage({ mostWaitingBytes: 33_000 })
    troubled(away)
    for (let index = 0; index < 150; index++) recorder.record(call())
    const { waitingCalls, droppedCalls } = recorder.standing()
    expect(waitingCalls + droppedCalls).toBe(150)
    expect(droppedCalls).toBeGreaterThan(0)
    await clock.advance(3_000)
    troubled((append) => append())
    await clock.advance(10_000)
    const recorded = await batches()
    expect(recorded.reduce((sum, { data }) => sum + data.calls.length, 0)).toBe(waitingCalls)
    expect(recorded.reduce((sum, { data }) => sum + (data.lost ?? 0), 0)).toBe(droppedCalls)
    expect(figures.get('steward_usage_dropped_totallog-away')).toBe(droppedCalls)
    expect(lines.filter((line) => line.startsWith('error'))).toHaveLength(1)
    recorder.record(call())
    await clock.advance(1_000)
    expect((await batches()).at(-1)?.data).not.toHaveProperty('lost')
  })
})

test('while the log hangs, taking a call waits for nothing, what waits is bounded and shown, and every call that is missing is counted', async () => {
  const { recorder, clock, batches, troubled, figures } = stage({ mostWaitingBytes: 33_000 })
  const hanging = Promise.withResolvers<void>()
  troubled(async (append) => {
    await hanging.promise
    return append()
  })
  let slowestMs = 0
  for (let index = 0; index < 5_000; index++) {
    const began = performance.now()
    expect(recorder.record(call({ startedAtMs: Date.parse(clock.now()) }))).toBeUndefined()
    slowestMs = Math.max(slowestMs, performance.now() - began)
    if (index % 1_000 === 0) await clock.advance(1_000)
  }
  expect(slowestMs).toBeLessThan(1_000)
  const { waitingCalls, waitingBytes, droppedCalls } = recorder.standing()
  expect(waitingBytes).toBeLessThanOrEqual(33_000)
  expect(waitingCalls + droppedCalls).toBe(5_000)
  recorder.show()
  expect(figures.get('steward_usage_waiting_calls')).toBe(waitingCalls)
  expect(figures.get('steward_usage_dropped_totallog-away')).toBe(droppedCalls)
  hanging.resolve()
  await clock.advance(5_000)
  const recorded = await batches()
  expect(recorded.reduce((sum, { data }) => sum + data.calls.length + (data.lost ?? 0), 0)).toBe(5_000)
  recorder.show()
  expect(figures.get('steward_usage_waiting_calls')).toBe(0)
})

describe('an append whose outcome is unknown', () => {
  test('is repeated with the same ids until it is known: stored already, it is not stored again', async () => {
    const { recorder, clock, batches, troubled } = stage()
    let troubles = 3
    troubled(async (append, stream) => {
      const appended = await append()
      if (troubles-- > 0) throw new OutcomeUnknown({ stream: `${stream}-` })
      return appended
    })
    recorder.record(call())
    await clock.advance(1_000)
    recorder.record(call({ tool: 'second' }))
    await clock.advance(5_000)
    expect((await batches()).map(({ data }) => data.calls.map(({ tool }) => tool))).toEqual([['read'], ['second']])
  })

  test('is found in the stream when another instance has written behind it', async () => {
    const { recorder, clock, batches, troubled, memory } = stage()
    const other = stage()
    let isFirst = true
    troubled(async (append, stream) => {
      if (!isFirst) return append()
      isFirst = false
      const { revision } = await append()
      const event = codec.encode(
        { type: 'ToolCallsRecorded', data: { serverId: 'files', day: '2026-11-21', calls: [] } },
        { eventId: ids.fresh(), correlationId: 'c', causationId: 'c', actor: 'other' },
      )
      await memory.append('toolcalls-files-2026-11-21', revision, [event])
      throw new OutcomeUnknown({ stream: `${stream}-` })
    })
    recorder.record(call())
    await clock.advance(5_000)
    expect((await batches()).map(({ data }) => data.calls.length)).toEqual([1, 0])
    expect(other.recorder.standing().waitingCalls).toBe(0)
  })
})

test('two instances that record calls of one server lose none and count none twice', async () => {
  const one = stage()
  const clock = new HandClock(start)
  const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }
  const metrics = { count() {}, observe() {}, set() {} }
  const two = createUsageRecorder({ store: one.memory, codec, ids, clock, logger: silent, metrics })
  const stopping = new AbortController()
  const running = two.run({ signal: stopping.signal, drain: new AbortController().signal })
  for (let second = 0; second < 10; second++) {
    one.recorder.record(call({ tool: 'one' }))
    two.record(call({ tool: 'two' }))
    await Promise.all([one.clock.advance(1_000), clock.advance(1_000)])
  }
  stopping.abort()
  await running
  const tools = (await one.batches()).flatMap(({ data }) => data.calls.map(({ tool }) => tool))
  expect(tools.filter((tool) => tool === 'one')).toHaveLength(10)
  expect(tools.filter((tool) => tool === 'two')).toHaveLength(10)
})

describe('the end', () => {
  test('comes when everything is written', async () => {
    const { recorder, batches, stop, running } = stage()
    recorder.record(call())
    recorder.record(call({ serverId: 'other' }))
    stop()
    await running
    expect((await batches()).map(({ data }) => data.serverId).sort()).toEqual(['files', 'other'])
  })

  test('without a log comes when the time is over, and says what was lost', async () => {
    const { recorder, clock, stop, draining, running, troubled, lines, figures } = stage()
    troubled(away)
    recorder.record(call())
    stop()
    await clock.advance(2_000)
    draining.abort()
    await running
    expect(lines).toContain('error: tool calls were not recorded: no time was left')
    expect(figures.get('steward_usage_dropped_totalstopped')).toBe(1)
  })

  test('by a crash costs what ended within the last interval, and no more', async () => {
    const { recorder, clock, batches, memory } = stage()
    const ended: number[] = []
    for (let step = 0; step < 35; step++) {
      recorder.record(call({ durationMs: step }))
      ended.push(Date.parse(clock.now()))
      await clock.advance(90)
    }
    // From here on nothing of the process counts: only what the log holds.
    const crashedAt = Date.parse(clock.now())
    const kept = new Set((await batches()).flatMap(({ data }) => data.calls.map(({ durationMs }) => durationMs)))
    for (const [step, endedAt] of ended.entries()) if (crashedAt - endedAt > USAGE_FLUSH_MS) expect(kept).toContain(step)
    expect(kept.size).toBeLessThan(35)
    expect(await memory.head()).toBeDefined()
  })
})
