/** The live feed, through a real server: goes on where a client was, filters, and lets nobody keep it for free. */
import { connect } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { ApiConfig } from '../../src/api/create-api.ts'
import { defaultFeedLimits } from '../../src/api/event-feed.ts'
import { type Listening, serveApi } from '../../src/api/serve.ts'
import type { Logger } from '../../src/domain/ports/logger.ts'
import { nextEvent, serverSentEvents } from './support/sse.ts'
import { ADMIN_KEY, roleKeys, testApi } from './support/test-api.ts'

const warnings: string[] = []
const warn = (_fields: object, message: string) => void warnings.push(message)
const silent: Logger = { debug: () => {}, info: () => {}, warn, error: warn, child: () => silent }
const open: Listening[] = []
const aborts: AbortController[] = []
afterEach(async () => {
  warnings.length = 0
  for (const abort of aborts.splice(0)) abort.abort()
  for (const listening of open.splice(0)) await listening.close(100)
})

async function serve(config: Partial<ApiConfig> = {}) {
  const api = testApi(config)
  const listening = await serveApi(api.api, { host: '127.0.0.1', port: 0, logger: silent })
  open.push(listening)
  const follow = async (query = '', { key = ADMIN_KEY, lastEventId }: { key?: string; lastEventId?: string } = {}) => {
    const abort = new AbortController()
    aborts.push(abort)
    const headers = { authorization: `Bearer ${key}`, ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) }
    const response = await fetch(`${listening.url}/api/v1/events/stream${query}`, { headers, signal: abort.signal })
    return { response, feed: serverSentEvents(response), abort }
  }
  return { ...api, listening, follow }
}

const feedLimits = (limits: Partial<typeof defaultFeedLimits>) => ({ feedLimits: { ...defaultFeedLimits, ...limits } })

describe('the feed', () => {
  test('shows what is recorded from now on, with position, type and the event', async () => {
    const { world, follow } = await serve()
    await world.append('target-1', 'TargetSeen', { before: 'yes' })
    const { response, feed } = await follow()
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const position = await world.append('target-1', 'TargetPaused', { text: 'two\nlines' })
    const { id, event, data = '' } = await nextEvent(feed)
    expect({ id, event }).toEqual({ id: String(position), event: 'TargetPaused' })
    expect(JSON.parse(data)).toMatchObject({
      type: 'TargetPaused',
      stream: 'target-1',
      revision: '1',
      position: String(position),
      data: { text: 'two\nlines' },
    })
  })

  test('goes on behind Last-Event-ID, missing and repeating nothing', async () => {
    const { world, follow } = await serve()
    const positions = []
    for (let n = 0; n < 50; n++) positions.push(String(await world.append('target-1', 'TargetSeen', { n: String(n) })))
    const first = await follow('?after=0')
    const seen = []
    for (let n = 0; n < 20; n++) seen.push((await nextEvent(first.feed)).id)
    first.abort.abort()
    const second = await follow('', { lastEventId: seen.at(-1) ?? '' })
    for (let n = 20; n < 50; n++) seen.push((await nextEvent(second.feed)).id)
    expect(seen).toEqual(positions)
  })

  test('filters by types, stream, category, correlation', async () => {
    const { world, follow } = await serve()
    await world.append('target-1', 'TargetSeen', {})
    await world.append('host-1', 'HostReached', {})
    await world.append('target-2', 'TargetPaused', {})
    const first = async (query: string) => (await nextEvent((await follow(`?after=0&${query}`)).feed)).event
    expect(await first('types=HostReached,HostLost')).toBe('HostReached')
    expect(await first('stream=target-2')).toBe('TargetPaused')
    expect(await first('category=host')).toBe('HostReached')
    expect(await first('correlation_id=correlation-1')).toBe('TargetSeen')
  })

  test('says by comments that it is there', async () => {
    const { follow } = await serve(feedLimits({ heartbeatMs: 20 }))
    const { feed } = await follow()
    for await (const { comment } of feed) if (comment !== undefined) return expect(comment).toBe('still here')
  })

  test('tells how far it has come, so that nothing is missed or searched again behind a break', async () => {
    const { world, follow } = await serve(feedLimits({ heartbeatMs: 20 }))
    const begin = await world.append('target-1', 'TargetSeen', {})
    const first = await follow('?stream=target-9')
    const opening = (await first.feed.next()).value
    expect(opening).toMatchObject({ id: String(begin), retry: '2000' })
    first.abort.abort()
    const missed = await world.append('target-9', 'TargetPaused', {})
    const { feed } = await follow('?stream=target-9', { lastEventId: opening?.id ?? '' })
    expect((await nextEvent(feed)).id).toBe(String(missed))
    const passed = await world.append('target-1', 'TargetSeen', {})
    for await (const { id, data, comment } of feed) {
      expect(data).toBeUndefined()
      if (comment !== undefined && id === String(passed)) return
    }
    expect.unreachable('the feed ended')
  })

  test('refuses a position that is none, and an id that is none, before it begins', async () => {
    const { follow } = await serve()
    expect((await follow('', { lastEventId: 'x' })).response.status).toBe(400)
    expect((await follow('?after=x')).response.status).toBe(422)
    expect((await follow('?after=999999')).response.status).toBe(400)
  })

  test('ends when its key is revoked', async () => {
    const { world, follow } = await serve(feedLimits({ recheckMs: 20 }))
    const { feed } = await follow('', { key: roleKeys.viewer })
    const viewer = world.keys[0]
    if (!viewer) throw new TypeError('the viewer has a key')
    world.keys[0] = { ...viewer, revokedAt: viewer.createdAt }
    for await (const { data } of feed) expect(data).toBeUndefined()
  })

  test('lets a client leave without a word in the log', async () => {
    const { follow } = await serve(feedLimits({ maxFeedsPerKey: 1 }))
    const { feed, abort } = await follow()
    await feed.next()
    abort.abort()
    // Its place is free again once the server has seen it go.
    await vi.waitFor(async () => expect((await follow()).response.status).toBe(200), { timeout: 5_000 })
    expect(warnings).toEqual([])
  })

  test('is opened so many times by one key, and its place is free again when it goes', async () => {
    const { follow } = await serve(feedLimits({ maxFeedsPerKey: 2 }))
    const [first] = [await follow(), await follow()]
    const third = await follow()
    expect(third.response.status).toBe(429)
    expect(await third.response.json()).toMatchObject({ error: { code: 'TOO_MANY_STREAMS' } })
    expect((await follow('', { key: roleKeys.viewer })).response.status).toBe(200)
    first?.abort.abort()
    await vi.waitFor(async () => expect((await follow()).response.status).toBe(200), { timeout: 5_000 })
  })

  test('drops a client that does not read, and holds little for it', async () => {
    const { world, listening, counts } = await serve(feedLimits({ heartbeatMs: 20, stallMs: 100 }))
    const text = 'x'.repeat(100_000)
    for (let n = 0; n < 300; n++) await world.append('target-1', 'TargetSeen', { text })
    const { hostname, port } = new URL(listening.url)
    const socket = connect(Number(port), hostname)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => undefined)
    socket.write(`GET /api/v1/events/stream?after=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_KEY}\r\n\r\n`)
    socket.pause()
    await vi.waitFor(() => expect(counts.map(({ name }) => name)).toContain('steward_http_streams_dropped_total'), { timeout: 10_000 })
    socket.resume()
    await closed
  })
})

