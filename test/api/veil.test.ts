/**
 * Every way by which an event leaves, walked with events that hold what not everybody may see: who may not ask for it by its own path finds no trace
 * of it in any other.
 */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createCodec } from '../../src/adapters/codec/codec.ts'
import type { Route } from '../../src/api/define-route.ts'
import { mayDo, mayOf, type Permission } from '../../src/api/permissions.ts'
import { allRoutes } from '../../src/api/routes/index.ts'
import { shownTo, veilOf } from '../../src/api/veil.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import { instant } from '../../src/domain/instant.ts'
import { type Role, roles } from '../../src/domain/key/events.ts'
import { createLiveBench } from './live/support/live-bench.ts'
import { at, serverRow } from './support/rows.ts'
import { nextEvent, serverSentEvents } from './support/sse.ts'
import { roleKeys, testApi } from './support/test-api.ts'

const hidden = ['mcp:view_logs', 'audit:read', 'keys:view'] as const satisfies readonly Permission[]
type Hidden = (typeof hidden)[number]
/** What only those may see who have the permission. */
const CANARY = { 'mcp:view_logs': 'canary-of-the-logs', 'audit:read': 'canary-of-the-audit', 'keys:view': 'canary-of-the-keys' } as const

const [LOGS, AUDIT, KEYS] = [CANARY['mcp:view_logs'], CANARY['audit:read'], CANARY['keys:view']]
const now = instant('2026-11-21T10:00:00.000Z')
const call = {
  ...{ callId: LOGS, tool: LOGS, principal: LOGS, startedAt: now, durationMs: 1, outcome: 'ok' as const },
  ...{ requestBytes: 1, responseBytes: 1, args: { text: LOGS } },
} as const
const failure = {
  ...{
    serverId: 'server-1',
    runId: 'run-1',
    reason: 'exited' as const,
    says: { text: 'it ended with code 1' },
    wasRunning: true,
    exit: null,
  },
  ...{ stderrTail: { text: LOGS }, failedStarts: 0, crashes: 1, at: now },
} as const
const receipt = {
  commandId: 'c-1',
  name: AUDIT,
  subject: AUDIT,
  actor: 'mira',
  owner: AUDIT,
  bodyHash: AUDIT,
  body: { told: AUDIT },
  at: now,
}
const key = { keyId: 'k-1', name: KEYS, role: 'operator', owner: KEYS, sha256: KEYS, expiresAt: now, by: 'mira', at: now } as const

const told: readonly Readonly<{ stream: `${string}-${string}`; event: DomainEvent; withheld: readonly string[]; permission: Hidden }>[] = [
  {
    ...{ stream: 'toolcalls-server-1-2026-11-21', withheld: ['calls'], permission: 'mcp:view_logs' },
    event: { type: 'ToolCallsRecorded', data: { serverId: 'server-1', day: '2026-11-21', calls: [call] } },
  },
  {
    ...{ stream: 'server-server-1', withheld: ['stderrTail'], permission: 'mcp:view_logs' },
    event: { type: 'ServerFailed', data: failure },
  },
  {
    ...{ stream: 'command-c-1', withheld: ['name', 'subject', 'owner', 'bodyHash', 'body'], permission: 'audit:read' },
    event: { type: 'CommandReceived', data: receipt },
  },
  {
    ...{ stream: 'command-c-2', withheld: ['result'], permission: 'audit:read' },
    event: { type: 'CommandSucceeded', data: { commandId: 'c-2', result: { told: AUDIT }, durationMs: 1, at: now } },
  },
  {
    ...{ stream: 'command-c-3', withheld: ['refusal'], permission: 'audit:read' },
    event: {
      type: 'CommandFailed',
      data: { commandId: 'c-3', refusal: { rule: 'unknown-key', facts: { told: AUDIT } }, durationMs: 1, at: now },
    },
  },
  {
    ...{ stream: 'key-k-1', withheld: ['name', 'role', 'owner', 'sha256', 'expiresAt'], permission: 'keys:view' },
    event: { type: 'ApiKeyCreated', data: key },
  },
  {
    ...{ stream: 'key-k-2', withheld: ['reason'], permission: 'keys:view' },
    event: { type: 'ApiKeyRevoked', data: { keyId: 'k-2', by: 'mira', reason: KEYS, at: now } },
  },
]
const idOf = (index: number) => `0199f0a0-0000-7000-8000-00000000000${index + 1}`

async function world() {
  const api = testApi()
  for (const [index, { stream, event }] of told.entries()) {
    const metadata = { eventId: idOf(index), correlationId: 'correlation-1', causationId: idOf(index), actor: 'steward' }
    await api.world.store.append(stream, 'no-stream', [createCodec().encode(event, metadata)])
  }
  const failed = { failureReason: 'exited', failureSays: 'it ended', failureStderr: LOGS, failedAt: at } as const
  api.world.servers.splice(0, 1, { ...serverRow, ...failed })
  return api
}

/** With the ids of what is there, so that there is something to show. */
function addressesOf({ path, operation }: Route): readonly string[] {
  const queries = operation === 'events.export' ? ['?format=ndjson', '?format=csv'] : ['']
  const paths = path.startsWith('/api/v1/streams/')
    ? told.map(({ stream }) => path.replace('{name}', stream))
    : path.includes('/events/{id}')
      ? told.map((_, index) => path.replace('{id}', idOf(index)))
      : [path.replace('{tool}', 'read_file').replaceAll(/\{\w+\}/g, 'server-1')]
  return paths.flatMap((each) => queries.map((query) => `${each}${query}`))
}

