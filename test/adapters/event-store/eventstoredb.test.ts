/** What the EventStoreDB adapter does beyond the contract: the traps of its client, one by one, walled off. */
import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { status } from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkConnectionString, InvalidConnectionString } from '../../../src/adapters/event-store/eventstoredb/connection-string.ts'
import { createEventStoreDbEventStore } from '../../../src/adapters/event-store/eventstoredb/eventstoredb-event-store.ts'
import { ForeignEvent } from '../../../src/adapters/event-store/eventstoredb/recorded-event.ts'
import {
  AppendTooLarge,
  type EventStore,
  OutcomeUnknown,
  StoreUnavailable,
  UnknownPosition,
} from '../../../src/domain/ports/event-store.ts'
import { collect, eventsOf, idOf, isEvent, newEvents, newStream } from '../../contract/support/events.ts'
import { Follower } from '../../contract/support/follower.ts'
import { type EventStoreDbDouble, startEventStoreDbDouble } from '../../support/eventstoredb-double/double.ts'
import type { Proposed } from '../../support/eventstoredb-double/server-log.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'

let double: EventStoreDbDouble
const stores: EventStore[] = []

beforeEach(async () => {
  double = await startEventStoreDbDouble()
})

afterEach(async () => {
  double.thaw()
  for (const store of stores.splice(0)) await store.close()
  await double.close()
})

function open(options: { namespace?: string; appendDeadlineMs?: number; on?: EventStoreDbDouble } = {}): EventStore {
  const { namespace = 'steward', appendDeadlineMs = 1_000, on = double } = options
  const store = createEventStoreDbEventStore({ url: on.url, namespace, appendDeadlineMs })
  stores.push(store)
  return store
}

describe('connection string', () => {
  const refusal = (url: string): unknown => {
    try {
      createEventStoreDbEventStore({ url, namespace: 'steward' })
    } catch (error) {
      return error
    }
  }

  test.each([
    ['http://127.0.0.1:2113', 'scheme'],
    ['esdb://?tls=false', 'host'],
    ['esdb://db.example:2113?tls=false', 'tls'],
    ['esdb://127.0.0.1:2113,db.example:2113?tls=false', 'tls'],
    ['esdb+discover://db.example?TLS=false', 'tls'],
    ['esdb://db.example:2113?t_l-s=false', 'tls'],
    ['esdb://127.0.0.1.example:2113?tls=false', 'tls'],
    ['esdb://127.0.0.1/db.example?tls=false', 'host'],
    ['esdb://db.example:2113?tlsVerifyCert=false', 'tlsVerifyCert'],
    ['esdb://127.0.0.1:2113?tls=false&tlsVerifyCert=false', 'tlsVerifyCert'],
    ['esdb://127.0.0.1:2113?tls=FALSE', 'tls'],
    ['esdb://127.0.0.1:2113?tls=false&gossipTimeout=soon', 'gossipTimeout'],
    ['esdb://127.0.0.1:2113?tls=false&defaultDeadline=0', 'defaultDeadline'],
    ['esdb://127.0.0.1:2113?tls=true&tls=false', 'tls'],
    // What the client would read in another way than a person: hosts behind an option, half a password, no address at all.
    ['esdb://127.0.0.1:2113?tls=false&connectionName=x@db.example:2113', 'options'],
    ['esdb://ops:hunter2:3@db.example:2113', 'credentials'],
    ['esdb://ops@db.example:2113', 'credentials'],
    ['esdb://ops:100%@db.example:2113', 'credentials'],
    ['esdb://ops:a@b@db.example:2113', 'credentials'],
    ['esdb://[::1]:2113?tls=false', 'host'],
    ['esdb://db.example:2113,?tls=true', 'host'],
    ['esdb://db.example:2113?tlsCAFile=/no/such/ca.pem', 'is refused by the client:'],
    ['esdb://127.0.0.1:2113?tls=false&throwOnAppendFailure=false', 'throwOnAppendFailure'],
    ['esdb://127.0.0.1:2113?tls=false&nodePreference=follower', 'nodePreference'],
    ['esdb://127.0.0.1:2113?tls=false&tsl=true', 'option "tsl"'],
    ['esdb://127.0.0.1:2113?tls', 'tls'],
  ])('%s is refused, naming the part', (url, part) => {
    expect(refusal(url)).toBeInstanceOf(InvalidConnectionString)
    expect(refusal(url)).toMatchObject({ part })
  })

  test('no refusal repeats the password', () => {
    for (const rest of [
      '@db.example?tls=false',
      '/x@db.example',
      '%@db.example',
      ':x@db.example',
      '?x@db.example',
      '@db.example?tlsCAFile=x',
    ]) {
      const error = refusal(`esdb://ops:hunter2${rest}`)
      expect(error).toBeInstanceOf(InvalidConnectionString)
      expect(inspect(error, { depth: 5 })).not.toContain('hunter2')
    }
    expect(String(refusal('bad://ops:hunter2@db.example'))).not.toContain('hunter2')
  })

  test('the operator may permit a server on another machine without TLS', () => {
    expect(() => checkConnectionString('esdb://db.example:2113?tls=false')).toThrow(InvalidConnectionString)
    expect(checkConnectionString('esdb://db.example:2113/?tls=false', { allowInsecure: true })).toBe('esdb://db.example:2113?tls=false')
  })

  test.each([
    'esdb://ops:p%40ss%3Aword@db.example:2113?tlsCAFile=/etc/ssl/ca%20one.pem&connectionName=steward',
    'esdb+discover://ops:secret@cluster.example?nodePreference=leader&keepAliveInterval=10000',
    'esdb://node1:2113,node2:2113,node3:2113',
    'esdb://node_1:2113?keepAliveTimeout=-1',
  ])('%s is as good as it is', (url) => {
    expect(checkConnectionString(url)).toBe(url)
  })
})

