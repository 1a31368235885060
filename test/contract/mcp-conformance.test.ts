import { describe, expect, it } from 'vitest'
import { serveDirect } from '../conformance/direct.ts'
import { extraFailures, runSuite, versions } from '../conformance/suite.ts'
import { addressOf, KEY, serveThrough } from '../conformance/through.ts'

describe('the official conformance suite', () => {
  for (const version of versions) {
    it(`finds nothing wrong through the gateway that is right directly: ${version}`, async () => {
      const direct = await serveDirect()
      const before = await runSuite(direct.url, version, KEY).finally(() => direct.close())
      const fleet = await serveThrough()
      const after = await runSuite(addressOf(fleet), version, KEY).finally(() => fleet[Symbol.asyncDispose]())
      // Nothing found would also be no failure.
      expect(before.scenarios, before.output.slice(-2_000)).toBeGreaterThan(20)
      expect(after.scenarios, after.output.slice(-2_000)).toBe(before.scenarios)
      expect(extraFailures(before, after)).toEqual([])
      expect(before.failed).toEqual(new Map())
    })
  }

  it('takes a strange Host or Origin for an attack, with a valid key as well', async () => {
    await using fleet = await serveThrough()
    const url = new URL(addressOf(fleet))
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
    })
    expect(await statusOf(url, { ...headers, host: 'evil.example.com' }, body)).toBe(403)
    expect(await statusOf(url, { ...headers, origin: 'http://evil.example.com' }, body)).toBe(403)
    expect(await statusOf(url, { ...headers, origin: `http://localhost:${url.port}` }, body)).toBe(200)
    expect(await statusOf(url, { ...headers, authorization: '' }, body)).toBe(401)
  })
})

async function statusOf(url: URL, headers: Record<string, string>, body: string): Promise<number | undefined> {
  const { request } = await import('node:http')
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
