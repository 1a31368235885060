/**
 * The double behaves as a real EventStoreDB 23.10 server was seen to behave, through the real client. Each test is one observed fact; the adapter
 * may rely on nothing else.
 */
import { once } from 'node:events'
import {
  type AllStreamResolvedEvent,
  EventStoreDBClient,
  type Filter,
  jsonEvent,
  type ResolvedEvent,
  streamNameFilter,
} from '@eventstore/db-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type EventStoreDbDouble, startEventStoreDbDouble } from '../../support/eventstoredb-double/double.ts'

let double: EventStoreDbDouble
let client: EventStoreDBClient

beforeEach(async () => {
  double = await startEventStoreDbDouble()
  client = EventStoreDBClient.connectionString(double.url)
})

afterEach(async () => {
  double.thaw()
  await client.dispose()
  await double.close()
})

const event = (data: Record<string, unknown> = {}, id = crypto.randomUUID()) => jsonEvent({ id, type: 'Happened', data })
const events = (count: number) => Array.from({ length: count }, (_, index) => event({ index }))

describe('append', () => {
  test('answers with the revision and the position of the last event; commit equals prepare; positions have holes', async () => {
    const first = await client.appendToStream('a-1', events(3), { expectedRevision: 'no_stream' })
    const second = await client.appendToStream('a-1', events(1), { expectedRevision: 2n })
    expect(first).toEqual({
      success: true,
      nextExpectedRevision: 2n,
      position: { commit: expect.any(BigInt), prepare: first.position?.commit },
    })
    expect((second.position?.commit ?? 0n) - (first.position?.commit ?? 0n)).toBeGreaterThan(1n)
    const stored = await all(client.readStream('a-1'))
    expect(stored.map(({ event }) => event?.position?.commit)).toContain(first.position?.commit)
    expect(stored[2]?.event?.position).toEqual(first.position)
  })

  test('of twenty racers one wins, and the others are told where the stream is, in an error without a message', async () => {
    const races = await Promise.allSettled(
      Array.from({ length: 20 }, () => client.appendToStream('a-1', event(), { expectedRevision: 'no_stream' })),
    )
    const losses = races.flatMap((race) => (race.status === 'rejected' ? [race.reason] : []))
    expect(losses).toHaveLength(19)
    for (const loss of losses) {
      expect(loss).toMatchObject({
        type: 'wrong-expected-version',
        streamName: 'a-1',
        expectedVersion: 'no_stream',
        actualVersion: 0n,
        message: '',
      })
    }
    await expect(client.appendToStream('b-1', event(), { expectedRevision: 4n })).rejects.toMatchObject({
      expectedVersion: 4n,
      actualVersion: 'no_stream',
    })
  })

  test('of nothing succeeds and writes nothing', async () => {
    expect(await client.appendToStream('a-1', [], { expectedRevision: 'no_stream' })).toMatchObject({ success: true })
    await expect(all(client.readStream('a-1'))).rejects.toMatchObject({ type: 'stream-not-found' })
  })

  test('without a stream, a type or a good id is an unknown error; a name of the server itself is accepted', async () => {
    const refused = { type: 'unknown', message: 'Could not recognize BadRequest' }
    await expect(client.appendToStream('', event())).rejects.toMatchObject(refused)
    await expect(client.appendToStream('a-1', jsonEvent({ type: '', data: {} }))).rejects.toMatchObject(refused)
    await expect(client.appendToStream('a-1', event({}, 'not-a-uuid-at-all'))).rejects.toMatchObject(refused)
    expect(await client.appendToStream('$a-1', event())).toMatchObject({ success: true })
  })

  test('over 1 048 576 bytes of data in all events is refused; 17 MB is code 8', async () => {
    const data = { text: 'x'.repeat(524_280) }
    await expect(client.appendToStream('a-1', [event(data), event(data)])).rejects.toMatchObject({
      type: 'maximum-append-size-exceeded',
      maxAppendSize: 1_048_576,
    })
    await expect(client.appendToStream('a-1', event({ text: 'x'.repeat(17_000_000) }))).rejects.toMatchObject({ code: 8 })
  })

  test('has no deadline on the client', async () => {
    await client.appendToStream('a-1', event())
    double.freeze()
    const append = client.appendToStream('a-1', event(), { deadline: 50 })
    expect(await Promise.race([append, new Promise((resolve) => setTimeout(resolve, 300, 'waiting'))])).toBe('waiting')
    double.thaw()
    await append.catch(() => undefined)
  })
})

