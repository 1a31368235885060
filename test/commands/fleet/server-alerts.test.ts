/** From calls as the gateway tells them to what is recorded of a server. */
import { expect, test } from 'vitest'
import { createServerAlerts } from '../../../src/commands/fleet/server-alerts.ts'
import type { ServerConfig } from '../../../src/domain/server/config.ts'
import type { CallOutcome } from '../../../src/domain/usage/call.ts'
import { createFleetBench, start } from './fleet-bench.ts'

const MIB = 1_048_576

async function open(alerts: ServerConfig['alerts']) {
  const fleet = createFleetBench()
  const { supervisor } = fleet.start()
  await fleet.register({ alerts })
  await fleet.ask(start)
  const memory = { bytes: 0, asked: 0 }
  const watching = createServerAlerts({
    ...fleet,
    supervisor,
    processUsage: {
      async ofGroups(groups) {
        memory.asked += groups.size
        return new Map([...groups].map((group) => [group, { memoryBytes: memory.bytes, cpuSeconds: 0 }]))
      },
    },
  })
  const over = new AbortController()
  const running = watching.run(over.signal)
  return {
    ...fleet,
    memory,
    calls(outcome: CallOutcome, count: number, durationMs = 5): void {
      const startedAtMs = Date.parse(fleet.clock.now())
      for (let call = 0; call < count; call++) watching.count({ serverId: 's-1', startedAtMs, durationMs, outcome })
    },
    async told() {
      return (await fleet.events('server-s-1')).flatMap(({ type, data }) =>
        type === 'ServerAlertRaised' || type === 'ServerAlertCleared' ? [[type, data.alert, data.value] as const] : [],
      )
    },
    async [Symbol.asyncDispose]() {
      over.abort()
      await running
    },
  }
}

test('calls that fail alert within half a minute, and are cleared when they are out of the window', async () => {
  await using fleet = await open({ errorRate: 0.2 })
  fleet.calls('ok', 7)
  fleet.calls('tool-error', 3)
  // Refused before it got there, or taken back by its caller: nothing the server has done.
  fleet.calls('refused', 100)
  fleet.calls('cancelled', 2)
  await fleet.clock.advance(30_000)
  expect(await fleet.told()).toStrictEqual([['ServerAlertRaised', 'errorRate', 0.25]])
  await fleet.clock.advance(600_000)
  expect(await fleet.told()).toStrictEqual([
    ['ServerAlertRaised', 'errorRate', 0.25],
    ['ServerAlertCleared', 'errorRate', null],
  ])
})

test('a few calls are no rate', async () => {
  await using fleet = await open({ errorRate: 0.2, p95Ms: 1 })
  fleet.calls('error', 9, 5_000)
  await fleet.clock.advance(60_000)
  expect(await fleet.told()).toStrictEqual([])
})

test('slow calls alert', async () => {
  await using fleet = await open({ p95Ms: 100 })
  fleet.calls('ok', 90)
  fleet.calls('ok', 10, 1_000)
  await fleet.clock.advance(30_000)
  expect((await fleet.told()).map(([type, alert]) => [type, alert])).toStrictEqual([['ServerAlertRaised', 'p95Ms']])
})

test('memory is asked for only where somebody wants to hear of it', async () => {
  await using silent = await open({ errorRate: 0.5 })
  await silent.clock.advance(60_000)
  expect(silent.memory.asked).toBe(0)
  await using fleet = await open({ memoryBytes: 100 * MIB })
  fleet.memory.bytes = 150 * MIB
  await fleet.clock.advance(30_000)
  fleet.memory.bytes = 60 * MIB
  await fleet.clock.advance(30_000)
  expect(await fleet.told()).toStrictEqual([
    ['ServerAlertRaised', 'memoryBytes', 150 * MIB],
    ['ServerAlertCleared', 'memoryBytes', 60 * MIB],
  ])
})

test('an instance that has just begun to supervise clears nothing that it has not seen', async () => {
  await using fleet = await open({ errorRate: 0.2 })
  const at = fleet.clock.now()
  await fleet.given('server-s-1', {
    type: 'ServerAlertRaised',
    data: { serverId: 's-1', alert: 'errorRate', value: 0.5, threshold: 0.2, at },
  })
  await fleet.clock.advance(240_000)
  expect(await fleet.told()).toHaveLength(1)
  await fleet.clock.advance(120_000)
  expect((await fleet.told()).at(-1)).toStrictEqual(['ServerAlertCleared', 'errorRate', null])
})

test('an outage of the log ends nothing: it is told afterwards', async () => {
  await using fleet = await open({ errorRate: 0.2 })
  fleet.calls('error', 20)
  fleet.storeIsAway(true)
  await fleet.clock.advance(30_000)
  fleet.storeIsAway(false)
  await fleet.clock.advance(30_000)
  expect(await fleet.told()).toStrictEqual([['ServerAlertRaised', 'errorRate', 1]])
})