describe('closing', () => {
  test('ends feeds, answers what is in flight, takes nothing new', async () => {
    const { listening, follow, api } = await serve()
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    api.app.get('/slow', async () => {
      await held
      return new Response('done')
    })
    const { feed } = await follow()
    await feed.next()
    const inFlight = fetch(`${listening.url}/slow`)
    // The request has arrived when another, sent behind it, has been answered.
    await fetch(`${listening.url}/livez`)
    const closing = listening.close(5_000)
    for await (const { data } of feed) expect(data).toBeUndefined()
    release()
    expect(await (await inFlight).text()).toBe('done')
    await closing
    await expect(fetch(`${listening.url}/livez`)).rejects.toThrow()
  })

  test('cuts what does not end within the grace', async () => {
    const { listening, api } = await serve()
    api.app.get('/never', () => new Promise<Response>(() => undefined))
    const inFlight = fetch(`${listening.url}/never`)
    const failed = expect(inFlight).rejects.toThrow()
    await fetch(`${listening.url}/livez`)
    await listening.close(50)
    await failed
  })

  test('an address that is taken is said at once', async () => {
    const { listening, api } = await serve()
    const port = Number(new URL(listening.url).port)
    await expect(serveApi(api, { host: '127.0.0.1', port, logger: silent })).rejects.toThrow('EADDRINUSE')
  })
})

test('a streamed answer that fails is cut off, and its cause stays here', async () => {
  const { listening, api } = await serve()
  api.app.get('/breaks', () => {
    let sent = false
    const body = new ReadableStream<Uint8Array>({
      async pull(sink) {
        if (sent) throw new Error('secret cause')
        sent = true
        sink.enqueue(new TextEncoder().encode('half'))
        await new Promise((resolve) => setTimeout(resolve, 20))
      },
    })
    return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } })
  })
  const response = await fetch(`${listening.url}/breaks`)
  await expect(response.text()).rejects.toThrow()
  expect(warnings).toEqual(['a streamed answer broke off'])
})