describe('repeat of an append, after [e1, e2] with no-stream', () => {
  const [e1, e2, e3] = [event(), event(), event()]
  const append = (batch: ReturnType<typeof event>[], expectedRevision: 'no_stream' | 'any' | bigint, stream = 'a-1') =>
    client.appendToStream(stream, batch, { expectedRevision })

  test('the same batch or its beginning with no-stream succeeds with the original revision and position', async () => {
    const first = await append([e1, e2], 'no_stream')
    expect(await append([e1, e2], 'no_stream')).toEqual(first)
    const [stored] = await all(client.readStream('a-1'))
    expect(await append([e1], 'no_stream')).toEqual({ success: true, nextExpectedRevision: 0n, position: stored?.event?.position })
    expect(await all(client.readStream('a-1'))).toHaveLength(2)
  })

  test('a longer or shifted batch, and `any` with a part of it, are wrong', async () => {
    await append([e1, e2], 'no_stream')
    const wrong = { type: 'wrong-expected-version' }
    await expect(append([e1, e2, e3], 'no_stream')).rejects.toMatchObject(wrong)
    await expect(append([e2], 'no_stream')).rejects.toMatchObject(wrong)
    await expect(append([e2, e3], 'any')).rejects.toMatchObject(wrong)
    await append([e3], 1n)
    await expect(append([e2], 1n)).rejects.toMatchObject(wrong)
  })

  test('the same id at the correct current revision, in another stream, or twice in one batch is written again', async () => {
    await append([e1, e2], 'no_stream')
    await append([e2], 1n)
    await append([e1, e1], 'no_stream', 'b-1')
    expect(await all(client.readStream('a-1'))).toHaveLength(3)
    expect(await all(client.readStream('b-1'))).toHaveLength(2)
  })
})

describe('read', () => {
  beforeEach(() => client.appendToStream('a-1', events(5)))
  const revisions = async (options: Parameters<typeof client.readStream>[1]) =>
    (await all(client.readStream('a-1', options))).map(({ event }) => Number(event?.revision))

  test('a stream includes the revision it begins at; behind the end is nothing; backwards from beyond is from the tip', async () => {
    expect(await revisions({ fromRevision: 3n })).toEqual([3, 4])
    expect(await revisions({ fromRevision: 9n })).toEqual([])
    expect(await revisions({ fromRevision: 9n, direction: 'backwards', maxCount: 2 })).toEqual([4, 3])
    expect(await revisions({ fromRevision: 2n, direction: 'backwards' })).toEqual([2, 1, 0])
  })

  test('the log includes the position it begins at forwards, and not backwards', async () => {
    const stored = await all(client.readAll())
    const from = stored.at(-3)?.event?.position
    if (!from) throw new Error('no position')
    expect(await all(client.readAll({ fromPosition: from }))).toEqual(stored.slice(-3))
    expect(await all(client.readAll({ fromPosition: from, direction: 'backwards' }))).toEqual(stored.slice(0, -3).reverse())
    expect(await all(client.readAll({ fromPosition: 'end', direction: 'backwards', maxCount: 1 }))).toEqual(stored.slice(-1))
  })

  test('a position between two records is code 2, to reads and to subscriptions', async () => {
    const commit = (stored(await all(client.readAll())).at(-2) ?? 0n) + 1n
    const fromPosition = { commit, prepare: commit }
    await expect(all(client.readAll({ fromPosition }))).rejects.toMatchObject({ code: 2 })
    await expect(all(client.subscribeToAll({ fromPosition }))).rejects.toMatchObject({ code: 2 })
  })

  test('a missing stream is not found; a soft-deleted one too, and yet its revisions go on', async () => {
    await expect(all(client.readStream('b-1'))).rejects.toMatchObject({ type: 'stream-not-found', streamName: 'b-1' })
    await client.deleteStream('a-1')
    await expect(all(client.readStream('a-1'))).rejects.toMatchObject({ type: 'stream-not-found' })
    expect(await client.appendToStream('a-1', event(), { expectedRevision: 'no_stream' })).toMatchObject({ nextExpectedRevision: 5n })
    expect(await revisions({})).toEqual([5])
  })
})

