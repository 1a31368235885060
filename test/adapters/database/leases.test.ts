/** A lease belongs to one live session, and both its holder and everybody else learn when that ends. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { type ClosableLeases, createLeases } from '../../../src/adapters/database/leases.ts'
import type { Lease } from '../../../src/domain/ports/leases.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import { withPostgres } from './support.ts'

const postgres = withPostgres()

test('one of many takes a free lease; behind its release the next may', async () => {
  const namespace = postgres.namespace()
  const holders = Array.from({ length: 5 }, () => leasesOf(namespace))
  const taken = (await Promise.all(holders.map((leases) => leases.tryHold('host-1')))).filter(isLease)
  expect(taken).toHaveLength(1)
  expect(taken[0]?.name).toBe('host-1')

  await taken[0]?.[Symbol.asyncDispose]()
  expect(await holders[0]?.isHeld('host-1')).toBe(false)
  expect(await holders[1]?.tryHold('host-1')).toBeDefined()
})

test('the holder itself does not get it twice, also when it asks twice at once', async () => {
  const leases = leasesOf(postgres.namespace())
  const twice = await Promise.all([leases.tryHold('host-1'), leases.tryHold('host-1')])
  expect(twice.filter(isLease)).toHaveLength(1)
  expect(await leases.tryHold('host-1')).toBeUndefined()
})

test('a refused attempt takes nothing: the lease is free when its holder lets go', async () => {
  const namespace = postgres.namespace()
  const [holder, loser, third] = [leasesOf(namespace), leasesOf(namespace), leasesOf(namespace)]
  const lease = await holder.tryHold('host-1')
  expect(await loser.tryHold('host-1')).toBeUndefined()
  await lease?.[Symbol.asyncDispose]()
  expect(await third.tryHold('host-1')).toBeDefined()
})

test('everybody sees who is held, without disturbing', async () => {
  const namespace = postgres.namespace()
  const [holder, observer, stranger] = [leasesOf(namespace), leasesOf(namespace), leasesOf(postgres.namespace())]
  await using lease = await holder.tryHold('runner-1')
  expect(lease).toBeDefined()
  expect(await observer.isHeld('runner-1')).toBe(true)
  expect(await holder.isHeld('runner-1')).toBe(true)
  expect(await observer.isHeld('runner-2')).toBe(false)
  expect(await stranger.isHeld('runner-1')).toBe(false)
})

test('names that differ are different leases, whatever is in them', async () => {
  const leases = leasesOf(postgres.namespace())
  const names = ['a', 'A', 'a ', '', 'ü', '🔧', "a'b", 'x'.repeat(10_000)]
  for (const name of names) expect(await leases.tryHold(name), name).toBeDefined()
  for (const name of names) expect(await leases.isHeld(name), name).toBe(true)
})

test('when the session is ended by the server, every lease says so and the next attempt works', async () => {
  const namespace = postgres.namespace()
  const database = await postgres.database(namespace)
  const leases = leasesOf(namespace)
  const [first, second] = [await leases.tryHold('host-1'), await leases.tryHold('host-2')]
  await database.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'steward leases'`)
  await Promise.all([first, second].map((lease) => lease && lossOf(lease)))
  // The server says goodbye first, and lets go of the locks a moment later.
  await expect.poll(() => leases.tryHold('host-1'), { timeout: 10_000 }).toMatchObject({ lost: { aborted: false } })
  // Behind its loss, the old lease has nothing to give back.
  await first?.[Symbol.asyncDispose]()
  expect(await leasesOf(namespace).isHeld('host-1')).toBe(true)
})

test('a line that is cut without a word is noticed by the heartbeat', async () => {
  const namespace = postgres.namespace()
  const proxy = await startTcpProxy({ path: postgres.server().socketPath })
  onTestFinished(() => proxy.close())
  const leases = createLeases({ connectionString: postgres.server().connectionStringAt(proxy.port), namespace, heartbeatIntervalMs: 100 })
  onTestFinished(() => leases.close())
  const lease = await leases.tryHold('host-1')
  // Several heartbeats pass on a working line.
  await sleep(350)
  expect(lease?.lost.aborted).toBe(false)
  proxy.freeze()
  if (lease) await lossOf(lease)
  proxy.resetConnections()
  proxy.thaw()
  await expect.poll(() => leases.tryHold('host-1'), { timeout: 10_000 }).toBeDefined()
})

test('closing gives everything back', async () => {
  const namespace = postgres.namespace()
  const [holder, other] = [leasesOf(namespace), leasesOf(namespace)]
  const lease = await holder.tryHold('host-1')
  await holder.close()
  expect(lease?.lost.aborted).toBe(true)
  await expect.poll(() => other.tryHold('host-1'), { timeout: 10_000 }).toBeDefined()
  await expect(holder.tryHold('host-1')).rejects.toThrow('closed')
})

function leasesOf(namespace: string): ClosableLeases {
  const leases = createLeases({ connectionString: postgres.server().connectionString, namespace })
  onTestFinished(() => leases.close())
  return leases
}

const isLease = (lease: Lease | undefined): lease is Lease => lease !== undefined

const lossOf = ({ lost }: Lease): Promise<void> =>
  new Promise((resolve) => (lost.aborted ? resolve() : lost.addEventListener('abort', () => resolve(), { once: true })))
