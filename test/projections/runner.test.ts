/** The runner where it is hard: two at once, killed in between, an event that nobody can fold, a table that is swapped under readers. */
import { randomUUID } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createCodec } from '../../src/adapters/codec/codec.ts'
import type { Codec } from '../../src/domain/ports/codec.ts'
import { UndecodableEvent } from '../../src/domain/ports/codec.ts'
import type { EventStore, RecordedEvent } from '../../src/domain/ports/event-store.ts'
import { beginBuild, dropBuild, swapIn } from '../../src/projections/builds.ts'
import { holdLive } from '../../src/projections/checkpoints.ts'
import { hosts } from '../../src/projections/hosts.ts'
import { defineProjection, type ReadModel } from '../../src/projections/projection.ts'
import { ProjectionLagging, UnknownProjection } from '../../src/projections/projection-errors.ts'
import type { ReadModels } from '../../src/projections/read-models.ts'
import { withPostgres } from '../adapters/database/support.ts'
import { until } from '../support/until.ts'
import { sample } from './support/events.ts'
import { caughtUp, ReadSide } from './support/read-side.ts'

const postgres = withPostgres()

type CountRow = Readonly<{ hostId: string; reached: number; sum: string }>

/** Not idempotent: an event that is folded twice, or not at all, shows in the sum. */
const counts = (version = 1, factor = 1): ReadModel<'counts', CountRow> =>
  defineProjection({
    name: 'counts',
    version,
    table: 'counts',
    columns: { hostId: 'text', reached: 'integer', sum: 'text' },
    primaryKey: 'hostId',
    nullable: [],
    eventTypes: ['HostReached', 'HostRetired'],
    keys: (event) => [event.data.hostId],
    fold: (row: CountRow | undefined, event): CountRow | 'none' => {
      if (event.type === 'HostRetired') return 'none'
      if (event.data.hostId === 'poison') throw new Error('nobody can fold this')
      const { hostId } = event.data
      return { hostId, reached: (row?.reached ?? 0) + factor, sum: `${row?.sum ?? ''}${event.position},` }
    },
  })

const reached = (hostId: string) => sample('HostReached', { hostId })
const total = async (side: ReadSide): Promise<number> => (await side.rows('counts')).reduce((sum, row) => sum + Number(row['reached']), 0)

