/** Live connections over real sockets, on the listener of the API. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import WebSocket from 'ws'
import { serveWebSockets } from '../../../src/adapters/live-sockets/web-sockets.ts'
import { createAdmission, livePaths, SUBPROTOCOL } from '../../../src/api/live/admission.ts'
import { closeCodes } from '../../../src/api/live/channels.ts'
import type { HubLimits } from '../../../src/api/live/live-hub.ts'
import { serveApi } from '../../../src/api/serve.ts'
import { registered, running, starting, wanted } from '../../domain/server/given.ts'
import { ADMIN_KEY, roleKeys, testApi } from '../support/test-api.ts'
import { createLiveBench, type Message } from './support/live-bench.ts'

const ORIGIN = 'https://steward.example.com'

async function listen(limits: Partial<HubLimits> = {}) {
  const live = createLiveBench(limits)
  const { api, world } = testApi()
  const { hub, hash, ids, clock, logger } = live
  const admit = createAdmission({
    ...{ hub, hash, ids, clock, logger },
    keys: { bySha256: async (sha256) => world.keys.find((row) => row.sha256 === sha256) },
    adminKeySha256: hash.sha256(ADMIN_KEY),
    origins: new Set([ORIGIN]),
  })
  const listening = await serveApi(api, {
    ...{ host: '127.0.0.1', port: 0, logger },
    attach: (server) => serveWebSockets(server, { admit, logger, maxMessageBytes: 1_000 }),
  })
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    hub.close()
    closed ??= listening.close(500)
    return closed
  }
  onTestFinished(close)
  const url = listening.url.replace('http:', 'ws:')
  return { ...live, url, world, close, open: (options?: ClientOptions) => openClient(url, options) }
}

type ClientOptions = Readonly<{ key?: string | null; path?: string; origin?: string; protocols?: readonly string[] }>

/** A client that keeps what it heard. Resolves when it is in, or was refused. */
async function openClient(url: string, { key = ADMIN_KEY, path = '/ws', origin, protocols = [] }: ClientOptions = {}) {
  const headers = { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...(origin === undefined ? {} : { origin }) }
  const ws = new WebSocket(`${url}${path}`, [...protocols], { headers })
  onTestFinished(() => ws.terminate())
  const heard: Message[] = []
  const refused = Promise.withResolvers<{ status: number; body: string }>()
  const left = Promise.withResolvers<{ code: number; reason: string }>()
  ws.on('message', (data) => void heard.push(JSON.parse(data.toString())))
  ws.on('close', (code, reason) => left.resolve({ code, reason: reason.toString() }))
  ws.on('error', () => undefined)
  ws.on('unexpected-response', async (_request, response) => {
    let body = ''
    for await (const chunk of response) body += chunk
    refused.resolve({ status: response.statusCode ?? 0, body })
  })
  await Promise.race([once(ws, 'open'), refused.promise])
  return {
    ws,
    heard,
    refused: refused.promise,
    left: left.promise,
    say: (message: object) => ws.send(JSON.stringify(message)),
    places: () => heard.flatMap(({ channel, position, type }) => (channel === undefined ? [] : [`${position} ${type}`])),
  }
}

test('two clients hear the same, by all the documents’ names of the path', async () => {
  const live = await listen()
  const clients = await Promise.all(livePaths.map((path) => live.open({ path })))
  for (const client of clients) client.say({ type: 'subscribe', channels: ['servers', 'health'] })
  await expect.poll(() => clients.every(({ heard }) => heard.length === 1)).toBe(true)
  await live.given('server-s-1', registered(), wanted, starting(), running())
  await expect.poll(() => clients.map(({ heard }) => heard.length)).toStrictEqual([5, 5, 5])
  const [one, two] = clients
  expect(two?.heard.slice(1)).toStrictEqual(one?.heard.slice(1))
  expect(one?.heard.map(({ seq }) => seq)).toStrictEqual([1, 2, 3, 4, 5])
})

