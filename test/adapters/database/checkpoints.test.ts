/** A claim runs for one instance at a time, from the place it thinks it is at, and moves the checkpoint only when the work succeeded. */
import { expect, test } from 'vitest'
import { createCheckpoints } from '../../../src/adapters/database/checkpoints.ts'
import { withPostgres } from './support.ts'

const postgres = withPostgres()

test('without a checkpoint there is none; a claim from nowhere makes it, and moves it', async () => {
  const checkpoints = createCheckpoints((await postgres.database()).kysely)
  expect(await checkpoints.load('healer')).toBeUndefined()
  expect(await checkpoints.claim('healer', undefined, async () => 7n)).toBe('done')
  expect(await checkpoints.load('healer')).toBe(7n)
  expect(await checkpoints.claim('healer', 7n, async () => 9_007_199_254_740_993n)).toBe('done')
  expect(await checkpoints.load('healer')).toBe(9_007_199_254_740_993n)
  expect(await checkpoints.load('other')).toBeUndefined()
})

test('a claim from another place is told that it moved, and runs nothing', async () => {
  const checkpoints = createCheckpoints((await postgres.database()).kysely)
  await checkpoints.claim('healer', undefined, async () => 7n)
  for (const from of [undefined, 6n, 8n]) {
    expect(await checkpoints.claim('healer', from, () => Promise.reject(new Error('must not run')))).toBe('moved')
  }
  expect(await checkpoints.load('healer')).toBe(7n)
})

test('while one works, others are told at once that it is busy, and other names are free', async () => {
  const namespace = postgres.namespace()
  const [one, other] = [await postgres.database(namespace), await postgres.database(namespace)].map(({ kysely }) =>
    createCheckpoints(kysely),
  )
  const started = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<bigint>()
  const working = one?.claim('healer', undefined, () => {
    started.resolve()
    return finish.promise
  })
  await started.promise
  expect(await other?.claim('healer', undefined, async () => 1n)).toBe('busy')
  expect(await other?.claim('watcher', undefined, async () => 1n)).toBe('done')
  expect(await other?.load('healer')).toBeUndefined()
  finish.resolve(5n)
  expect(await working).toBe('done')
  expect(await other?.load('healer')).toBe(5n)
})

test('of many who claim at the same moment one does the work', async () => {
  const namespace = postgres.namespace()
  const instances = await Promise.all(Array.from({ length: 4 }, () => postgres.database(namespace)))
  let runs = 0
  const claims = instances.flatMap(({ kysely }) =>
    Array.from({ length: 4 }, () =>
      createCheckpoints(kysely).claim('healer', undefined, async () => {
        runs += 1
        return 3n
      }),
    ),
  )
  const outcomes = await Promise.all(claims)
  expect(runs).toBe(1)
  expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1)
})

test('work that fails leaves the checkpoint where it was, and free', async () => {
  const checkpoints = createCheckpoints((await postgres.database()).kysely)
  await checkpoints.claim('healer', undefined, async () => 7n)
  await expect(checkpoints.claim('healer', 7n, () => Promise.reject(new Error('the work failed')))).rejects.toThrow('the work failed')
  expect(await checkpoints.load('healer')).toBe(7n)
  expect(await checkpoints.claim('healer', 7n, async () => 8n)).toBe('done')
})

test('a claim whose session dies moves nothing, and the next instance takes over at once', async () => {
  const namespace = postgres.namespace()
  const [dying, next] = [await postgres.database(namespace), await postgres.database(namespace)]
  const claim = createCheckpoints(dying.kysely).claim('healer', undefined, async () => {
    await next.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction' and application_name = 'steward database'`,
    )
    return 5n
  })
  await expect(claim).rejects.toThrow()
  const checkpoints = createCheckpoints(next.kysely)
  expect(await checkpoints.load('healer')).toBeUndefined()
  expect(await checkpoints.claim('healer', undefined, async () => 6n)).toBe('done')
})
