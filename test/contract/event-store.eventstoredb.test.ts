/**
 * The contract, kept over EventStoreDB's wire protocol: always against the double, and with `EVENTSTOREDB_URL` set, every case again against that
 * server, which may hold other data.
 */
import { randomBytes } from 'node:crypto'
import { createEventStoreDbEventStore } from '../../src/adapters/event-store/eventstoredb/eventstoredb-event-store.ts'
import type { EventStore } from '../../src/domain/ports/event-store.ts'
import { startEventStoreDbDouble } from '../support/eventstoredb-double/double.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { describeEventStore } from './event-store.ts'
import type { LogUnderTest } from './support/log-under-test.ts'
import { spawnWriter } from './support/writer-process.ts'

describeEventStore('eventstoredb (double)', {
  async start() {
    const double = await startEventStoreDbDouble()
    return logOn(double.url, () => double.close())
  },
})

const realUrl = process.env['EVENTSTOREDB_URL']
if (realUrl) describeEventStore('eventstoredb (EVENTSTOREDB_URL)', { start: async () => logOn(realUrl, async () => undefined) })

function logOn(url: string, stopServer: () => Promise<void>): LogUnderTest {
  const namespace = `t${randomBytes(8).toString('hex')}`
  const closing: (() => Promise<unknown>)[] = [stopServer]
  const open = (options: { url: string; namespace: string; appendDeadlineMs?: number }): EventStore => {
    const store = createEventStoreDbEventStore(options)
    closing.push(() => store.close())
    return store
  }
  return {
    open: async () => open({ url, namespace }),
    openNeighbour: async () => open({ url, namespace: `${namespace}b` }),
    async openThroughLine() {
      const proxy = await startTcpProxy(serverOf(url))
      closing.push(() => proxy.close())
      const throughProxy = url.replace(/(?<=[/@])[^/@?]+(?=\/?(?:\?|$))/, `${proxy.host}:${proxy.port}`)
      const line = {
        breakable: true,
        stop: () => proxy.stop(),
        start: () => proxy.start(),
        freeze: () => proxy.freeze(),
        thaw: () => proxy.thaw(),
        reset: () => proxy.resetConnections(),
        // The name of the stream is in the request, in clear.
        loseNextAcknowledgement: () => void proxy.loseAnswersTo(`${namespace}.`),
      }
      return { store: open({ url: throughProxy, namespace, appendDeadlineMs: 2_000 }), line }
    },
    startWriter: async (stream) =>
      spawnWriter(new URL('../support/eventstoredb-double/open-store.ts', import.meta.url), { url, namespace }, stream),
    // This server has no transactions that a stranger could leave open.
    holdForeignTransaction: async () => ({ [Symbol.asyncDispose]: async () => undefined }),
    async [Symbol.asyncDispose]() {
      for (const close of closing.reverse()) await close()
    },
  }
}

function serverOf(url: string): { host: string; port: number } {
  const match = /[/@](?<host>[^/@?:]+)(?::(?<port>\d+))?\/?(?:\?|$)/.exec(url)
  const { host, port = '2113' } = match?.groups ?? {}
  if (!host) throw new Error(`EVENTSTOREDB_URL must name one server: ${url}`)
  return { host, port: Number(port) }
}