test('a client that was cut goes on behind the last message it had', async () => {
  const live = await listen()
  const [steady, other] = [await live.open(), await live.open()]
  for (const client of [steady, other]) client.say({ type: 'subscribe', channels: ['servers', 'health', 'metrics', 'events'] })
  await expect.poll(() => other.heard.length).toBe(1)
  await live.given('server-s-1', registered(), wanted)
  await expect.poll(() => other.places().length).toBe(3)
  other.ws.terminate()
  await live.given('server-s-1', starting(), running())
  const back = await live.open()
  back.say({ type: 'subscribe', channels: ['servers', 'health', 'metrics', 'events'], resume_from: other.heard.at(-1)?.resume })
  await expect.poll(() => [...other.places(), ...back.places()]).toStrictEqual(steady.places())
})

describe('at the door', () => {
  test.each([
    ['no key', { key: null }, 401, 'UNAUTHENTICATED'],
    ['a wrong key', { key: 'sk_wrong-key-0123456789' }, 401, 'UNAUTHENTICATED'],
    ['a page from elsewhere, with a good key', { origin: 'https://evil.example' }, 403, 'FORBIDDEN'],
    ['a page without an origin of its own', { origin: 'null' }, 403, 'FORBIDDEN'],
    ['another path', { path: '/ws/other' }, 404, 'NOT_FOUND'],
    ['another path, without a key', { path: '/ws/other', key: null }, 401, 'UNAUTHENTICATED'],
  ] as const)('%s is refused', async (_name, options, status, code) => {
    const live = await listen()
    const client = await live.open(options)
    const refused = await client.refused
    expect(refused.status).toBe(status)
    expect(JSON.parse(refused.body)).toMatchObject({ error: { code } })
    expect(refused.body).not.toContain('sk_')
  })

  test('the address that was asked makes no origin good', async () => {
    const live = await listen()
    const client = await live.open({ origin: live.url.replace('ws:', 'http:') })
    expect((await client.refused).status).toBe(403)
  })

  test('a page names its key beside the protocol, and it is not said back', async () => {
    const live = await listen()
    const { viewer } = roleKeys
    const client = await live.open({ key: null, origin: ORIGIN, protocols: [SUBPROTOCOL, `steward.key.${viewer}`] })
    expect(client.ws.protocol).toBe(SUBPROTOCOL)
    client.say({ type: 'subscribe', channels: ['servers'] })
    await expect.poll(() => client.heard[0]).toMatchObject({ type: 'subscribed' })
    expect(JSON.stringify(live.logged)).not.toContain(viewer)
  })

  test('more than a key may have are refused', async () => {
    const live = await listen({ maxConnectionsPerKey: 1 })
    await live.open()
    expect((await (await live.open()).refused).status).toBe(429)
    await live.open({ key: roleKeys.viewer })
  })
})

test('a message that is too large, or not text, ends the connection by the rules of the protocol', async () => {
  const live = await listen()
  const [large, binary] = [await live.open(), await live.open()]
  large.ws.send(JSON.stringify({ type: 'ping', more: 'x'.repeat(2_000) }))
  binary.ws.send(Buffer.from([1, 2, 3]))
  expect((await large.left).code).toBe(1009)
  expect((await binary.left).code).toBe(1003)
})

test('a revoked key ends its connections with a code', async () => {
  const live = await listen()
  const client = await live.open({ key: roleKeys.viewer })
  client.say({ type: 'subscribe', channels: ['servers'] })
  await expect.poll(() => client.heard.length).toBe(1)
  await live.given('key-viewer', { type: 'ApiKeyRevoked', data: { keyId: 'viewer', by: 'mira', reason: 'lost', at: live.clock.now() } })
  expect(await client.left).toStrictEqual({ code: closeCodes.keyNoLongerGood, reason: 'the key was revoked' })
})

test('a stop says goodbye to everybody, and lets nobody in', async () => {
  const live = await listen()
  const client = await live.open()
  const closing = live.close()
  expect(await client.left).toStrictEqual({ code: 1001, reason: 'the service stops' })
  await closing
})

/** The words of the protocol by hand, so that a peer can stop reading, or just be gone. */
async function openRaw(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  const key = Buffer.from('0123456789abcdef').toString('base64')
  socket.write(
    `GET /ws HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\nauthorization: Bearer ${ADMIN_KEY}\r\n\r\n`,
  )
  const [answer] = await once(socket, 'data')
  expect(String(answer)).toContain('101 Switching Protocols')
  return socket
}