const isFeed = ({ operation }: Route) => operation === 'events.stream'
const reading = allRoutes({ publicMetrics: false }).filter((route) => route.method === 'GET' && !isFeed(route))

/** By what they may not see without it: operations whose answer holds it. */
async function shownBy(role: Role): Promise<Readonly<Record<Hidden, readonly string[]>>> {
  const api = await world()
  const shown: Record<Hidden, string[]> = { 'mcp:view_logs': [], 'audit:read': [], 'keys:view': [] }
  for (const route of reading) {
    for (const address of addressesOf(route)) {
      const text = await (await api.request(address, { key: roleKeys[role] })).text()
      for (const permission of hidden) if (text.includes(CANARY[permission])) shown[permission].push(route.operation)
    }
  }
  return shown
}

/** What leaves on the feeds. */
async function fedTo(role: Role): Promise<string> {
  const api = await world()
  const leaving = new AbortController()
  const response = await api.request('/api/v1/events/stream?after=0', { key: roleKeys[role], signal: leaving.signal })
  const feed = serverSentEvents(response)
  const heard: string[] = []
  for (const { event } of told) {
    const { data = '' } = await nextEvent(feed)
    expect(data).toContain(event.type)
    heard.push(data)
  }
  leaving.abort()
  return heard.join()
}

async function toldLive(role: Role): Promise<string> {
  const live = createLiveBench()
  const guest = { may: (permission: Permission) => mayDo(role, permission) }
  await live.rest()
  const present = live.connect(guest)
  present.say({ type: 'subscribe', channels: ['events', 'metrics', 'servers', 'health', 'errors'] })
  for (const { stream, event } of told) await live.given(stream, event)
  await live.rest()
  const later = live.connect(guest)
  later.say({ type: 'subscribe', channels: ['events', 'errors'], resume_from: '0' })
  await live.rest()
  for (const socket of [present, later]) expect(socket.told.filter((type) => type === 'new_event')).toHaveLength(told.length)
  return JSON.stringify([present.sent, later.sent])
}

const seenIn = (text: string) => hidden.filter((permission) => text.includes(CANARY[permission]))

test('for each of them there are roles on both sides', () => {
  for (const permission of hidden) expect(new Set(roles.map((role) => mayDo(role, permission))).size).toBe(2)
})

describe.each(roles)('as %s', (role) => {
  const allowed = hidden.filter((permission) => mayDo(role, permission))
  const forbidden = hidden.filter((permission) => !mayDo(role, permission))

  test('no path shows what is not for it; every path of events shows what is', { timeout: 60_000 }, async () => {
    const shown = await shownBy(role)
    for (const permission of forbidden) expect(shown[permission], permission).toEqual([])
    const paths = ['events.list', 'events.show', 'events.causality', 'streams.events']
    for (const permission of allowed) {
      expect(shown[permission], permission).toEqual(expect.arrayContaining(mayDo(role, 'audit:read') ? [...paths, 'events.export'] : paths))
    }
    // The server itself, its list, and its events in both kinds of words.
    if (mayDo(role, 'mcp:view_logs')) {
      const ofServers = ['servers.show', 'servers.list', 'servers.events', 'documents.servers.events', 'documents.servers.show']
      expect(shown['mcp:view_logs']).toEqual(expect.arrayContaining(ofServers))
    }
  })

  test('an event says what was withheld, and keeps the rest', async () => {
    const api = await world()
    for (const [index, { event, withheld, permission }] of told.entries()) {
      const response = await api.request(`/api/v1/events/${idOf(index)}`, { key: roleKeys[role] })
      const shown = z.object({ data: z.object({}).loose(), withheld: z.array(z.string()).optional() }).parse(await response.json())
      expect(shown.withheld, event.type).toEqual(mayDo(role, permission) ? undefined : withheld)
      expect(Object.keys(shown.data).length, event.type).toBeGreaterThan(0)
    }
  })

  test('a failed server is shown with its reason, whoever asks', async () => {
    const response = await (await world()).request('/api/v1/servers/server-1', { key: roleKeys[role] })
    const stderrTail = mayDo(role, 'mcp:view_logs') ? LOGS : null
    expect(await response.json()).toMatchObject({ failure: { reason: 'exited', says: 'it ended', stderrTail, at } })
  })

  test('the feed of server-sent events shows what is for it and nothing else', async () => {
    expect(seenIn(await fedTo(role))).toEqual(allowed)
  })

  test('so does the live connection, live or catching up', async () => {
    expect(seenIn(await toldLive(role))).toEqual(allowed)
  })
})

test('what is withheld stands in the events under that name', () => {
  for (const { event, withheld, permission } of told) {
    expect(veilOf(event.type)).toBe(permission)
    expect(shownTo(mayOf(undefined), { type: event.type, data: { ...event.data } }).withheld).toEqual(withheld)
  }
  expect(shownTo(() => false, { type: 'TargetPaused', data: { by: 'mira' } })).toEqual({ data: { by: 'mira' } })
})
