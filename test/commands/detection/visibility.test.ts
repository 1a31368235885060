import { expect, test } from 'vitest'
import type { HandleCommand } from '../../../src/commands/aggregate-commands.ts'
import { createVisibility, SERVICE, type Unseen } from '../../../src/commands/detection/visibility.ts'
import { StoreUnavailable } from '../../../src/domain/ports/event-store.ts'
import { createBench, failBefore } from '../support/bench.ts'
import { target } from './support.ts'

const missing: Unseen = { reason: '/log: missing', host: 'reached' }
const silent: Unseen = { reason: 'it does not answer', host: 'reached' }

async function setUp(change: (handle: HandleCommand) => HandleCommand = (handle) => handle) {
  const bench = createBench()
  await bench.given('target-t', { type: 'TargetRegistered', data: target })
  const visibility = createVisibility(target, { ...bench, handle: change(bench.handle) })
  return { bench, visibility, said: async () => (await bench.types('target-t')).slice(1) }
}

test('a target can be seen only when everything of it can', async () => {
  const { visibility, said } = await setUp()
  await visibility.report('/log', missing)
  await visibility.report(SERVICE, undefined)
  expect(await said()).toStrictEqual(['TargetUnseen'])
  await visibility.report('/log', undefined)
  expect(await said()).toStrictEqual(['TargetUnseen', 'TargetSeen'])
})

test('what was not looked at proves nothing', async () => {
  const { visibility, said } = await setUp()
  await visibility.report(SERVICE, undefined)
  expect(await said()).toStrictEqual([])
  await visibility.report('/log', undefined)
  expect(await said()).toStrictEqual(['TargetSeen'])
})

test('what an outage kept from the log is told again, and the same is told once', async () => {
  const { bench, visibility, said } = await setUp()
  bench.interfere(failBefore(new StoreUnavailable({ doing: 'test' })))
  await expect(visibility.report(SERVICE, silent)).rejects.toBeInstanceOf(StoreUnavailable)
  await visibility.report(SERVICE, silent)
  await visibility.report(SERVICE, silent)
  expect(await said()).toStrictEqual(['TargetUnseen'])
})

test('of two reports at the same moment the last word is the newer one, however slow the log is', async () => {
  const slow = Promise.withResolvers<void>()
  const { visibility, said } = await setUp((handle) => async (command, cause) => {
    if (command.command.type === 'ReportTargetUnseen') await slow.promise
    return handle(command, cause)
  })
  await visibility.report(SERVICE, undefined)
  const first = visibility.report('/log', missing)
  const second = visibility.report('/log', undefined)
  slow.resolve()
  await Promise.all([first, second])
  expect((await said()).at(-1)).toBe('TargetSeen')
})

test('what says nothing of the host changes nothing about it', async () => {
  const { bench, visibility } = await setUp()
  await bench.given('host-h', {
    type: 'HostRegistered',
    data: {
      ...{ hostId: 'h', name: 'box', address: 'box', port: 22, username: 'steward', privateKey: 'file:box' },
      ...{ hostKey: { key: 'k', fingerprint: 'f' }, by: 'mira', at: target.at },
    },
  })
  const host = async () => (await bench.types('host-h')).slice(1)
  await visibility.report(SERVICE, { reason: 'a secret is missing', host: 'unknown' })
  expect(await host()).toStrictEqual([])
  await visibility.report(SERVICE, { reason: 'host h: timeout', host: 'lost' })
  await visibility.report(SERVICE, { reason: 'a secret is missing', host: 'unknown' })
  expect(await host()).toStrictEqual(['HostLost'])
  await visibility.report('/log', missing)
  expect(await host()).toStrictEqual(['HostLost', 'HostReached'])
})
