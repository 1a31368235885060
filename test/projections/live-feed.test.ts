import { expect, onTestFinished, test } from 'vitest'
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts'
import { createMemoryEventStore } from '../../src/adapters/event-store/memory/memory-event-store.ts'
import type { Logger } from '../../src/domain/ports/logger.ts'
import { createLiveFeed } from '../../src/projections/live-feed.ts'
import { toolCalls } from '../../src/projections/tool-calls.ts'
import { codec, newEvent } from './support/events.ts'

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }

test('a feed of large events keeps few of them: who is behind those reads the log for itself', async () => {
  const clock = createSystemClock()
  const store = createMemoryEventStore({ clock })
  const feed = createLiveFeed({ eventStore: store, codec, clock, logger: silent })
  const stopping = new AbortController()
  const running = feed.run(stopping.signal)
  onTestFinished(async () => {
    stopping.abort()
    await running
    await store.close()
  })
  const call = {
    ...{
      tool: 'read',
      principal: 'mira',
      startedAt: clock.now(),
      durationMs: 1,
      outcome: 'ok' as const,
      requestBytes: 1,
      responseBytes: 1,
    },
    args: { text: 'x'.repeat(2_000) },
  }
  const positions: bigint[] = []
  for (let batch = 0; batch < 30; batch++) {
    const calls = Array.from({ length: 100 }, (_, index) => ({ ...call, callId: `${batch}-${index}` }))
    const event = newEvent({ type: 'ToolCallsRecorded', data: { serverId: 's', day: '2026-11-21', calls } })
    positions.push((await store.append(`toolcalls-s-${batch}`, 'no-stream', [event])).position)
  }
  const [first = 0n] = positions
  const nearEnd = positions.at(-5) ?? 0n
  const last = positions.at(-1) ?? 0n
  await expect.poll(() => feed.after(toolCalls, nearEnd)).toMatchObject({ to: last })
  expect(feed.after(toolCalls, first)).toBe('behind')
  const batch = feed.after(toolCalls, nearEnd)
  expect(batch === 'behind' ? [] : batch?.events.map(({ recorded }) => recorded.position)).toEqual(positions.slice(-4))
})