describe('one client per process', () => {
  test('all stores over one server share one connection, and the last one to close closes it', async () => {
    const [one, two] = [open(), open({ namespace: 'other' })]
    await Promise.all([one, two].map((store) => store.append(newStream(), 'no-stream', newEvents(1))))
    expect(double.connections).toBe(1)
    await one.close()
    expect(await two.head()).toBeDefined()
    await two.close()
    await expect.poll(() => double.connections).toBe(0)
  })

  test('all subscribers of a namespace share one live subscription, which ends with the last of them', async () => {
    const store = open()
    const { position } = await store.append(newStream(), 'no-stream', newEvents(50))
    const followers = Array.from({ length: 8 }, () => new Follower(store))
    for (const follower of followers) await follower.caughtUp(position)
    await expect.poll(() => double.open).toMatchObject({ subscriptions: 1, reads: 0 })
    for (const follower of followers) await follower.stop()
    await expect.poll(() => double.open).toMatchObject({ subscriptions: 0, reads: 0 })
  })

  test('reads that end early, at a limit or by an abort leave no call open on the server', async () => {
    const store = open()
    const stream = newStream()
    await store.append(stream, 'no-stream', newEvents(500))
    await collect(store.readAll({ limit: 3 }))
    for await (const _ of store.readStream(stream)) break
    const abort = new AbortController()
    await expect(
      (async () => {
        for await (const _ of store.readAll({ signal: abort.signal })) abort.abort()
      })(),
    ).rejects.toThrow()
    await expect.poll(() => double.open).toMatchObject({ subscriptions: 0, reads: 0 })
  })

  test('an outage of one server does not touch appends to another, whose callbacks the client keeps in the same table', async () => {
    const second = await startEventStoreDbDouble()
    const [here, there] = [open(), open({ on: second })]
    await Promise.all([here, there].map((store) => store.append(newStream(), 'no-stream', newEvents(1))))
    second.delayMs = 20
    const appends = Array.from({ length: 10 }, () => there.append(newStream(), 'no-stream', newEvents(1)))
    double.delayMs = 5
    const broken = Array.from({ length: 10 }, () => here.append(newStream(), 'no-stream', newEvents(1)))
    double.drop()
    expect(await Promise.all(appends)).toHaveLength(10)
    await Promise.all(broken)
    expect(await eventsOf(there.readAll())).toHaveLength(11)
    await there.close()
    await second.close()
  })
})

