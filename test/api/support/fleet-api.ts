/**
 * The API over one log with everything real that needs no process and no database: commands, operations and their runner, history, events,
 * configuration, discovery. A fleet that does at once what it is asked stands in for the supervisor; read models are folded at each question.
 */

import { createAttempt } from '../../../src/commands/operator/attempts.ts'
import { createUndoCommand } from '../../../src/commands/operator/undo-command.ts'
import type { ScannedFile } from '../../../src/domain/ports/config-scan.ts'
import type { ServerEvent } from '../../../src/domain/server/events.ts'
import { createMemoryProjections } from '../../../src/projections/memory-projections.ts'
import { operations } from '../../../src/projections/operations.ts'
import { createServerPast } from '../../../src/projections/server-past.ts'
import { serverTools } from '../../../src/projections/server-tools.ts'
import { createBulkBench } from '../../commands/fleet/bulk-bench.ts'
import { failed, tool } from '../../domain/server/given.ts'
import { collection, type Model } from './collection.ts'
import { configurationDesk } from './configuration-desk.ts'
import { ADMIN_KEY, eventsOf, testApi } from './test-api.ts'
import { usageOf } from './usage.ts'

const noUsage = { calls: 0, errors: 0, durationUs: 0, lastCallAt: null }

export type Answer = Readonly<{ status: number; headers: Headers; body: unknown }>

/** `files`: what a scan finds. */
export async function fleetApi({ files = [] }: Readonly<{ files?: readonly ScannedFile[] }> = {}) {
  const bench = createBulkBench()
  bench.fleet()
  bench.start()
  const { store, codec } = bench
  const tools = { ...bench, attempt: createAttempt(bench), byName: new Map() }
  const serverPast = createServerPast({ eventStore: store, codec })
  const { configuration, begun } = configurationDesk(files, bench)
  await begun
  const model: Model = { position: 0n }
  const folded = <Name extends 'operations' | 'server-tools'>(name: Name) => {
    const past = createMemoryProjections([operations, serverTools])
    for (const event of bench.all()) past.apply(event)
    return past.rows(name)
  }
  const all = async () => (await serverPast.list('now', { limit: 500, situation: 'all' })).items
  const named = new Map<string, string>()
  const toolRows = async () => {
    const names = new Map((await all()).map(({ serverId, name }) => [serverId, name]))
    return folded('server-tools').map((row) => ({ ...row, server: names.get(row.serverId) ?? '', usage: noUsage }))
  }
  const api = testApi({}, (application) => ({
    ...application,
    events: store,
    commands: { ...application.commands, ...bench.servers, ...bench.commands, undoCommand: createUndoCommand(tools) },
    serverPast,
    configuration,
    queries: {
      ...application.queries,
      events: eventsOf(store, model),
      usage: usageOf(model, () => named.get('first') ?? ''),
      operations: {
        list: async (options) => collection(model, [...folded('operations')], ({ operationId }) => operationId).list(options),
        show: async (id) => collection(model, [...folded('operations')], ({ operationId }) => operationId).show(id),
      },
      serverSelection: async ({ ids }) => {
        const rows = await all()
        const items = (ids ?? rows.map(({ serverId }) => serverId)).map((id) => ({
          id,
          name: rows.find(({ serverId }) => serverId === id)?.name ?? null,
        }))
        return { value: items, position: model.position }
      },
      servers: {
        list: (options) => serverPast.list('now', options),
        show: async (id) => collection(model, [...(await all())], ({ serverId }) => serverId).show(id),
      },
      serverTools: {
        list: async (options) =>
          collection(
            model,
            await toolRows(),
            ({ toolId }) => toolId,
            (row, filter: Readonly<{ serverId?: string | undefined }>) => filter.serverId === undefined || row.serverId === filter.serverId,
          ).list(options),
        show: async (id) => collection(model, await toolRows(), ({ toolId }) => toolId).show(id),
      },
    },
  }))

  const send = async (
    method: string,
    path: string,
    { json, key = ADMIN_KEY, headers = {} }: Readonly<{ json?: object; key?: string; headers?: Readonly<Record<string, string>> }> = {},
  ): Promise<Answer> => {
    const response = await api.request(path, { method, key, headers, ...(json === undefined ? {} : { json }) })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
  }
  const transport = { command: 'npx', args: ['-y', '@modelcontextprotocol/server-everything@2026.8.31'] }
  const register = async (name: string, more: object = {}): Promise<string> => {
    const { status, body } = await send('POST', '/api/v1/servers', { json: { name, transport, autoStart: false, ...more } })
    const id = typeof body === 'object' && body !== null && 'id' in body ? String(body.id) : ''
    if (status !== 201) throw new Error(`${name} was not registered: ${JSON.stringify(body)}`)
    named.set(name, id)
    return id
  }

  return {
    ...bench,
    api,
    send,
    register,
    /** Its run ends with code 1. */
    async fails(serverId: string): Promise<void> {
      const began = (await bench.events(`server-${serverId}`)).findLast(({ type }) => type === 'ServerStarting')
      const runId = began?.type === 'ServerStarting' ? began.data.runId : ''
      const crash = failed({ wasRunning: true, failedStarts: 0, crashes: 1 }, runId, bench.clock.now())
      await bench.given(`server-${serverId}`, { type: 'ServerFailed', data: { ...crash.data, serverId } } as ServerEvent)
    },
    /** It offers a tool `add` from now on. */
    async offersAdd(serverId: string): Promise<void> {
      const catalogue: ServerEvent = {
        type: 'ToolCatalogChanged',
        data: { serverId, added: [tool('add', 'a'.repeat(64))], removed: [], changed: [], taken: ['add'], at: bench.clock.now() },
      }
      await bench.given(`server-${serverId}`, catalogue)
    },
  }
}