describe('subscription', () => {
  test('says confirmation, gives events behind the position, then says caught up, then goes on live', async () => {
    await client.appendToStream('a-1', events(4))
    const positions = stored(await all(client.readAll()))
    const from = positions.at(-3) ?? 0n
    const subscription = client.subscribeToAll({ fromPosition: { commit: from, prepare: from } })
    const said: string[] = []
    subscription.on('confirmation', () => said.push('confirmation'))
    subscription.on('caughtUp', () => {
      said.push('caughtUp')
      void client.appendToStream('a-1', event())
    })
    const seen: bigint[] = []
    for await (const { commitPosition } of subscription) {
      seen.push(commitPosition ?? 0n)
      said.push('event')
      if (seen.length === 3) break
    }
    await subscription.unsubscribe()
    expect(said).toEqual(['confirmation', 'event', 'event', 'caughtUp', 'event'])
    expect(seen.slice(0, 2)).toEqual(positions.slice(-2))
  })

  test('to a missing stream is confirmed at once, and caught up only after its first event', async () => {
    const subscription = client.subscribeToStream('b-1')
    let caughtUp = false
    subscription.on('caughtUp', () => {
      caughtUp = true
    })
    await once(subscription, 'confirmation')
    await client.appendToStream('a-1', event())
    expect(caughtUp).toBe(false)
    const said = once(subscription, 'caughtUp')
    await client.appendToStream('b-1', event())
    await said
    await subscription.unsubscribe()
  })

  test('with a filter that matches nothing tells a checkpoint every 32 events, which lags the tip', async () => {
    await client.appendToStream('a-1', events(200))
    const positions = stored(await all(client.readAll()))
    const checkpoints: bigint[] = []
    const filter = streamNameFilter({ prefixes: ['nothing.'], checkpointReached: (_, { commit }) => void checkpoints.push(commit) })
    const subscription = client.subscribeToAll({ filter })
    await once(subscription, 'caughtUp')
    await subscription.unsubscribe()
    expect(checkpoints).toHaveLength(Math.floor(positions.length / 32))
    expect(positions).toEqual(expect.arrayContaining(checkpoints))
    expect(checkpoints.at(-1)).toBeLessThan(positions.at(-1) ?? 0n)
  })

  test('filters by prefix of the stream name, and by expression', async () => {
    for (const stream of ['a.x-1', 'ab.x-1', 'a.y-1']) await client.appendToStream(stream, event())
    const streams = async (filter: Filter) => {
      const subscription = client.subscribeToAll({ filter })
      const caughtUp = once(subscription, 'caughtUp').then(() => subscription.push(null))
      const seen = (await all(subscription)).map(({ event }) => event?.streamId)
      await caughtUp
      return seen
    }
    expect(await streams(streamNameFilter({ prefixes: ['a.'] }))).toEqual(['a.x-1', 'a.y-1'])
    expect(await streams(streamNameFilter({ regex: 'x-1$' }))).toEqual(['a.x-1', 'ab.x-1'])
  })

  test('of a reader that walks away ends on the server', async () => {
    const subscription = client.subscribeToAll()
    for await (const _ of subscription) break
    expect(double.open.subscriptions).toBe(1)
    await subscription.unsubscribe()
    await expect.poll(() => double.open.subscriptions).toBe(0)
  })
})

