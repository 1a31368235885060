/** The gateway as a process of its own, with keys that are looked up, sessions, checks and usage records; speaks to the bench by messages. */
import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { createMcpEndpoint } from '../../../src/adapters/mcp/endpoint.ts'
import type { GatewayUsage } from '../../../src/domain/ports/mcp.ts'
import { startFleet } from '../../support/mcp/fleet.ts'
import { startBare } from './bare.ts'

const ECHO = new URL('./echo-server.mjs', import.meta.url).pathname
const [mode, era] = process.argv.slice(2)

const cpuMicros = (): number => {
  const { user, system } = process.cpuUsage()
  return user + system
}

if (mode === 'bare') {
  const bare = await startBare(process.execPath, [ECHO, era ?? 'session'])
  process.on('disconnect', () => void bare.close().then(() => process.exit(0)))
  process.on('message', () => process.send?.({ records: 0, cpuMicros: cpuMicros() }))
  process.send?.({ url: bare.url, key: '' })
} else {
  const key = randomBytes(32).toString('hex')
  const keys = new Map([[createHash('sha256').update(key).digest('hex'), 'bench']])
  let records = 0
  const record = (_usage: GatewayUsage): void => {
    records++
  }
  const fleet = await startFleet([{ name: 'echo', args: [ECHO, era ?? 'session'] }], { record })
  const endpoint = createMcpEndpoint({
    gateway: fleet.gateway,
    async admit(authorization) {
      const principal = keys.get(
        createHash('sha256')
          .update(authorization?.slice(7) ?? '')
          .digest('hex'),
      )
      return principal === undefined ? { status: 401, body: '{}' } : { principal }
    },
  })
  const server = createServer((incoming, outgoing) => endpoint.handle(incoming, outgoing))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  process.on('message', () => process.send?.({ records, cpuMicros: cpuMicros() }))
  process.on('disconnect', () => void fleet[Symbol.asyncDispose]().then(() => process.exit(0)))
  process.send?.({ url: `http://127.0.0.1:${address.port}/mcp/echo`, key })
}