/** A masked text frame of less than 126 bytes; a mask of zeros changes nothing. */
const textFrame = (message: object): Buffer => {
  const body = Buffer.from(JSON.stringify(message))
  return Buffer.concat([Buffer.from([0x81, 0x80 | body.length, 0, 0, 0, 0]), body])
}

test('a peer that stops reading is let go, and what waited for it is bounded', { timeout: 20_000 }, async () => {
  const live = await listen({ maxBufferedBytes: 200_000 })
  const raw = await openRaw(live.url)
  raw.write(textFrame({ type: 'subscribe', channels: ['events'] }))
  await once(raw, 'data')
  raw.pause()
  const reason = 'x'.repeat(50_000)
  const by = { targetId: 't', by: 'mira', reason, at: live.clock.now() }
  const dropped = (): boolean => live.figures.includes('steward_http_streams_dropped_total websocket 1')
  // The kernel takes some megabytes before anything waits here.
  for (let index = 0; index < 400 && !dropped(); index++) {
    await live.given('target-t', { type: 'TargetPaused', data: by })
    await live.rest()
  }
  expect(dropped()).toBe(true)
  await expect.poll(() => live.hub.hasRoomFor('admin-key')).toBe(true)
})

test('a peer that is gone without a word is cut after it missed a sign of life', async () => {
  const live = await listen({ heartbeatMs: 100, maxConnectionsPerKey: 1 })
  const raw = await openRaw(live.url)
  // It hears, and never answers a ping.
  raw.resume()
  expect(live.hub.hasRoomFor('admin-key')).toBe(false)
  await once(raw, 'close')
  await expect.poll(() => live.hub.hasRoomFor('admin-key')).toBe(true)
})

test('a change of a hundred servers is on the wire within a second of its event', { timeout: 30_000 }, async () => {
  const live = await listen()
  const client = await live.open()
  const heardAtMs = new Map<string, number>()
  client.ws.on('message', (text) => {
    const { type, data } = JSON.parse(text.toString())
    if (type === 'server_status_change') heardAtMs.set(data.server_id, performance.now())
  })
  client.say({ type: 'subscribe', channels: ['servers'] })
  await expect.poll(() => client.heard.length).toBe(1)
  const recordedAtMs = new Map<string, number>()
  for (let index = 0; index < 100; index++) {
    const id = `s-${index}`
    const event = registered()
    await live.given(`server-${id}`, { ...event, data: { ...event.data, serverId: id } } as typeof event)
    recordedAtMs.set(id, performance.now())
  }
  await expect.poll(() => heardAtMs.size, { timeout: 10_000 }).toBe(100)
  const waits = [...recordedAtMs].map(([id, ms]) => (heardAtMs.get(id) ?? Number.POSITIVE_INFINITY) - ms).toSorted((a, b) => a - b)
  expect(waits[94]).toBeLessThan(1_000)
})

test('a hundred clients hear everything, in order', { timeout: 60_000 }, async () => {
  const live = await listen()
  const clients = await Promise.all(Array.from({ length: 100 }, () => live.open()))
  for (const client of clients) client.say({ type: 'subscribe', channels: ['servers', 'events'] })
  await expect.poll(() => clients.every(({ heard }) => heard.length === 1), { timeout: 20_000 }).toBe(true)
  for (let index = 0; index < 25; index++) {
    const of = (event: ReturnType<typeof registered>) => ({ ...event, data: { ...event.data, serverId: `s-${index}` } }) as typeof event
    await live.given(`server-s-${index}`, of(registered()), of(wanted), of(starting()), of(running()))
  }
  await expect.poll(() => clients.every(({ heard }) => heard.length === 1 + 25 * 7), { timeout: 40_000 }).toBe(true)
  const [first] = clients
  for (const { heard, places } of clients) {
    expect(heard.map(({ seq }) => seq)).toStrictEqual(Array.from({ length: heard.length }, (_, index) => index + 1))
    expect(places()).toStrictEqual(first?.places())
  }
  expect(live.subscriptions()).toBe(1)
})
