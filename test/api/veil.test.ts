/** Every way by which an event leaves, walked with one that holds tool calls: those who may not read logs find no trace of a call in any of them. */
import { describe, expect, test } from 'vitest'
import { createCodec } from '../../src/adapters/codec/codec.ts'
import type { Route } from '../../src/api/define-route.ts'
import { mayDo } from '../../src/api/permissions.ts'
import { allRoutes } from '../../src/api/routes/index.ts'
import { shownTo, veilOf } from '../../src/api/veil.ts'
import { instant } from '../../src/domain/instant.ts'
import { type Role, roles } from '../../src/domain/key/events.ts'
import type { ToolCallsRecord } from '../../src/domain/usage/events.ts'
import { createLiveBench } from './live/support/live-bench.ts'
import { nextEvent, serverSentEvents } from './support/sse.ts'
import { roleKeys, testApi } from './support/test-api.ts'

const STREAM = 'toolcalls-server-1-2026-11-21'
const CANARY = 'canary-of-a-call'
const EVENT_ID = '0199f0a0-0000-7000-8000-000000000001'
const record: ToolCallsRecord = {
  serverId: 'server-1',
  day: '2026-11-21',
  calls: [
    {
      ...{ callId: CANARY, tool: CANARY, principal: CANARY, startedAt: instant('2026-11-21T10:00:00.000Z'), durationMs: 1, outcome: 'ok' },
      ...{ requestBytes: 1, responseBytes: 1, args: { text: CANARY } },
    },
  ],
}

async function world() {
  const api = testApi()
  const metadata = { eventId: EVENT_ID, correlationId: 'correlation-1', causationId: EVENT_ID, actor: 'steward' }
  const event = createCodec().encode({ type: 'ToolCallsRecorded', data: record }, metadata)
  await api.world.store.append(STREAM, 'no-stream', [event])
  return api
}

/** With the ids of what is there, so that there is something to show. */
function addressOf({ path }: Route): string {
  if (path.startsWith('/api/v1/streams/')) return path.replace('{name}', STREAM)
  if (path.includes('/events/{id}')) return path.replace('{id}', EVENT_ID)
  return path.replace('{tool}', 'read_file').replaceAll(/\{\w+\}/g, 'server-1')
}

const isFeed = ({ operation }: Route) => operation === 'events.stream'
const reading = allRoutes({ publicMetrics: false }).filter((route) => route.method === 'GET' && !isFeed(route))

/** Operations whose answer holds the canary. */
async function shownBy(role: Role): Promise<readonly string[]> {
  const api = await world()
  const shown: string[] = []
  for (const route of reading) {
    for (const query of route.operation === 'events.export' ? ['?format=ndjson', '?format=csv'] : ['']) {
      const text = await (await api.request(`${addressOf(route)}${query}`, { key: roleKeys[role] })).text()
      if (text.includes(CANARY)) shown.push(`${route.operation}${query}`)
    }
  }
  return shown
}

const lacking = roles.filter((role) => !mayDo(role, 'mcp:view_logs'))
const having = roles.filter((role) => mayDo(role, 'mcp:view_logs'))

test('there are roles on both sides', () => {
  expect(lacking).toEqual(['viewer'])
  expect(having.length).toBeGreaterThan(0)
})

describe.each(lacking)('as %s', (role) => {
  test('no path shows a call', { timeout: 60_000 }, async () => {
    expect(await shownBy(role)).toEqual([])
  })

  test('an event says what was withheld, and keeps the rest', async () => {
    const api = await world()
    const response = await api.request(`/api/v1/events/${EVENT_ID}`, { key: roleKeys[role] })
    expect(await response.json()).toMatchObject({ data: { serverId: 'server-1', day: '2026-11-21' }, withheld: ['calls'] })
  })

  test('the feed of server-sent events shows none', async () => {
    expect(await firstOfFeed(role)).not.toContain(CANARY)
  })

  test('the live connection shows none, live or catching up', async () => {
    expect(await toldLive(role)).not.toContain(CANARY)
  })
})

describe.each(having)('as %s, the walk can fail:', (role) => {
  test('the paths of events show them', { timeout: 60_000 }, async () => {
    const shown = await shownBy(role)
    expect(shown).toEqual(expect.arrayContaining(['events.list', 'events.show', 'events.causality', 'streams.events']))
    expect(shown).toEqual(expect.arrayContaining(['events.export?format=ndjson', 'events.export?format=csv']))
  })

  test('and so do both feeds', async () => {
    expect(await firstOfFeed(role)).toContain(CANARY)
    expect(await toldLive(role)).toContain(CANARY)
  })
})

test('what is withheld stands in the events under that name', () => {
  expect(veilOf('ToolCallsRecorded')).toBe('mcp:view_logs')
  expect(shownTo(() => false, { type: 'ToolCallsRecorded', data: { ...record } }).withheld).toEqual(['calls'])
  expect(shownTo(() => false, { type: 'TargetPaused', data: { by: 'mira' } })).toEqual({ data: { by: 'mira' } })
})

async function firstOfFeed(role: Role): Promise<string> {
  const api = await world()
  const leaving = new AbortController()
  const response = await api.request('/api/v1/events/stream?after=0', { key: roleKeys[role], signal: leaving.signal })
  const feed = serverSentEvents(response)
  const { data = '' } = await nextEvent(feed)
  leaving.abort()
  expect(data).toContain('ToolCallsRecorded')
  return data
}

async function toldLive(role: Role): Promise<string> {
  const live = createLiveBench()
  const guest = { may: (permission: Parameters<typeof mayDo>[1]) => mayDo(role, permission) }
  await live.rest()
  const now = live.connect(guest)
  now.say({ type: 'subscribe', channels: ['events', 'metrics', 'servers', 'health', 'errors'] })
  await live.given(STREAM, { type: 'ToolCallsRecorded', data: record })
  await live.rest()
  const later = live.connect(guest)
  later.say({ type: 'subscribe', channels: ['events'], resume_from: '0' })
  await live.rest()
  for (const socket of [now, later]) expect(socket.told).toContain('new_event')
  return JSON.stringify([now.sent, later.sent])
}