describe('append', () => {
  test('of more callers than the client can buffer, on a server that freezes and is killed, ends for all of them, and the process lives', async () => {
    await using proxy = await startTcpProxy({ host: double.host, port: double.port })
    const store = createEventStoreDbEventStore({
      url: `esdb://${proxy.host}:${proxy.port}?tls=false`,
      namespace: 'steward',
      appendDeadlineMs: 1_000,
    })
    stores.push(store)
    await store.append(newStream(), 'no-stream', newEvents(1))
    proxy.freeze()
    const big = () => store.append(newStream(), 'no-stream', newEvents(1, 'Big', { text: 'x'.repeat(500_000) }))
    const outcomes = Promise.allSettled(Array.from({ length: 60 }, big))
    // Long enough for the sockets to be full, too short for the deadline.
    await new Promise((resolve) => setTimeout(resolve, 200))
    await proxy.stop()
    for (const outcome of await outcomes) {
      expect(outcome.status).toBe('rejected')
      if (outcome.status === 'rejected') expect([OutcomeUnknown, StoreUnavailable]).toContain(outcome.reason.constructor)
    }
    proxy.thaw()
    await proxy.start()
    await expect.poll(() => big().then(() => 'stored', String), { timeout: 10_000 }).toBe('stored')
  })

  test('that was never sent says that the store is unavailable, not that the outcome is unknown', async () => {
    const store = open({ appendDeadlineMs: 10_000 })
    await double.kill()
    // Once a read has noticed that nobody is there, nothing can have been sent; before that, an append may rightly be called unknown.
    await expect.poll(() => store.head().catch((error: unknown) => error)).toBeInstanceOf(StoreUnavailable)
    await expect(store.append(newStream(), 'no-stream', newEvents(1))).rejects.toBeInstanceOf(StoreUnavailable)
    await double.start()
  })

  test('whose answer is lost on a connection that works is asked again with the same ids, and stored once', async () => {
    const store = open()
    const stream = newStream()
    await store.append(stream, 'no-stream', newEvents(1))
    double.loseNextAcknowledgement()
    const events = newEvents(2)
    expect(await store.append(stream, 0n, events)).toMatchObject({ revision: 2n })
    expect((await collect(store.readStream(stream, { from: 1n }))).map(idOf)).toEqual(events.map(idOf))
  })

  test('without any answer is an unknown outcome after the deadline, and the repeat finds what was stored', async () => {
    const store = open({ appendDeadlineMs: 300 })
    const stream = newStream()
    await store.append(stream, 'no-stream', newEvents(1))
    double.freeze()
    const events = newEvents(2)
    await expect(store.append(stream, 0n, events)).rejects.toBeInstanceOf(OutcomeUnknown)
    double.thaw()
    await expect.poll(() => store.append(stream, 0n, events).then(({ revision }) => revision, String)).toBe(2n)
    expect(await collect(store.readStream(stream))).toHaveLength(3)
  })
})

test('an append that this server takes for too large is told with the limit of the server, and nothing is stored', async () => {
  double.maxAppendBytes = 10_000
  const store = open()
  const stream = newStream()
  const refused = store.append(stream, 'no-stream', newEvents(1, 'Big', { text: 'x'.repeat(20_000) }))
  await expect(refused).rejects.toMatchObject({ constructor: AppendTooLarge, limitBytes: 10_000 })
  expect(await collect(store.readStream(stream))).toEqual([])
})

