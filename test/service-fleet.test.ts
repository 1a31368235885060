/** The fleet as it is put together: what the gateway tells of a call reaches everybody who wants to know of it. */
import { expect, onTestFinished, test } from 'vitest'
import type { GatewayUsage } from '../src/domain/ports/mcp.ts'
import { openFleet } from '../src/service-fleet.ts'
import { createBench } from './commands/support/bench.ts'
import { registered } from './domain/server/given.ts'

const never = (): never => {
  throw new Error('nothing is started here')
}

test('calls that fail are recorded, and alert when there are too many of them', async () => {
  const bench = createBench()
  await bench.given('server-s-1', registered({ alerts: { errorRate: 0.5 } }, false))
  const recorded: GatewayUsage[] = []
  let tell: (usage: GatewayUsage) => void = never
  const stopping = new AbortController()
  const fleet = openFleet({
    engine: bench,
    processes: {
      ...{ place: 'here', spawn: never, endLeftOver: never, limiting: never, holding: never },
      sweep: async () => 0,
      close: async () => undefined,
    },
    links: { stdio: never, http: never },
    sessions: { negotiate: never, listTools: never, probe: never },
    makeGateway({ record }) {
      tell = record
      const nothing = async (): Promise<void> => undefined
      return { toolsChanged: () => undefined, clientsOf: () => 0, callTool: never, endSessions: nothing, close: nothing }
    },
    ...{ ids: bench.ids, hash: bench.hash, clock: bench.clock, logger: bench.logger, version: '0' },
    leases: {
      tryHold: async (name) => ({ name, lost: new AbortController().signal, [Symbol.asyncDispose]: async () => undefined }),
      isHeld: async () => true,
    },
    processUsage: { ofGroups: async () => new Map() },
    samples: { record: () => undefined, latest: async () => [] },
    roster: { servers: async () => ({ serverIds: ['s-1'], position: await bench.store.head() }) },
    secrets: { resolve: never },
    schemas: { compile: () => () => [] },
    logs: { pathOf: () => '/dev/null', read: never },
    record: (usage) => recorded.push(usage),
    drain: new AbortController().signal,
    startsAtOnce: 1,
    breaker: { failuresToOpen: 5, openMs: 30_000 },
  })
  const running = fleet.run(stopping.signal)
  onTestFinished(async () => {
    stopping.abort(new Error('the test is over'))
    await running
    await fleet.close()
  })
  await bench.clock.advance(1)

  const startedAtMs = Date.parse(bench.clock.now())
  const call = { serverId: 's-1', tool: 'echo', principal: 'mira', sessionId: undefined, conversation: undefined, rule: undefined }
  for (let count = 0; count < 20; count++)
    tell({ ...call, startedAtMs, durationMs: 5, outcome: 'error', requestBytes: 1, responseBytes: 1, arguments: {} })
  await bench.clock.advance(30_000)
  expect(recorded).toHaveLength(20)
  const alerts = (await bench.events('server-s-1')).filter(({ type }) => type === 'ServerAlertRaised')
  expect(alerts.map(({ data }) => data)).toMatchObject([{ alert: 'errorRate', value: 1, threshold: 0.5 }])
})