describe('outage', () => {
  test('a killed server fails a subscription with code 14, and it never comes back', async () => {
    const subscription = client.subscribeToAll({ fromPosition: 'end' })
    const following = all(subscription)
    await once(subscription, 'confirmation')
    const failed = expect(following).rejects.toMatchObject({ type: 'unavailable', code: 14 })
    await double.kill()
    await failed
    await double.start()
  })

  test('a server that stops gracefully ends a subscription with code 13', async () => {
    const subscription = client.subscribeToAll({ fromPosition: 'end' })
    const following = all(subscription)
    await once(subscription, 'confirmation')
    const failed = expect(following).rejects.toMatchObject({
      type: 'unknown',
      code: 13,
      message: expect.stringContaining('RST_STREAM with code 0'),
    })
    await double.stopGracefully()
    await failed
  })

  test('while it is down appends throw a plain error and reads an unavailable one; the same client works behind it, on the same log', async () => {
    const { position } = await client.appendToStream('a-1', event())
    await double.kill()
    await client.appendToStream('a-1', event()).catch(() => undefined)
    const failure = await client.appendToStream('a-1', event()).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 14 })
    expect(failure).not.toHaveProperty('type')
    await expect(all(client.readAll())).rejects.toMatchObject({ type: 'unavailable' })
    await double.start()
    await expect
      .poll(() => client.appendToStream('a-1', event(), { expectedRevision: 0n }).then(() => 'stored', String), { timeout: 5_000 })
      .toBe('stored')
    expect((await all(client.readStream('a-1')))[0]?.event?.position).toEqual(position)
  })

  test('a cluster that cannot be found is a plain error', async () => {
    await double.kill()
    const { host, port } = double
    const cluster = EventStoreDBClient.connectionString(
      `esdb://${host}:${port},${host}:${port}?tls=false&maxDiscoverAttempts=3&discoveryInterval=10`,
    )
    await expect(all(cluster.readAll())).rejects.toThrow('Failed to discover after 3 attempts.')
    await double.start()
    expect(await all(cluster.readAll())).not.toHaveLength(0)
    await cluster.dispose()
  })

  test('a lost acknowledgement leaves the append stored; a frozen server stores what it had received when it goes on', async () => {
    await client.appendToStream('a-1', event())
    double.loseNextAcknowledgement()
    void client.appendToStream('a-1', event()).catch(() => undefined)
    await client.appendToStream('b-1', event())
    expect(await all(client.readStream('a-1'))).toHaveLength(2)

    double.freeze()
    const frozen = client.appendToStream('a-1', event())
    expect(await Promise.race([frozen, new Promise((resolve) => setTimeout(resolve, 200, 'frozen'))])).toBe('frozen')
    double.thaw()
    expect(await frozen).toMatchObject({ nextExpectedRevision: 2n })
  })

  test('dropped connections fail what runs, and the next call works; an answer can be delayed', async () => {
    await client.appendToStream('a-1', event())
    double.drop()
    await expect.poll(() => client.appendToStream('a-1', event()).then(() => 'stored', String)).toBe('stored')
    double.delayMs = 100
    const begun = performance.now()
    await client.appendToStream('a-1', event())
    expect(performance.now() - begun).toBeGreaterThanOrEqual(99)
  })
})

async function all<Item extends ResolvedEvent | AllStreamResolvedEvent>(items: AsyncIterable<Item>): Promise<Item[]> {
  const read: Item[] = []
  for await (const item of items) read.push(item)
  return read
}

const stored = (items: readonly AllStreamResolvedEvent[]): bigint[] => items.map(({ commitPosition }) => commitPosition ?? 0n)
