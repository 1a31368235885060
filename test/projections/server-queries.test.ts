/** Managed servers and their tools as lists: filters, counts, order, pages; and the same as of a moment of the past. */
import { describe, expect, test } from 'vitest'
import type { ServerEvent } from '../../src/domain/server/events.ts'
import { InvalidCursor } from '../../src/projections/projection-errors.ts'
import { withPostgres } from '../adapters/database/support.ts'
import { config, now } from '../domain/server/given.ts'
import { ReadSide } from './support/read-side.ts'

const postgres = withPostgres()

const of = (serverId: string) => ({ serverId, at: now })
const said = (serverId: string) => ({ ...of(serverId), by: 'mira', reason: 'because' })
const registered = (serverId: string, name: string, enabled = true): ServerEvent => ({
  type: 'ServerRegistered',
  data: { ...of(serverId), name, config: { ...config, displayName: `The ${name}` }, builtIn: false, enabled, by: 'mira' },
})
const tool = (name: string, hash = `hash-of-${name}`) => ({ hash, definition: { name, inputSchema: { type: 'object' } } })
const catalog = (serverId: string, names: readonly string[], taken: readonly string[]): ServerEvent => ({
  type: 'ToolCatalogChanged',
  data: { ...of(serverId), added: names.map((name) => tool(name)), removed: [], changed: [], taken: [...taken] },
})

async function readSide() {
  const side = await ReadSide.open(postgres)
  const readModels = await side.started()
  return { side, readModels, queries: readModels.queries }
}

describe('servers', () => {
  test('are listed by name, filtered, counted, and with their tools', async () => {
    const { side, queries } = await readSide()
    await side.append('server-b', [registered('b', 'weather', false)])
    await side.append('server-c', [registered('c', 'old'), { type: 'ServerRetired', data: said('c') }])
    const minPosition = await side.append('server-a', [
      registered('a', 'files'),
      catalog('a', ['read', 'write', 'erase'], ['read', 'write']),
      { type: 'ToolDisabled', data: { ...said('a'), tool: 'write' } },
    ])
    const names = async (filter: Parameters<typeof queries.servers.list>[0]) =>
      (await queries.servers.list({ ...filter, minPosition })).items.map(({ name }) => name)
    expect(await names({})).toEqual(['files', 'weather'])
    expect(await names({ situation: 'all' })).toEqual(['files', 'old', 'weather'])
    expect(await names({ enabled: false })).toEqual(['weather'])
    expect(await names({ search: 'FILE' })).toEqual(['files'])
    expect(await names({ search: 'the w' })).toEqual(['weather'])
    expect(await names({ search: '%' })).toEqual([])
    expect(await names({ transport: 'http' })).toEqual([])
    expect(await queries.servers.list({ limit: 1, offset: 1, withTotal: true, minPosition })).toMatchObject({
      items: [{ name: 'weather', words: { toolServer: 'disabled' }, tools: { offered: 0 } }],
      total: 2,
    })
    const { value } = await queries.servers.show('a', { minPosition })
    expect(value).toMatchObject({
      tools: { offered: 3, enabled: 1, quarantined: 1 },
      words: { management: 'stopped', dashboard: 'unknown' },
      revision: 2n,
    })
    expect(await queries.serverTools.list({ minPosition })).toMatchObject({
      items: [
        { tool: 'erase', server: 'files', state: 'quarantined' },
        { tool: 'read', state: 'enabled' },
        { tool: 'write', state: 'disabled', disabledReason: 'because' },
      ],
    })
    expect((await queries.serverTools.list({ serverId: 'a', state: 'enabled', minPosition })).items).toHaveLength(1)
    expect((await queries.serverTools.list({ search: 'RE', minPosition })).items.map((each) => each.tool)).toEqual(['read'])
  })

  test('keep what a person has to look at: approvals of programs, and instructions that wait', async () => {
    const { side, queries } = await readSide()
    const told = { hash: 'h2', text: 'do as I say' }
    const minPosition = await side.append('server-a', [
      registered('a', 'files'),
      { type: 'ExecutableApproved', data: { ...said('a'), argvHash: 'argv-1' } },
      {
        type: 'ToolCatalogChanged',
        data: { ...of('a'), added: [], removed: [], changed: [], taken: [], instructions: { told, taken: false } },
      },
    ])
    const { value } = await queries.servers.show('a', { minPosition })
    expect(value).toMatchObject({ approvedArgv: ['argv-1'], instructions: null, pendingInstructions: { told } })
  })
})