describe('a cluster', () => {
  /** Two nodes over one log; the first leads. */
  async function cluster() {
    const other = await startEventStoreDbDouble(double.log)
    const elect = (leader: EventStoreDbDouble, follower: EventStoreDbDouble) => {
      leader.leader = undefined
      follower.leader = { host: leader.host, port: leader.port }
    }
    elect(double, other)
    return { first: double, other, elect, [Symbol.asyncDispose]: () => other.close() }
  }

  test('is reached through a node that does not lead: it says who does', async () => {
    await using nodes = await cluster()
    const store = open({ on: nodes.other })
    const stream = newStream()
    const { position } = await store.append(stream, 'no-stream', newEvents(2))
    expect(await collect(store.readStream(stream))).toHaveLength(2)
    const follower = new Follower(store)
    await follower.caughtUp(position)
    await follower.stop()
    await store.close()
  })

  test('that elects another leader goes on taking appends, once each, and subscribers miss nothing', async () => {
    await using nodes = await cluster()
    const store = open()
    const follower = new Follower(store)
    const stream = newStream()
    const ids: string[] = []
    let position = 0n
    for (const leader of [nodes.first, nodes.other, nodes.first, nodes.other]) {
      nodes.elect(leader, leader === nodes.first ? nodes.other : nodes.first)
      for (let index = 0; index < 5; index += 1) {
        const events = newEvents(2)
        position = (await store.append(stream, ids.length === 0 ? 'no-stream' : BigInt(ids.length - 1), events)).position
        ids.push(...events.map(idOf))
      }
    }
    await follower.caughtUp(position)
    await follower.stop()
    expect(follower.events.map(idOf)).toEqual(ids)
    await store.close()
  })

  test('whose former leader is cut off, and ends no subscription, loses its subscribers to the new one', async () => {
    await using nodes = await cluster()
    const store = open()
    const stream = newStream()
    const begin = await store.append(stream, 'no-stream', newEvents(1))
    const follower = new Follower(store)
    await follower.caughtUp(begin.position)
    nodes.first.hears = false
    nodes.elect(nodes.other, nodes.first)
    const { position } = await store.append(stream, 0n, newEvents(1))
    await follower.caughtUp(position)
    await follower.stop()
    expect(follower.events).toHaveLength(2)
    await store.close()
    // Keep-alive of the connection would find out too, later.
  }, 9_000)
})

describe('a position that the server refuses', () => {
  test('is believed to be none of this log when it refuses again and again', async () => {
    const store = open()
    const { position } = await store.append(newStream(), 'no-stream', newEvents(1))
    await store.append(newStream(), 'no-stream', newEvents(1))
    const reading = collect<unknown>(store.subscribe({ after: position + 1n, signal: AbortSignal.timeout(5_000) }))
    await expect(reading).rejects.toBeInstanceOf(UnknownPosition)
  })

  test('once, as a server does that is about to stop, is asked for again', async () => {
    const store = open()
    const { position } = await store.append(newStream(), 'no-stream', newEvents(1))
    const { position: end } = await store.append(newStream(), 'no-stream', newEvents(1))
    double.refuseNextSubscription(status.UNKNOWN)
    const follower = new Follower(store, { after: position })
    await follower.caughtUp(end)
    await follower.stop()
    expect(follower.events).toHaveLength(1)
  })
})

test('what the server itself writes into a stream of ours is passed over by who reads the log, and stops who reads the stream', async () => {
  const store = open()
  const [stream, deleted] = [newStream(), newStream()]
  await store.append(stream, 'no-stream', newEvents(1))
  await store.append(deleted, 'no-stream', newEvents(1))
  const before = new Follower(store)
  await before.until(({ events }) => events.length === 2)
  const ofServer = { ...proposed('$streamDeleted'), contentType: 'application/octet-stream', metadata: new Uint8Array() }
  double.log.append(`steward.${deleted}`, 'any', [ofServer])
  const { position } = await store.append(stream, 0n, newEvents(1))
  const behind = new Follower(store)
  for (const follower of [before, behind]) {
    await follower.caughtUp(position)
    await follower.stop()
    expect(follower.events).toHaveLength(3)
  }
  await expect(collect(store.readStream(deleted))).rejects.toBeInstanceOf(ForeignEvent)
})

