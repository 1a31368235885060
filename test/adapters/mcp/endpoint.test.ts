/** Who is turned away at the door: by the name he came by, by the page he comes from, by his key; and that nothing is done before. */
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { createMcpEndpoint, type EndpointOptions } from '../../../src/adapters/mcp/endpoint.ts'
import type { Inbound } from '../../../src/adapters/mcp/gateway/exchange.ts'
import type { Gateway } from '../../../src/adapters/mcp/gateway/gateway.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(options: Partial<EndpointOptions> = {}, handle?: Gateway['handle']) {
  const passed: Inbound[] = []
  let keysLookedAt = 0
  const endpoint = createMcpEndpoint({
    gateway: {
      handle(inbound, reply) {
        passed.push(inbound)
        if (handle) handle(inbound, reply)
        else reply.json(200, '{"through":true}')
      },
      callTool: async () => ({ kind: 'error', rule: 'nobody', says: '' }),
      toolsChanged: () => undefined,
      clientsOf: () => 0,
      counts: () => ({ sessions: 0, ownLines: 0 }),
      endSessions: async () => undefined,
      holds: () => false,
      endPrincipal: async () => undefined,
      close: async () => undefined,
    },
    admit(authorization) {
      keysLookedAt += 1
      return authorization === 'Bearer good' ? { principal: 'ann' } : { status: 401, body: '{}' }
    },
    ...options,
  })
  const http = createServer((incoming, outgoing) => endpoint.handle(incoming, outgoing))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const address = http.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  closing.push(async () => {
    endpoint.close()
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
  })
  /** With exactly these headers: `fetch` would set Host itself. */
  const send = (headers: Record<string, string>, method = 'POST') =>
    new Promise<Readonly<{ status: number; headers: IncomingHttpHeaders; rule: string | undefined; text: string }>>((resolve, reject) => {
      const asking = request({ port, host: '127.0.0.1', path: '/mcp/files', method, setHost: false, headers: { ...GOOD, ...headers } })
      asking.on('error', reject)
      asking.on('response', (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () => {
          const rule = /"rule":"([a-z-]+)"/.exec(text)?.[1]
          resolve({ status: response.statusCode ?? 0, headers: response.headers, rule, text })
        })
      })
      asking.end(method === 'POST' ? '{}' : undefined)
    })
  return { send, port, passed, keysLookedAt: () => keysLookedAt }
}

const GOOD = {
  host: 'localhost:8080',
  authorization: 'Bearer good',
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
}

describe('whoever comes with a good key', () => {
  it.each([
    ['a name of the machine', { host: 'localhost' }],
    ['with a port, in any case', { host: 'LocalHost:8080' }],
    ['its address', { host: '127.0.0.1:1' }],
    ['its address of IPv6', { host: '[::1]:8080' }],
    ['a page of the machine', { origin: 'http://localhost:3000' }],
    ['a page of the machine by its address of IPv6', { origin: 'http://[::1]:3000' }],
  ])('is let in by %s', async (_what, headers) => {
    const { send, passed } = await start()
    expect((await send(headers)).status).toBe(200)
    expect(passed).toMatchObject([{ principal: 'ann', server: 'files', verb: 'POST' }])
  })

  it.each([
    ['a name that was rebound to us', { host: 'evil.example' }],
    ['one with our port', { host: 'evil.example:8080' }],
    ['one that begins like ours', { host: 'localhost.evil.example' }],
    ['one that ends like ours', { host: 'evil-localhost' }],
    ['one with our name in front of an @', { host: 'localhost@evil.example' }],
    ['an address of IPv6 that is not ours', { host: '[fe80::1]:8080' }],
    ['ours without its brackets', { host: '::1' }],
    ['an address of all interfaces', { host: '0.0.0.0:8080' }],
    ['nothing', { host: '' }],
  ])('is turned away by the name %s, before his key is looked at', async (_what, headers) => {
    const { send, passed, keysLookedAt } = await start()
    expect(await send(headers)).toMatchObject({ status: 403, rule: 'host-not-allowed' })
    expect([passed.length, keysLookedAt()]).toEqual([0, 0])
  })

  it.each([
    ['of another site', { origin: 'https://evil.example' }],
    ['of another site, that begins like ours', { origin: 'http://localhost.evil.example' }],
    ['with our name as its user', { origin: 'http://localhost@evil.example' }],
    ['with our name as its path', { origin: 'http://evil.example/localhost' }],
    ['that has no origin', { origin: 'null' }],
    ['of a file', { origin: 'file://' }],
    ['of an extension with our name', { origin: 'chrome-extension://localhost' }],
    ['of another site, by a name that was rebound', { host: 'evil.example', origin: 'http://evil.example' }],
  ])('is turned away from a page %s, whatever he asks', async (_what, headers) => {
    const { send, passed, keysLookedAt } = await start()
    for (const verb of ['POST', 'GET', 'DELETE']) expect((await send(headers, verb)).status).toBe(403)
    expect([passed.length, keysLookedAt()]).toEqual([0, 0])
  })

  it('comes by the names and from the pages that were given, and by no others', async () => {
    const { send } = await start({ hosts: ['steward.example.com'], origins: ['https://console.example.com'] })
    const host = 'steward.example.com'
    expect((await send({ host, origin: 'https://console.example.com' })).status).toBe(200)
    for (const origin of ['http://console.example.com', 'https://console.example.com:444', 'https://steward.example.com'])
      expect((await send({ host, origin })).rule).toBe('origin-not-allowed')
    expect((await send({ host: 'localhost' })).rule).toBe('host-not-allowed')
  })
})

describe('a fault of ours', () => {
  it('is told to whoever runs the service, and the caller learns only that there was one', async () => {
    const faults: unknown[] = []
    const { send } = await start({ onFault: (error) => faults.push(error) }, () => {
      throw new TypeError('a secret of the house')
    })
    const answer = await send({})
    expect(answer).toMatchObject({ status: 500, rule: 'internal' })
    expect(answer.text).not.toContain('secret of the house')
    expect(faults).toEqual([new TypeError('a secret of the house')])
  })
})