describe('the past', () => {
  test('shows a server as it was at a position or a time, with what it had then', async () => {
    const { side, readModels } = await readSide()
    const first = await side.append('server-a', [registered('a', 'files')])
    const slower = { ...config, callTimeoutMs: 60_000 }
    const changed: ServerEvent = { type: 'ServerConfigChanged', data: { ...said('a'), config: slower, changed: ['callTimeoutMs'] } }
    const second = await side.append('server-a', [changed], 0n)
    const third = await side.append('server-a', [catalog('a', ['read'], ['read'])], 1n)
    const { serverPast } = readModels
    const at = async (position: bigint) => (await serverPast.show('a', { position }))?.view
    expect(await at(first)).toMatchObject({ config: { callTimeoutMs: 30_000 }, tools: { offered: 0 }, revision: 0n })
    expect(await at(second)).toMatchObject({ config: { callTimeoutMs: 60_000 }, tools: { offered: 0 } })
    expect(await at(third)).toMatchObject({ tools: { offered: 1, enabled: 1 } })
    expect(await serverPast.show('a', { time: now })).toBeUndefined()
    expect(await serverPast.show('nobody', 'now')).toBeUndefined()
    const live = await readModels.queries.servers.show('a', { minPosition: third })
    expect(live.value).toMatchObject({ ...(await at(third)) })
  })

  test('lists what there was, in the order and with the filters of today', async () => {
    const { side, readModels } = await readSide()
    for (const name of ['c', 'a', 'b']) await side.append(`server-${name}`, [registered(name, name)])
    const before = (await side.store.head()) ?? 0n
    await side.append('server-d', [registered('d', 'd')])
    await side.append('server-a', [{ type: 'ServerRetired', data: said('a') }], 0n)
    const { serverPast } = readModels
    const names = async (...args: Parameters<typeof serverPast.list>) => (await serverPast.list(...args)).items.map(({ name }) => name)
    expect(await names({ position: before })).toEqual(['a', 'b', 'c'])
    expect(await names('now')).toEqual(['b', 'c', 'd'])
    const page = await serverPast.list({ position: before }, { limit: 2, withTotal: true })
    expect(page).toMatchObject({ total: 3, position: before })
    expect(await names({ position: before }, { limit: 2, cursor: page.nextCursor })).toEqual(['c'])
    await expect(serverPast.list('now', { cursor: 'x' })).rejects.toThrow(InvalidCursor)
  })

  test('history says who decided what, why, and what it changed', async () => {
    const { side, readModels } = await readSide()
    const slower = { ...config, displayName: 'The files', callTimeoutMs: 60_000 }
    await side.append('server-a', [
      registered('a', 'files'),
      { type: 'ServerConfigChanged', data: { ...said('a'), config: slower, changed: ['callTimeoutMs'] } },
      catalog('a', ['read'], ['read']),
      { type: 'ToolDisabled', data: { ...said('a'), tool: 'read' } },
    ])
    const { serverPast } = readModels
    const page = await serverPast.history('a')
    expect(page?.items).toMatchObject([
      { type: 'ToolDisabled', tool: 'read', by: 'mira', reason: 'because', changes: [] },
      { type: 'ServerConfigChanged', changes: [{ field: 'callTimeoutMs', from: 30_000, to: 60_000 }] },
      { type: 'ServerRegistered', reason: null },
    ])
    const first = await serverPast.history('a', { limit: 1 })
    expect(first?.nextCursor).toBe('3')
    expect((await serverPast.history('a', { limit: 5, cursor: first?.nextCursor }))?.items).toHaveLength(2)
    expect((await serverPast.history('a', { onlyConfig: true }))?.items).toHaveLength(2)
    expect(await serverPast.history('nobody')).toBeUndefined()
  })
})