describe('exactly once', () => {
  test('two runners on one database take in every event once, while one is replaced again and again', async () => {
    const side = await ReadSide.open(postgres)
    const models = [counts()]
    const steady = await side.started({ models })
    let other = await side.started({ models })
    let position = 0n
    for (let round = 0; round < 12; round += 1) {
      const appends = Array.from({ length: 10 }, (_, index) =>
        side.append(`host-${round}-${index}`, [reached(`h${index % 3}`), reached('all')]),
      )
      const ending = other.stop()
      other = await side.started({ models })
      position = latest(await Promise.all(appends))
      await ending
    }
    await Promise.all([caughtUp(steady, position), caughtUp(other, position)])
    expect(await total(side)).toBe(240)
    // Each event is in the sum of its row once, and in the order of the log.
    const [all] = (await side.rows('counts')).filter(({ host_id }) => host_id === 'all')
    const positions = String(all?.['sum']).split(',').filter(Boolean).map(Number)
    expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b))
    expect(await steady.verify('counts')).toMatchObject({ equal: true })
  })

  test('a runner whose connections die in the middle of a batch loses nothing and counts nothing twice', async () => {
    const side = await ReadSide.open(postgres)
    const readModels = await side.started({ models: [counts()] })
    let position = 0n
    for (let round = 0; round < 8; round += 1) {
      const appends = Array.from({ length: 5 }, () => side.append(`host-${randomUUID()}`, [reached('h')]))
      await side.database.pool
        .query(
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'steward database' and pid <> pg_backend_pid()`,
        )
        .catch(() => undefined)
      position = latest(await Promise.all(appends))
    }
    await caughtUp(readModels, position)
    expect(await total(side)).toBe(40)
  })

  test('a transaction that another instance holds is waited for without a lease: its end is enough', async () => {
    const side = await ReadSide.open(postgres)
    const readModels = await side.started({ models: [counts()] })
    await caughtUp(readModels, await side.append('host-1', [reached('h')]))
    const other = await side.database.pool.connect()
    onTestFinished(() => other.release(true))
    await other.query(`begin; select 1 from projection_checkpoints where name = 'counts' for update`)
    const position = await side.append('host-1', [reached('h')], 0n)
    await expect(readModels.waitFor('counts', position, 200)).rejects.toThrow(ProjectionLagging)
    expect(await total(side)).toBe(1)
    await other.query('rollback')
    await readModels.waitFor('counts', position, 5_000)
    expect(await total(side)).toBe(2)
  })
})

describe('a stale runner', () => {
  test('that gets its batch after another has taken it in drops it', async () => {
    const side = await ReadSide.open(postgres)
    const late = Promise.withResolvers<void>()
    const prompt = await side.started({ models: [counts()] })
    const slow = await side.started({ models: [counts()], store: deliveringAfter(late.promise, side.store) })
    let position = 0n
    for (let index = 0; index < 5; index += 1) position = await side.append(`host-${index}`, [reached('h')])
    await prompt.waitFor('counts', position, 5_000)
    late.resolve()
    await slow.waitFor('counts', position, 5_000)
    expect(await total(side)).toBe(5)
  })
})

describe('a poison event', () => {
  test('parks its projection with the cause, after everything before it; the others go on', async () => {
    const side = await ReadSide.open(postgres)
    const readModels = await side.started({ models: [counts(), hosts] })
    const before = await side.append('host-1', [sample('HostRegistered'), reached('fine')])
    await caughtUp(readModels, before)
    const position = await side.append('host-2', [reached('fine'), reached('poison'), reached('fine')])
    await readModels.waitFor('hosts', position, 5_000)
    await until(() => statusOf(readModels, 'counts').state === 'parked')

    expect(statusOf(readModels, 'counts')).toMatchObject({
      state: 'parked',
      caughtUp: false,
      position: before + 1n,
      parked: { position: `${before + 2n}`, type: 'HostReached', stream: 'host-2', revision: '1', cause: 'Error: nobody can fold this' },
    })
    expect(await total(side)).toBe(2)
    expect(side.metrics).toContainEqual({ name: 'steward_projection_parked', value: 1, labels: { projection: 'counts' } })
    expect(side.errors).toContain('an event stopped a read model')
    await expect(readModels.waitFor('counts', position, 50)).rejects.toThrow(ProjectionLagging)
    await expect(readModels.verify('counts')).resolves.toMatchObject({ equal: true })
  })

  test('is tried again by retry, and at the next start of a mended program', async () => {
    const side = await ReadSide.open(postgres)
    let isBroken = true
    const codec = brokenWhile(() => isBroken)
    const readModels = await side.started({ models: [counts()], codec })
    const position = await side.append('host-1', [reached('a'), reached('b')])
    await until(() => statusOf(readModels, 'counts').state === 'parked')
    await readModels.retry('counts')
    await until(() => side.errors.length === 2 && statusOf(readModels, 'counts').state === 'parked')
    expect(await total(side)).toBe(0)
    isBroken = false
    await readModels.retry('counts')
    await readModels.waitFor('counts', position, 5_000)
    expect(await total(side)).toBe(2)

    isBroken = true
    const next = await side.append('host-1', [reached('a')], 1n)
    await until(() => statusOf(readModels, 'counts').state === 'parked')
    await readModels.stop()
    const mended = await side.started({ models: [counts()] })
    await mended.waitFor('counts', next, 5_000)
    expect(await total(side)).toBe(3)
  })

  test('that only an older program cannot read is left to a newer one, and the older goes on behind it', async () => {
    const side = await ReadSide.open(postgres)
    const older = await side.started({ models: [counts()], codec: brokenWhile((event) => event.data['hostId'] === 'new') })
    await caughtUp(older, await side.append('host-1', [reached('old')]))
    await side.append('host-2', [reached('new'), reached('old')])
    await until(() => statusOf(older, 'counts').state === 'parked')
    const newer = await side.started({ models: [counts()] })
    const position = await side.append('host-3', [reached('old')])
    await Promise.all([caughtUp(newer, position), caughtUp(older, position)])
    expect(await total(side)).toBe(4)
    await until(() => statusOf(older, 'counts').state === 'following')
  })

  test('is found among many when the database refuses its row', async () => {
    const side = await ReadSide.open(postgres)
    await side.readModels({ models: [counts()] }).start()
    await side.database.pool.query(`alter table counts add check (host_id <> 'refused')`)
    const readModels = await side.started({ models: [counts()] })
    await side.append('host-1', [reached('a'), reached('b'), reached('refused'), reached('c')])
    await until(() => statusOf(readModels, 'counts').state === 'parked')
    expect(statusOf(readModels, 'counts').parked).toMatchObject({ stream: 'host-1', revision: '2' })
    expect(await total(side)).toBe(2)
  })
})

describe('a rebuild', () => {
  test('goes on beside the live read model: reads never fail and never go back, and the rows are equal', async () => {
    const side = await ReadSide.open(postgres)
    const readModels = await side.started({ models: [counts(), hosts] })
    await caughtUp(readModels, await fill(side, 300))
    const state = { isWriting: true, last: 0n, reads: 0 }
    const writing = (async () => {
      for (let round = 0; state.isWriting; round += 1) state.last = await side.append(`host-w${round}`, [reached(`h${round % 5}`)])
    })()
    const reading = (async () => {
      let [rows, position] = [0, 0n]
      while (state.isWriting) {
        const { rows: found } = await side.database.pool.query<{ sum: string; position: string }>(
          `select (select coalesce(sum(reached), 0) from counts) as sum,
            (select position from projection_checkpoints where name = 'counts' and stage = 'live') as position`,
        )
        const [now] = found
        expect(Number(now?.sum)).toBeGreaterThanOrEqual(rows)
        expect(BigInt(now?.position ?? 0)).toBeGreaterThanOrEqual(position)
        ;[rows, position] = [Number(now?.sum), BigInt(now?.position ?? 0)]
        state.reads += 1
      }
    })()
    const builds: number[] = []
    for (let round = 0; round < 3; round += 1) builds.push((await readModels.rebuild('counts')).build)
    state.isWriting = false
    await Promise.all([writing, reading])

    await caughtUp(readModels, state.last)
    expect(builds).toEqual([...new Set(builds)])
    expect(state.reads).toBeGreaterThan(10)
    expect(await readModels.verify('counts')).toMatchObject({ equal: true })
    expect(await side.checkpoints('counts')).toMatchObject([{ build: builds.at(-1), stage: 'live' }])
    const { rows } = await side.database.pool.query<{ relname: string }>(
      `select relname from pg_class where relname like 'counts%' and relnamespace = current_schema()::regnamespace order by 1`,
    )
    expect(rows.map(({ relname }) => relname)).toEqual(['counts', `counts__v${builds.at(-1)}_pkey`])
  })

  test('of a table that somebody changed gives back what the log says', async () => {
    const side = await ReadSide.open(postgres)
    const readModels = await side.started({ models: [counts()] })
    await caughtUp(readModels, await fill(side, 20))
    await side.database.pool.query(`update counts set reached = 1000 where host_id = 'h1'`)
    await readModels.rebuild('counts')
    expect(await total(side)).toBe(20)
    expect(await readModels.verify('counts')).toMatchObject({ equal: true })
  })

  test('that meets a poison event changes nothing and says why', async () => {
    const side = await ReadSide.open(postgres)
    let isBroken = false
    const readModels = await side.started({ models: [counts()], codec: brokenWhile(() => isBroken) })
    await caughtUp(readModels, await fill(side, 10))
    isBroken = true
    await expect(readModels.rebuild('counts')).rejects.toMatchObject({ name: 'BuildPoisoned', projection: 'counts' })
    expect(await total(side)).toBe(10)
    expect(await side.checkpoints('counts')).toHaveLength(1)
  })

  test('waits for a reader that holds the table, and lets others read meanwhile', async () => {
    const side = await ReadSide.open(postgres)
    const readModels = await side.started({ models: [counts()] })
    await caughtUp(readModels, await fill(side, 10))
    const reader = await side.database.pool.connect()
    onTestFinished(() => reader.release(true))
    await reader.query('begin; select * from counts')
    const rebuilding = readModels.rebuild('counts')
    for (let round = 0; round < 5; round += 1) expect(await total(side)).toBe(10)
    await until(async () => (await side.checkpoints('counts')).length === 2)
    await reader.query('commit')
    await expect(rebuilding).resolves.toMatchObject({ projection: 'counts', events: 10 })
  })
})

describe('a build beside the live read model', () => {
  test('cannot take its place while it is behind, and nothing changes', async () => {
    const side = await ReadSide.open(postgres)
    const model = counts()
    const readModels = await side.started({ models: [model] })
    await caughtUp(readModels, await fill(side, 10))
    const { kysely } = side.database
    const { build } = await beginBuild(kysely, model)
    expect(await swapIn(kysely, model, build, side.clock)).toBe('behind')
    expect(await total(side)).toBe(10)
    await dropBuild(kysely, model, build)
    expect(await swapIn(kysely, model, build, side.clock)).toBe('gone')
    expect(await side.checkpoints('counts')).toMatchObject([{ stage: 'live', build: 1 }])
  })

  test('holds the live one for a moment only: nobody moves it meanwhile, and it goes on by itself', async () => {
    const side = await ReadSide.open(postgres)
    const readModels = await side.started({ models: [counts(), hosts] })
    await caughtUp(readModels, await fill(side, 10))
    await holdLive(side.database.kysely, 'counts', 400)
    await holdLive(side.database.kysely, 'hosts', 400)
    const position = await fill(side, 10)
    await expect(readModels.waitFor('counts', position, 150)).rejects.toThrow(ProjectionLagging)
    await expect(readModels.waitFor('hosts', position, 50)).rejects.toThrow(ProjectionLagging)
    expect(await total(side)).toBe(10)
    await caughtUp(readModels, position)
    expect(await total(side)).toBe(20)
  })

  test('is joined by a second instance that wants the same version', async () => {
    const side = await ReadSide.open(postgres)
    const [one, two] = [await side.started({ models: [counts()] }), await side.started({ models: [counts()] })]
    await caughtUp(one, await fill(side, 200))
    const [first, second] = await Promise.all([one.rebuild('counts'), two.rebuild('counts')])
    expect(first.build).toBe(second.build)
    expect(await total(side)).toBe(200)
    expect(await one.verify('counts')).toMatchObject({ equal: true })
  })
})

describe('verify', () => {
  test('finds a changed, a missing and an additional row, and shows both sides', async () => {
    const side = await ReadSide.open(postgres)
    const readModels = await side.started({ models: [counts()] })
    await caughtUp(readModels, await fill(side, 30))
    await side.database.pool.query(`
      update counts set reached = 7 where host_id = 'h0'; delete from counts where host_id = 'h1'; insert into counts values ('h9', 1, '')`)
    const { equal, different, differences } = await readModels.verify('counts')
    expect({ equal, different }).toEqual({ equal: false, different: 3 })
    expect(differences).toMatchObject([
      { key: 'h0', live: { reached: 7 }, rebuilt: { reached: 6 } },
      { key: 'h1', live: null, rebuilt: { reached: 6 } },
      { key: 'h9', live: { reached: 1 }, rebuilt: null },
    ])
  })

  test('holds while the log grows', async () => {
    const side = await ReadSide.open(postgres)
    const readModels = await side.started({ models: [counts()] })
    await caughtUp(readModels, await fill(side, 50))
    let isWriting = true
    const writing = (async () => {
      for (let round = 0; isWriting; round += 1) await side.append(`host-w${round}`, [reached(`h${round % 5}`)])
    })()
    for (let round = 0; round < 3; round += 1) expect(await readModels.verify('counts')).toMatchObject({ equal: true, different: 0 })
    isWriting = false
    await writing
    expect(await side.checkpoints('counts')).toHaveLength(1)
  })
})

describe('a new version', () => {
  test('is built beside the old table at start and takes its place; the old program stops writing', async () => {
    const side = await ReadSide.open(postgres)
    const old = await side.started({ models: [counts(1)] })
    await caughtUp(old, await fill(side, 20))
    const newer = await side.started({ models: [counts(2, 10)] })
    await until(async () => (await side.checkpoints('counts')).every(({ version, stage }) => version === 2 && stage === 'live'))
    const position = await side.append('host-x', [reached('x')])
    await newer.waitFor('counts', position, 5_000)
    expect(await total(side)).toBe(210)
    await until(() => statusOf(old, 'counts').state === 'superseded')
    expect(await newer.verify('counts')).toMatchObject({ equal: true })
    await expect(old.verify('counts')).rejects.toMatchObject({ name: 'CannotVerify' })
    expect(await side.checkpoints('counts')).toMatchObject([{ version: 2, stage: 'live' }])
  })

  test('with other columns: a query answers that the read model is not there yet, never with an error of the database', async () => {
    const side = await ReadSide.open(postgres)
    const readModels = await side.started({ models: [hosts] })
    await caughtUp(readModels, await side.append('host-1', [sample('HostRegistered')]))
    await side.database.pool.query('alter table hosts drop column reachable')
    await expect(readModels.queries.hosts.list()).rejects.toThrow(ProjectionLagging)
  })
})

test('a table that was dropped is made again from the log', async () => {
  const side = await ReadSide.open(postgres)
  const first = await side.started({ models: [counts()] })
  const position = await fill(side, 10)
  await caughtUp(first, position)
  await first.stop()
  await side.database.pool.query('drop table counts')
  await caughtUp(await side.started({ models: [counts()] }), position)
  expect(await total(side)).toBe(10)
})

test('what is not there is refused by name', async () => {
  const side = await ReadSide.open(postgres)
  const readModels = await side.started({ models: [counts()] })
  await expect(readModels.rebuild('nothing')).rejects.toThrow(UnknownProjection)
  await expect(readModels.verify('nothing')).rejects.toThrow('there is no projection nothing')
  await expect(readModels.waitFor('nothing', 1n, 1)).rejects.toThrow(UnknownProjection)
})

test('migrating back to empty takes the tables of read models too', async () => {
  const side = await ReadSide.open(postgres)
  const readModels = await side.started()
  await caughtUp(readModels, await fill(side, 3))
  await readModels.stop()
  await side.database.migrateToEmpty()
  const { rows } = await side.database.pool.query('select relname from pg_class where relnamespace = $1::regnamespace and relkind = $2', [
    side.database.namespace,
    'r',
  ])
  expect(rows.map(({ relname }) => relname).filter((name) => !String(name).startsWith('migrations'))).toEqual([])
})

/** Live events come through only when the promise is fulfilled; the log itself can be read at any time. */
const deliveringAfter = (release: Promise<void>, store: EventStore): EventStore => ({
  ...store,
  async *subscribe(options) {
    for await (const item of store.subscribe(options)) {
      if ('type' in item) await release
      yield item
    }
  },
})

async function fill(side: ReadSide, events: number): Promise<bigint> {
  let position = 0n
  for (let index = 0; index < events; index += 10) {
    const batch = Array.from({ length: Math.min(10, events - index) }, (_, each) => reached(`h${(index + each) % 5}`))
    position = await side.append(`host-${randomUUID()}`, batch)
  }
  return position
}

const latest = (positions: readonly bigint[]): bigint => positions.toSorted((a, b) => (a < b ? 1 : -1))[0] ?? 0n

const statusOf = (readModels: ReadModels, name: string) => {
  const status = readModels.status().find((each) => each.name === name)
  if (!status) throw new RangeError(name)
  return status
}

function brokenWhile(isBroken: (event: RecordedEvent) => boolean): Codec {
  const codec = createCodec()
  return {
    encode: codec.encode,
    decode(event) {
      if (isBroken(event)) throw new UndecodableEvent({ event, says: 'the program is broken' })
      return codec.decode(event)
    },
  }
}