describe.each(['says caught up', 'never says caught up'] as const)('subscribe on a server that %s', (kind) => {
  beforeEach(() => {
    double.saysCaughtUp = kind === 'says caught up'
  })

  test('is told of the head when only others have written since, before and after it was live', async () => {
    const store = open()
    const foreign = (count: number) => {
      for (let written = 0; written < count; written += 1) double.log.append('foreign-1', 'any', [proposed('Foreign')])
      return double.log.all.at(-1)?.position ?? 0n
    }
    const before = foreign(500)
    const follower = new Follower(store)
    await follower.caughtUp(before)
    for (const count of [1, 40, 5_000]) await follower.caughtUp(foreign(count))
    expect(follower.events).toEqual([])
    await follower.stop()
  })

  test('goes on through a kill, a graceful stop and dropped connections, without loss or repeat', async () => {
    const store = open()
    const follower = new Follower(store)
    await follower.until(({ checkpoints }) => checkpoints.length > 0)
    const ids: string[] = []
    const write = () => {
      const events = Array.from({ length: 100 }, () => proposed('Thing'))
      double.log.append(`steward.thing-${crypto.randomUUID()}`, 'no-stream', events)
      ids.push(...events.map(({ eventId }) => eventId))
      return double.log.all.at(-1)?.position ?? 0n
    }
    for (const fail of [() => double.kill(), () => double.stopGracefully(), async () => double.drop()]) {
      write()
      await fail()
      write()
      await double.start()
      await follower.caughtUp(write())
    }
    await follower.stop()
    expect(follower.events.map(idOf)).toEqual(ids)
  })

  test('that falls behind the shared subscription reads on by itself, misses nothing, and joins again', async () => {
    const store = open()
    const abort = new AbortController()
    const slow = store.subscribe({ signal: abort.signal })[Symbol.asyncIterator]()
    const next = async () => (await slow.next()).value
    for (let item = await next(); isEvent(item) || !item.caughtUp; ) item = await next()
    const quick = new Follower(store)
    const ids: string[] = []
    let position = 0n
    for (let batch = 0; batch < 20; batch += 1) {
      const events = newEvents(100)
      position = (await store.append(newStream(), 'no-stream', events)).position
      ids.push(...events.map(idOf))
    }
    await quick.caughtUp(position)

    const seen: string[] = []
    for (let item = await next(); isEvent(item) || item.checkpoint < position || !item.caughtUp; item = await next()) {
      if (isEvent(item)) seen.push(idOf(item))
    }
    expect(seen).toEqual(ids)
    await expect.poll(() => double.open.subscriptions).toBe(1)
    abort.abort()
    await slow.next()
    await quick.stop()
  })

  test('a log of only foreign events is read to its end', async () => {
    double.log.append(
      'foreign-1',
      'any',
      Array.from({ length: 300 }, () => proposed('Foreign')),
    )
    expect(await collect(open().readAll())).toEqual([{ checkpoint: double.log.all.at(-1)?.position, caughtUp: true }])
  })
})

describe('an event in our namespace that we did not write', () => {
  test.each([
    ['without our metadata', jsonEvent({ type: 'Thing', data: {} })],
    ['without a JSON object', jsonEvent({ type: 'Thing', data: [1] as never })],
  ])('%s stops the reader with its place, instead of being passed over', async (_, event) => {
    const client = EventStoreDBClient.connectionString(double.url)
    await client.appendToStream('steward.thing-1', event)
    await client.dispose()
    const store = open()
    for (const reading of [store.readStream('thing-1'), store.readAll(), store.subscribe({ signal: AbortSignal.timeout(5_000) })]) {
      const failure = await collect<unknown>(reading).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(ForeignEvent)
      expect(String(failure)).toContain('event 0 (Thing) of stream steward.thing-1')
    }
  })
})

test('streams of a namespace carry its name with a point, so that no name is the beginning of another', async () => {
  const store = open({ namespace: 'a' })
  const stream = newStream()
  const events = newEvents(1)
  await store.append(stream, 'no-stream', events)
  await open({ namespace: 'ab' }).append(stream, 'no-stream', newEvents(1))
  expect(double.log.all.slice(-2).map((record) => record.stream)).toEqual([`a.${stream}`, `ab.${stream}`])
  expect((await eventsOf(store.readAll())).map(idOf)).toEqual(events.map(idOf))
})

function proposed(type: string): Proposed {
  const eventId = crypto.randomUUID()
  const metadata = { eventId, correlationId: eventId, causationId: eventId, actor: 'test', schemaVersion: 1 }
  return {
    eventId,
    type,
    contentType: 'application/json',
    data: Buffer.from(JSON.stringify({ salt: randomBytes(4).toString('hex') })),
    metadata: Buffer.from(JSON.stringify(metadata)),
  }
}
