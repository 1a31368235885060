/** Operations on many servers over HTTP, with the real commands and the real runner: what is asked, what it comes to, and what it never claims. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { fleetApi } from './support/fleet-api.ts'
import { roleKeys } from './support/test-api.ts'

const operation = z.looseObject({
  state: z.string(),
  items: z.array(
    z.looseObject({
      id: z.string(),
      name: z.string().nullable(),
      state: z.string(),
      rule: z.string().nullable(),
      commandId: z.string().nullable(),
    }),
  ),
  progress: z.looseObject({ total: z.number(), completed: z.number() }),
})
const because = { reason: 'because' }

async function aFleet(...names: readonly string[]) {
  const fleet = await fleetApi()
  const ids: string[] = []
  for (const name of names) ids.push(await fleet.register(name))
  const bulk = async (verb: string, json: object, headers: Readonly<Record<string, string>> = {}) => {
    const answer = await fleet.send('POST', `/api/v1/servers/bulk/${verb}`, { json: { ...json, ...because }, headers })
    await fleet.rest()
    return answer
  }
  const ended = async ({ headers }: Awaited<ReturnType<typeof bulk>>) =>
    operation.parse((await fleet.send('GET', headers.get('location') ?? '')).body)
  const server = async (id: string) => (await fleet.send('GET', `/api/v1/servers/${id}`)).body
  return { ...fleet, ids, bulk, ended, server }
}

test('the answer is an operation and where to find it; it ends with a result for each server', async () => {
  const { ids, bulk, ended, server } = await aFleet('a', 'b')
  const answer = await bulk('start', { ids })
  expect(answer).toMatchObject({ status: 202, body: { operationId: expect.any(String), position: expect.any(String) } })
  expect(await ended(answer)).toMatchObject({ state: 'succeeded', progress: { total: 2, completed: 2, succeeded: 2 } })
  for (const id of ids) expect(await server(id)).toMatchObject({ state: 'running' })
})

test.each(['start', 'stop', 'restart', 'enable', 'disable', 'delete'])(
  '%s of many with one that is not there is partly done, and never more',
  async (verb) => {
    const { ids, bulk, ended } = await aFleet('a')
    const { state, items } = await ended(await bulk(verb, { ids: [...ids, 'nobody'] }))
    expect(state).toBe('partly')
    expect(items.map(({ name, state: is, rule }) => [name, is, rule])).toStrictEqual([
      ['a', 'succeeded', null],
      [null, 'failed', 'server-not-registered'],
    ])
  },
)

test('the same Idempotency-Key is the same operation, and another body with it is refused', async () => {
  const { ids, bulk, count } = await aFleet('a')
  const key = { 'idempotency-key': 'restart-of-tonight' }
  const [first, again] = [await bulk('restart', { ids }, key), await bulk('restart', { ids }, key)]
  expect(again.body).toEqual(first.body)
  expect(count('ServerRestartRequested')).toBe(1)
  expect(await bulk('stop', { ids }, key)).toMatchObject({ status: 422, body: { error: { code: 'IDEMPOTENCY_MISMATCH' } } })
})

test('what was done to one server of many is taken back by the command of that server, until somebody decides something else', async () => {
  const { ids, bulk, ended, send, server } = await aFleet('a', 'b')
  const { items } = await ended(await bulk('disable', { ids }))
  const [a = '', b = ''] = items.map(({ commandId }) => commandId ?? '')
  expect(await send('POST', `/api/v1/commands/${a}/undo`, { json: because })).toMatchObject({ status: 200 })
  expect([await server(ids[0] ?? ''), await server(ids[1] ?? '')]).toMatchObject([{ enabled: true }, { enabled: false }])
  await send('POST', `/api/v1/servers/${ids[1]}/enable`)
  expect(await send('POST', `/api/v1/commands/${b}/undo`, { json: because })).toMatchObject({
    status: 409,
    body: { error: { code: 'CHANGED_SINCE' } },
  })
})

test('a preview says what each would answer, and asks nobody', async () => {
  const { ids, send, count } = await aFleet('a')
  const json = { ids: [...ids, 'nobody'], ...because }
  expect(await send('POST', '/api/v1/servers/bulk/start/preview', { json })).toMatchObject({
    status: 200,
    body: {
      items: [
        { name: 'a', wouldRecord: ['ServerStartRequested'] },
        { name: null, rule: 'server-not-registered' },
      ],
      rule: null,
    },
  })
  expect(count('OperationStarted')).toBe(0)
})

test('ids or a filter, and who may not ask for many is refused before anything is', async () => {
  const { ids, send, bulk, count } = await aFleet('a')
  for (const wrong of [{}, { ids, filter: {} }, { ids: [] }]) expect(await bulk('stop', wrong)).toMatchObject({ status: 422 })
  for (const key of [roleKeys.viewer, roleKeys.operator]) {
    expect(await send('POST', '/api/v1/servers/bulk/stop', { json: { ids, ...because }, key })).toMatchObject({ status: 403 })
  }
  expect(count('OperationStarted')).toBe(0)
})

test('who may not ask for many cancels no operation on many, and is let through to the upgrade that he may begin', async () => {
  const { ids, bulk, send, rest } = await aFleet('a')
  const { headers } = await bulk('start', { ids })
  const key = roleKeys.operator
  const cancel = (path: string) => send('POST', `${path}/cancel`, { json: because, key })
  expect(await cancel(headers.get('location') ?? '')).toMatchObject({
    status: 403,
    body: { error: { details: { needs: 'mcp:bulk_operations' } } },
  })
  expect(await cancel('/api/v1/operations/nobody')).toMatchObject({ status: 404 })
  const upgrade = await send('POST', `/api/v1/servers/${ids[0]}/upgrade`, { json: { version: '2026.9.1', ...because }, key })
  expect(upgrade).toMatchObject({ status: 202 })
  await rest()
  // It has ended by then, here where nothing can be tried: that is said by the command itself.
  expect(await cancel(upgrade.headers.get('location') ?? '')).toMatchObject({
    status: 409,
    body: { error: { code: 'OPERATION_NOT_RUNNING' } },
  })
})

test('an operation that has ended is not cancelled, and says so', async () => {
  const { ids, bulk, send } = await aFleet('a')
  const { headers } = await bulk('start', { ids })
  expect(await send('POST', `${headers.get('location')}/cancel`, { json: because })).toMatchObject({
    status: 409,
    body: { error: { code: 'OPERATION_NOT_RUNNING' } },
  })
})
